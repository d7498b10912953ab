"""The file of a network of faces: what is not one is refused before anything in it runs."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from helpers.faces import SMALL, a_network, some_faces
from helpers.media import real_recordings
from valaro.dface.votes import EXPRESSIONS
from valaro.errors import StoreError, ValaroError
from valaro.features.crop_network import CropNetwork
from valaro.features.densenet_graph import DenseShape, array_shapes
from valaro.features.face_network import (
    FACE_NETWORK,
    Dface,
    Expressions,
    checked_network,
    network_content,
    packaged_face_network,
    read_face_network,
)
from valaro.features.face_rows import FaceRows
from valaro.features.protocols import FaceFeature
from valaro.features.table import asked_features, feature_by_name
from valaro.media.crops import read_crop
from valaro.tensorfile import tensor_bytes

Weights = dict[str, np.ndarray]


def _weights() -> Weights:
    return load(a_network().content)


def _refused(content: bytes) -> str:
    """Return why the content is refused, which no graph may have been built for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("valaro.features.face_network.densenet_graph", lambda _: pytest.fail("it ran", pytrace=False))
        with pytest.raises(StoreError) as caught:
            checked_network(content, "made here")
    return str(caught.value)


def test_dface_is_the_networks_features_under_the_networks_checksum(tmp_path: Path) -> None:
    network = a_network()
    feature = feature_by_name("dface", network)
    assert isinstance(feature, FaceFeature)
    crops = some_faces(5).crops
    assert (feature.name, feature.dim, feature.version) == ("dface", SMALL.features, f"1-{network.checksum}")
    np.testing.assert_array_equal(feature(crops), network.features(crops))
    assert feature_by_name("dface", a_network(seed=1)).version != feature.version
    (tmp_path / "network.safetensors").write_bytes(network.content)
    for path in (tmp_path, tmp_path / "network.safetensors"):
        assert read_face_network(path) == network


def test_expressions_are_the_networks_probabilities_and_cost_no_second_run(monkeypatch: pytest.MonkeyPatch) -> None:
    network = a_network()
    feature = feature_by_name("expressions", network)
    assert isinstance(feature, FaceFeature)
    assert (feature.name, feature.dim, feature.version) == ("expressions", len(network.classes), network.version)
    crops = some_faces(3).crops
    expected = a_network().features(crops), a_network().probabilities(crops)
    np.testing.assert_allclose(expected[1].sum(axis=1), 1.0, atol=1e-6)
    runs: list[int] = []
    run = CropNetwork._run_parts
    monkeypatch.setattr(CropNetwork, "_run_parts", lambda self, some: (runs.append(len(some)), run(self, some))[1])
    rows = FaceRows([Dface(network), Expressions(network)], 0.0)
    rows.push(crops, np.array([0.0, 0.04, 0.08]))
    for features, values in zip(rows.finish(12), expected, strict=True):
        np.testing.assert_array_equal(features, np.repeat(values, 4, axis=0))
    assert runs == [3]
    assert feature_by_name("expressions").dim == 8


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
    with pytest.raises(ValaroError, match="'face=run': only dface and expressions come from a network"):
        asked_features(["face=run"])
    with pytest.raises(ValaroError, match="2 networks of faces"):
        asked_features(["dface=a", "dface=b"])


def test_a_file_that_is_not_there_or_no_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"network.safetensors: there is no such file.*train-face-network"):
        read_face_network(tmp_path)
    for content in (b"no network at all", b"", b"\x08" + bytes(15)):
        (tmp_path / "network.safetensors").write_bytes(content)
        with pytest.raises(StoreError, match=r"network.safetensors: no safetensors file, or a damaged one"):
            read_face_network(tmp_path)
    (tmp_path / "network.safetensors").write_bytes(save({"x": np.zeros(1)}))
    with pytest.raises(StoreError, match="without the notes of valaro"):
        read_face_network(tmp_path)
    with (tmp_path / "network.safetensors").open("wb") as out:
        out.truncate(65 << 20)
    with pytest.raises(StoreError, match="no network of faces: 68,157,440 bytes, expected at most 67,108,864"):
        read_face_network(tmp_path)


def test_a_network_of_an_older_version_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "network.onnx").write_bytes(b"as it was")
    for path in (tmp_path, tmp_path / "network.onnx"):
        with pytest.raises(StoreError, match=r"network.onnx: a network of faces that an older version of valaro made"):
            read_face_network(path)


def test_a_pipe_or_an_address_in_the_place_of_a_network_is_named_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "network.safetensors")
    for path in (tmp_path, tmp_path / "network.safetensors"):
        with pytest.raises(StoreError, match=r"network\.safetensors: is a pipe, expected a file"):
            read_face_network(path)
    with pytest.raises(StoreError, match="is an address on the internet, and nothing is fetched from there"):
        read_face_network(Path("https://example.org/network.safetensors"))


def _without_a_layer(weights: Weights) -> None:
    del weights["stages.1.squeeze.weight"]


def _with_another_array(weights: Weights) -> None:
    weights["../../etc/passwd"] = np.zeros(1, np.float32)


def _of_another_size(weights: Weights) -> None:
    weights["stages.0.squeeze.weight"] = weights["stages.0.squeeze.weight"][:, :-1]


def _of_another_type(weights: Weights) -> None:
    weights["norm.bias"] = weights["norm.bias"].astype(np.int64)


def _not_finite(weights: Weights) -> None:
    weights["classify.weight"][0, 0] = np.nan


def _negative_variance(weights: Weights) -> None:
    weights["norm.running_var"][0] = -1


def _no_spread(weights: Weights) -> None:
    weights["std"] = np.float32(0.0).reshape(())


def _one_class(weights: Weights) -> None:
    weights["classify.weight"] = weights["classify.weight"][:1]


def _empty_first_layer(weights: Weights) -> None:
    weights["first.weight"] = np.zeros((0, 1, 3, 3), np.float32)


def _no_first_layer(weights: Weights) -> None:
    del weights["first.weight"]


def _too_many_features(weights: Weights) -> None:
    weights["first.weight"] = np.zeros((1 << 14, 1, 1, 1), np.float32)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_without_a_layer, "no array 'stages.1.squeeze.weight'"),
        (_with_another_array, "an array '../../etc/passwd' that no such network has"),
        (_of_another_size, "'stages.0.squeeze.weight' is float32 of [8, 3, 1, 1]; expected float32 of [8, 4, 1, 1]"),
        (_of_another_type, "'norm.bias' is int64 of [4]; expected float32 of [4]"),
        (_not_finite, "'classify.weight' has numbers that are not finite"),
        (_negative_variance, "'norm.running_var' has numbers below zero"),
        (_no_spread, "'std' is not above zero"),
        (_one_class, "'classify.weight' is float32 of [1, 4]; expected float32 of [2, 4]"),
        (_empty_first_layer, "0 features of 2 classes; expected 1 to 4096"),
        (_no_first_layer, "0 features of 2 classes"),
        (_too_many_features, "features of 2 classes; expected 1 to 4096"),
    ],
)
def test_arrays_of_another_network_are_refused_before_it_runs(harm: Callable[[Weights], None], words: str) -> None:
    weights = _weights()
    harm(weights)
    # Even with the right checksum: who can change a file can write that too.
    why = _refused(network_content(weights, ["down", "up"]))
    assert why.startswith("made here is no network of faces that valaro can use: ")
    assert words in why
    assert len(why) < 1000


def test_a_small_file_whose_layers_grow_without_end_is_refused_before_it_runs() -> None:
    # 300 bottlenecks a block of growth 1: few weights, but each layer copies all that came before at 32 x 32 pixels.
    shape = DenseShape(growth=1, depth=6 * 300 + 4)
    weights = {name: np.ones(size, np.float32) for name, size in array_shapes(shape, 2).items()}
    content = network_content(weights, ["down", "up"])
    assert len(content) < 16 << 20
    assert f"{shape.numbers():,} numbers for one face; expected at most 67,108,864" in _refused(content)
    assert shape.numbers() > 3 * 1024 * 300 * 150


def test_a_weight_changed_on_disk_is_noticed() -> None:
    content = bytearray(a_network().content)
    content[-1] ^= 1
    assert "does not match its checksum, it is damaged or was changed: train it again" in _refused(bytes(content))


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ("{", "notes of valaro in it are damaged"),
        ("{}", "notes of valaro in it are damaged"),
        ("[1]", "notes of valaro in it are damaged"),
        ('{"version": "1", "checksum": "0", "classes": ["a"]}', "of version '1', expected '2': train it again"),
        ('{"version": "2", "checksum": "0", "classes": ["a"]}', "does not match its checksum"),
        ('{"version": "2", "checksum": 0, "classes": ["a"]}', "does not match its checksum"),
    ],
)
def test_notes_that_make_no_sense_are_refused(notes: str, words: str) -> None:
    assert words in _refused(save(_weights(), {"valaro_face_network": notes}))


@pytest.mark.parametrize("classes", [[], "ab", None, [1]])
def test_classes_that_make_no_sense_are_refused(classes: object) -> None:
    content, _ = tensor_bytes(FACE_NETWORK, _weights(), {"classes": classes})
    assert "made here: the notes of valaro in it are damaged (the list of classes" in _refused(content)


def test_a_file_cut_short_or_with_a_byte_changed_is_refused_at_every_place() -> None:
    content = a_network().content
    for length in range(0, len(content), max(1, len(content) // 200)):
        _refused(content[:length])
        _refused(content[:length] + bytes([content[length] ^ 0x55]) + content[length + 1 :])


def test_the_same_network_is_the_same_file_and_its_checksum_that_of_its_arrays() -> None:
    named, renamed = (network_content(_weights(), classes) for classes in (["a", "b"], ["c", "d"]))
    assert named != renamed
    assert checked_network(named, "a").checksum == checked_network(renamed, "c").checksum
    assert a_network().content == a_network().content


def test_many_faces_are_judged_in_parts_and_none_is_no_mistake() -> None:
    network = a_network()
    crops = some_faces(130).crops
    assert network.probabilities(crops[:0]).shape == (0, 2)
    judged = network.probabilities(crops)
    np.testing.assert_array_equal(judged[126:], network.probabilities(crops[126:]))
    np.testing.assert_allclose(judged.sum(axis=1), 1, atol=1e-6)
