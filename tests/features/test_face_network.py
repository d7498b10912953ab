"""The file of a network of faces: what is not one is refused before anything in it runs."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, load_model_from_string

from making_faces import SMALL, a_network, some_faces
from making_media import real_recordings
from valaro.corpora.ferplus import EXPRESSIONS
from valaro.errors import StoreError, ValaroError
from valaro.features import face_network
from valaro.features.dface import Dface
from valaro.features.face_rows import FaceRows
from valaro.features.network_file import checked_network, graph_checksum, read_face_network, seal
from valaro.features.packaged_network import packaged_face_network
from valaro.features.protocols import FaceFeature
from valaro.features.table import asked_features, feature_by_name
from valaro.media.still import read_crop

FACTS = {"classes": ["down", "up"]}


def _model() -> ModelProto:
    return load_model_from_string(a_network().content)


def test_dface_is_the_networks_features_under_the_networks_checksum(tmp_path: Path) -> None:
    network = a_network()
    feature = feature_by_name("dface", network)
    assert isinstance(feature, FaceFeature)
    crops = some_faces(5).crops
    assert (feature.name, feature.dim, feature.version) == ("dface", SMALL.features, f"1-{network.checksum}")
    np.testing.assert_array_equal(feature(crops), network.features(crops))
    assert feature_by_name("dface", a_network(seed=1)).version != feature.version
    (tmp_path / "network.onnx").write_bytes(network.content)
    for path in (tmp_path, tmp_path / "network.onnx"):
        assert read_face_network(path) == network


def test_a_crop_has_the_same_features_in_any_company() -> None:
    crops = some_faces(40).crops
    network = a_network()
    together = network.features(crops)
    np.testing.assert_array_equal(network.features(crops[7:9]), together[7:9])


def test_a_row_of_the_grid_has_the_features_of_the_last_picture() -> None:
    crops = some_faces(3).crops
    feature = Dface(a_network())
    rows = FaceRows([feature], 0.0)
    (first,), (rest,) = rows.push(crops, np.array([0.0, 0.04, 0.08])), rows.finish(12)
    held = np.concatenate([first, rest])
    np.testing.assert_array_equal(held, feature(crops)[[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]])


def test_who_uses_no_such_network_loads_none_of_its_packages() -> None:
    code = "import sys, valaro.extraction, valaro.prediction.predictor, valaro.saved_model, valaro.recordings\n"
    code += "print(sorted({'onnx', 'onnxruntime', 'google.protobuf', 'ml_dtypes'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_without_another_network_dface_is_the_packaged_one() -> None:
    feature, network = feature_by_name("dface"), packaged_face_network()
    assert (feature.dim, feature.version) == (342, f"1-{network.checksum}")
    assert network.classes == EXPRESSIONS
    half_black = np.zeros((1, 64, 64), np.uint8)
    half_black[:, :, 32:] = 255
    assert np.isfinite(feature(half_black)).all()
    np.testing.assert_allclose(network.probabilities(half_black).sum(), 1, rtol=1e-5)


@pytest.mark.recordings
def test_the_packaged_network_knows_the_expressions_of_pictures_it_never_saw() -> None:
    """The first 80 test pictures on which at least eight of ten agree; all: benchmarks/ferplus_accuracy.py."""
    folder = real_recordings("ferplus")
    if not folder.is_dir():
        pytest.skip("no FERPlus beside the project")
    with (folder / "fer2013new.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["Usage"] == "PrivateTest" and row["Image name"]]
    clear = [row for row in rows if max(int(row[name]) for name in EXPRESSIONS) >= 8][:80]
    truth = np.array([[int(row[name]) for name in EXPRESSIONS] for row in clear]).argmax(axis=1)
    crops = np.stack([read_crop(folder / "FER2013Test" / row["Image name"]) for row in clear])
    said = packaged_face_network().probabilities(crops).argmax(axis=1)
    assert (said == truth).mean() >= 0.9


def test_the_network_is_named_with_the_feature() -> None:
    assert asked_features(["fbank", "face"]) == (("fbank", "face"), None)
    assert asked_features(["dface = runs/a=b", "face"]) == (("dface", "face"), Path("runs/a=b"))
    with pytest.raises(ValaroError, match="'face=run': only dface is computed by a network"):
        asked_features(["face=run"])
    with pytest.raises(ValaroError, match="2 networks for dface"):
        asked_features(["dface=a", "dface=b"])


def test_a_file_that_is_not_there_or_no_onnx_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"network.onnx: there is no such file.*train-face-network"):
        read_face_network(tmp_path)
    (tmp_path / "network.onnx").write_bytes(b"no network at all")
    with pytest.raises(StoreError, match=r"network.onnx: no ONNX file, or a damaged one"):
        read_face_network(tmp_path)
    (tmp_path / "network.onnx").write_bytes(b"")
    with pytest.raises(StoreError, match="without the notes of valaro"):
        read_face_network(tmp_path)
    with (tmp_path / "network.onnx").open("wb") as out:
        out.truncate(65 << 20)
    with pytest.raises(StoreError, match="no network of faces: 68,157,440 bytes, expected at most 67,108,864"):
        read_face_network(tmp_path)


def test_a_pipe_or_an_address_in_the_place_of_a_network_is_named_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "network.onnx")
    for path in (tmp_path, tmp_path / "network.onnx"):
        with pytest.raises(StoreError, match=r"network\.onnx: is a pipe, expected a file"):
            read_face_network(path)
    with pytest.raises(StoreError, match="is an address on the internet, and nothing is fetched from there"):
        read_face_network(Path("https://example.org/network.onnx"))


def _external(model: ModelProto) -> None:
    tensor = model.graph.initializer[3]
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    tensor.ClearField("raw_data")


def _external_attribute(model: ModelProto) -> None:
    tensor = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.0])
    tensor.data_location = TensorProto.EXTERNAL
    model.graph.node.append(helper.make_node("Constant", [], ["extra"], value=tensor))


def _loop(model: ModelProto) -> None:
    body = helper.make_graph([helper.make_node("Identity", ["c"], ["d"])], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["crops", "crops"], ["forever"], body=body))


def _foreign(model: ModelProto) -> None:
    model.graph.node[5].domain = "com.microsoft"


def _own_operators(model: ModelProto) -> None:
    model.functions.append(
        helper.make_function("mine", "Relu", ["x"], ["y"], [helper.make_node("Loop", ["x"], ["y"])], [])
    )


def _another_input(model: ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def _another_size(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 48


def _another_type(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def _no_features(model: ModelProto) -> None:
    del model.graph.output[0]


def _too_many_features(model: ModelProto) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1 << 20


def _too_few_classes(model: ModelProto) -> None:
    model.graph.output[1].type.tensor_type.shape.dim[1].dim_value = 1


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_external, "weights in other files; expected all in this one"),
        (_external_attribute, "weights in other files"),
        (_loop, "operators Loop; expected"),
        (_foreign, "operators BatchNormalization; expected"),
        (_own_operators, "it brings operators of its own"),
        (_another_input, "inputs crops, more and outputs features, probabilities; expected crops"),
        (_another_size, r"crops of \(0, 48, 64\); expected any number of 64x64 bytes"),
        (_another_type, "crops of"),
        (_no_features, "outputs probabilities; expected"),
        (_too_many_features, r"features of \(0, 1048576\)"),
        (_too_few_classes, r"probabilities of \(0, 1\); expected a row a crop of 2 numbers"),
    ],
)
def test_a_model_of_another_kind_is_refused_before_it_runs(
    monkeypatch: pytest.MonkeyPatch, harm: Callable[[ModelProto], None], words: str
) -> None:
    model = _model()
    harm(model)
    # Even one that carries the right checksum: who can change a file can write that too.
    model.metadata_props[0].value = json.dumps(
        {"version": "1", "checksum": graph_checksum(model) if harm is not _external else "0" * 16, **FACTS}
    )
    monkeypatch.setattr(face_network, "_session", lambda _: pytest.fail("it ran", pytrace=False))
    with pytest.raises(StoreError, match=f"made here is no network of faces that valaro can use: .*{words}"):
        checked_network(model.SerializeToString(), "made here")


def _channels_that_do_not_fit(model: ModelProto) -> None:
    # The first convolution's output goes into the last layers, which expect 4 channels of another kind.
    model.graph.node[-3].input[0] = model.graph.node[0].output[0]


def _an_input_that_nobody_makes(model: ModelProto) -> None:
    model.graph.node[4].input[0] = "nobody"


def _weights_of_another_size(model: ModelProto) -> None:
    model.graph.initializer[3].dims[0] += 1


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_channels_that_do_not_fit, "its layers do not fit together"),
        (_an_input_that_nobody_makes, "its layers do not fit together|layers of no known size"),
        (_weights_of_another_size, "its checksum is wrong"),
    ],
)
def test_layers_that_do_not_fit_together_are_a_message(harm: Callable[[ModelProto], None], words: str) -> None:
    model = _model()
    harm(model)
    checksum = "0" * 16 if harm is _weights_of_another_size else graph_checksum(model)
    model.metadata_props[0].value = json.dumps({"version": "1", "checksum": checksum, **FACTS})
    with pytest.raises(StoreError, match=words):
        checked_network(model.SerializeToString(), "made here")


def _double(model: ModelProto, times: int) -> None:
    """Put a layer's output behind itself again and again: 60 bytes a time for twice the numbers."""
    for number in range(times):
        before = "x0" if number == 0 else f"double{number - 1}"
        model.graph.node.append(helper.make_node("Concat", [before, before], [f"double{number}"], axis=1))


def test_a_small_file_whose_layers_grow_without_end_is_refused_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    model = _model()
    _double(model, 25)
    model.metadata_props[0].value = json.dumps({"version": "1", "checksum": graph_checksum(model), **FACTS})
    monkeypatch.setattr(face_network, "_session", lambda _: pytest.fail("it ran", pytrace=False))
    # 64 x 64 pixels, doubled 25 times: over 2 * 4096 * 2^25 = 2.7 * 10^11 numbers in all.
    with pytest.raises(StoreError, match=r"27\d,\d{3},\d{3},\d{3} numbers for one face; expected at most 67,108,864"):
        checked_network(model.SerializeToString(), "made here")


def test_a_weight_changed_on_disk_is_noticed() -> None:
    model = _model()
    tensor = model.graph.initializer[4]
    tensor.raw_data = bytes([tensor.raw_data[0] ^ 1]) + tensor.raw_data[1:]
    with pytest.raises(StoreError, match="its checksum is wrong: damaged, or changed by another program"):
        checked_network(model.SerializeToString(), "made here")


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ("{", "notes of valaro in it are damaged"),
        ("{}", "notes of valaro in it are damaged"),
        ('{"version": "2", "checksum": "0", "classes": ["a"]}', "of version '2', expected '1': train it again"),
        ('{"version": "1", "checksum": "0", "classes": []}', "no classes, or no checksum"),
        ('{"version": "1", "checksum": "0", "classes": "ab"}', "no classes, or no checksum"),
        ('{"version": "1", "checksum": 0, "classes": ["a"]}', "no classes, or no checksum"),
    ],
)
def test_notes_that_make_no_sense_are_refused(notes: str, words: str) -> None:
    model = _model()
    model.metadata_props[0].value = notes
    with pytest.raises(StoreError, match=words):
        checked_network(model.SerializeToString(), "made here")


@pytest.mark.parametrize(
    ("name", "words"), [("Softmax", "operators b'"), ("probabilities", "and outputs features, b'")]
)
def test_a_name_that_is_no_text_any_more_is_damage_like_any_other(name: str, words: str) -> None:
    content = a_network().content
    assert name.encode() in content
    # Invalid UTF-8, which the parser hands over as bytes.
    damaged = content.replace(name.encode(), b"\xff" + name[1:].encode())
    with pytest.raises(StoreError) as caught:
        checked_network(damaged, "here")
    assert words in str(caught.value)


def test_a_file_cut_short_is_refused_at_every_length() -> None:
    content = a_network().content
    for length in range(0, len(content), max(1, len(content) // 200)):
        with pytest.raises(StoreError):
            checked_network(content[:length], "made here")


def test_the_same_network_is_the_same_file_and_notes_do_not_change_its_checksum() -> None:
    model = _model()
    one, other = seal(model, {**FACTS, "mean": 1.0}), seal(model, {**FACTS, "mean": 2.0})
    assert (one == other, checked_network(one, "one").checksum == checked_network(other, "other").checksum) == (
        False,
        True,
    )
    assert a_network().content == a_network().content


def test_many_faces_are_judged_in_parts_and_none_is_no_mistake() -> None:
    network = a_network()
    crops = some_faces(130).crops
    assert network.probabilities(crops[:0]).shape == (0, 2)
    judged = network.probabilities(crops)
    np.testing.assert_array_equal(judged[126:], network.probabilities(crops[126:]))
    np.testing.assert_allclose(judged.sum(axis=1), 1, atol=1e-6)
