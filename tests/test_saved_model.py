"""Models on disk: the same answers, nothing executed, damage noticed."""

import json
import os
import pickle  # noqa: TID251 - to make the bomb that must be refused
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import valaro
from helpers.features import make_store, toy_corpus
from valaro.errors import StoreError
from valaro.evaluation.folds import leave_one_session_out
from valaro.records import CorpusNote
from valaro.saved_model import load_model, save_model
from valaro.training.config import DEFAULT
from valaro.training.trained_model import TrainedModel, predict_utterances

# Nothing unlabelled is there, on purpose.
QUICK = replace(
    DEFAULT,
    width=0.125,
    averaged_bands=1,
    max_unlabelled=0,
    schedule=replace(DEFAULT.schedule, steps=4, evaluate_every=2),
)


@pytest.fixture
def model(tmp_path: Path) -> TrainedModel:
    utterances, features = toy_corpus(per_level=2)
    store = make_store(tmp_path / "store", features, (CorpusNote(corpus="toy", text="made up"),))
    return valaro.train("MSSGAN", store, leave_one_session_out(utterances)[0], dimension="arousal", config=QUICK)


def test_a_model_read_back_gives_the_same_answers(model: TrainedModel, tmp_path: Path) -> None:
    save_model(model.exported(), tmp_path / "model")
    second_view = TrainedModel.of(load_model(tmp_path / "model"))
    utterances, features = toy_corpus(per_level=2)
    store = make_store(tmp_path / "again", features)
    fold = leave_one_session_out(utterances)[0]
    first, second = (predict_utterances(one, store, fold.test) for one in (model, second_view))
    assert (first.probabilities == second.probabilities).all()
    assert (second_view.label, second_view.dimension, second_view.features) == ("MSSGAN", "arousal", ("face", "fbank"))
    assert second_view.acquainted == model.acquainted
    assert second_view.notes == (CorpusNote(corpus="toy", text="made up"),)


def test_a_model_that_sees_faces_picture_by_picture_still_does_so_when_read_back(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=2)
    store = make_store(tmp_path / "store", features)
    fold = leave_one_session_out(utterances)[0]
    config = replace(QUICK, face_rate="native")
    trained = valaro.train("MSSGAN", store, fold, dimension="arousal", config=config)
    save_model(trained.exported(), tmp_path / "model")
    shape = load_model(tmp_path / "model").shape
    assert {m.name: shape.frames_of(m) for m in shape.modalities} == {"fbank": 64, "face": 32}
    told = predict_utterances(TrainedModel.of(load_model(tmp_path / "model")), store, fold.test)
    assert told.probabilities.sum(axis=1) == pytest.approx(np.ones(len(fold.test)))


def test_a_pickle_in_place_of_the_weights_is_refused_and_not_run(model: TrainedModel, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    folder = tmp_path / "model"
    save_model(model.exported(), folder)
    (folder / "weights.safetensors").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(StoreError, match=r"no safetensors file, or a damaged one .*: copy the model again"):
        load_model(folder)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: (f / "model.json").unlink(), "no model in"),
        (lambda f: (f / "model.json").write_text("{"), "is damaged: expected JSON"),
        (
            lambda f: (f / "model.json").write_text("[" * 100_000),
            "is damaged: expected JSON .lists nested more than 64",
        ),
        (lambda f: (f / "model.json").write_text("[]"), "is not a valaro model of version 5: train it again"),
        (
            lambda f: (f / "model.json").write_text('{"valaro_model": 99}'),
            "is not a valaro model of version 5: train it again",
        ),
        (lambda f: os.truncate(f / "weights.safetensors", 100), "no safetensors file, or a damaged one"),
        (lambda f: _flip_last_byte(f / "weights.safetensors"), "does not match its checksum.*: copy the model again"),
        (lambda f: _change(f, "weights", to="0"), "weights.safetensors' is not that of 'model.json' beside it"),
    ],
)
def test_damage_is_named(model: TrainedModel, tmp_path: Path, change, words: str) -> None:
    save_model(model.exported(), tmp_path / "model")
    change(tmp_path / "model")
    with pytest.raises(StoreError, match=words):
        load_model(tmp_path / "model")


def _flip_last_byte(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def _change(folder: Path, *path: str | int, to: object) -> None:
    facts = json.loads((folder / "model.json").read_text())
    inner = facts
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    (folder / "model.json").write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("shape", "width"), 1e308, r"the model.shape.width is 1e\+308, expected less than or equal to 16"),
        (("shape", "width"), 16.0, "its weights are not those of the network that it describes"),
        (
            ("shape", "averaged_frames"),
            10**9,
            "the model.shape.averaged_frames is 1000000000, expected 1, 2 or 4",
        ),
        (("shape", "averaged_frames"), 2.5, "the model.shape.averaged_frames is 2.5, expected 1, 2 or 4"),
        (
            ("shape", "modalities", 0, "averaged"),
            0,
            r"modalities\[0\].averaged is 0, expected greater than or equal to 1",
        ),
        (("shape", "modalities", 0, "averaged"), 100, "channels averaged of 100, expected 1 to"),
        (("shape", "modalities", 0, "held"), 0, r"modalities\[0\].held is 0, expected greater than or equal to 1"),
        (
            ("shape", "modalities", 0, "dim"),
            10**12,
            r"modalities\[0\].dim is 1000000000000, expected less than or equal to 16384",
        ),
        (("shape", "modalities"), [], "the model.shape.modalities is .*at least 1 item"),
        (("shape", "classes"), 10**9, "levels: a number of 1000000000, expected 3"),
        (("shape", "layout"), "cube", "unknown layout 'cube'"),
        (("features",), ["fbank", "fbank"], "its features fbank, fbank are not those of its network"),
        (("features",), 5, "the model.features is 5, expected a list"),
        (("label",), 5, "the model.label is 5, expected text"),
        (("label",), "\ud800", "the model: invalid json"),
        (("dimension",), "x", "the model.dimension is 'x', expected 'valence'"),
        (("window", "scaling"), 1, "the model.window.scaling is 1, expected 'training'"),
        (("window", "length"), 64, "windows of 64 rows"),
        (("window", "length"), 10**12, "the model.window.length is 1000000000000, expected less than or equal to 6000"),
        (("window", "hop"), 0, "the model.window.hop is 0, expected greater than or equal to 1"),
        (("window", "overlap"), 0.5, "the model.window has an unknown 'overlap'"),
        (("temperature",), 0.0, "the model.temperature is 0.0, expected greater than or equal to 0.01"),
        (("notes",), [["toy"]], r"the model.notes\[0\] is \['toy'\], expected names with values"),
        (("more",), 1, "the model has an unknown 'more'"),
    ],
)
def test_sizes_and_kinds_that_no_model_has_are_damage_named_before_anything_is_built(
    model: TrainedModel, tmp_path: Path, path: tuple[str | int, ...], value: object, words: str
) -> None:
    save_model(model.exported(), tmp_path / "model")
    _change(tmp_path / "model", *path, to=value)
    with pytest.raises(StoreError, match=f"is damaged or was made by another version: .*{words}"):
        load_model(tmp_path / "model")


def test_weights_of_a_model_that_are_no_numbers_are_damage(model: TrainedModel, tmp_path: Path) -> None:
    with torch.no_grad():
        model.classifier.head.bias[0] = torch.nan
    save_model(model.exported(), tmp_path / "model")
    with pytest.raises(StoreError, match="its weights hold numbers that are not finite"):
        load_model(tmp_path / "model")


def test_saving_over_a_model_replaces_it_whole(model: TrainedModel, tmp_path: Path) -> None:
    save_model(model.exported(), tmp_path / "model")
    other = replace(model, label="other")
    save_model(other.exported(), tmp_path / "model")
    assert load_model(tmp_path / "model").label == "other"
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "model.json",
        "model.onnx",
        "weights.safetensors",
    ]
    np.testing.assert_array_equal(
        load_model(tmp_path / "model").weights["head.weight"], model.classifier.head.weight.detach().numpy()
    )
