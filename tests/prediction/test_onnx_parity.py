"""The ONNX file of a trained model is the graph of its weights and gives what torch gives, on real clips too."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import valaro
from helpers.media import real_recordings
from helpers.studies import make_study, settings_of
from valaro.evaluation.folds import Fold, leave_one_session_out
from valaro.experiments.final_model import train_final
from valaro.model import ExportedModel
from valaro.networks.graph import onnx_graph
from valaro.saved_model import load_model
from valaro.store.feature_store import FeatureStore
from valaro.training.classify import level_probabilities
from valaro.training.config import DEFAULT
from valaro.training.trained_model import TrainedModel, recordings_for

TOLERANCE = 1e-5
"""The largest difference of a probability between ONNX Runtime and torch."""

SHORT = replace(
    DEFAULT,
    width=0.125,
    max_unlabelled=0,
    schedule=replace(DEFAULT.schedule, steps=12, batch_size=6, evaluate_every=4, learning_rate=0.01),
)


@pytest.mark.parametrize("model", ["FSBase:face", "MSSGAN", "LR"])
def test_the_graph_that_train_writes_is_that_of_the_weights_beside_it(model: str, tmp_path: Path) -> None:
    changes = [f'study.models=["{model}"]', 'study.dimensions=["valence"]', "training.steps=4"]
    train_final(settings_of(make_study(tmp_path), *changes), tmp_path / "run")
    folder = tmp_path / "run" / "models" / "valence"
    saved = load_model(folder)
    written = (folder / "model.onnx").read_bytes()
    assert written == onnx_graph(saved.shape, saved.weights, temperature=saved.temperature)
    # And it is a graph that any runtime reads, with the numbers of torch.
    windows = {
        m.name: torch.randn((5, m.dim, 128), generator=torch.Generator().manual_seed(1)) for m in saved.shape.modalities
    }
    (probabilities,) = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"]).run(
        ["probabilities"], {name: values.numpy() for name, values in windows.items()}
    )
    expected = level_probabilities(TrainedModel.of(saved).classifier, windows)
    assert np.abs(np.asarray(probabilities) - expected).max() < TOLERANCE


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[FeatureStore, Fold]:
    """Return the features of twelve real clips of four people, and a fold of them."""
    corpus = real_recordings("javanese_av")
    if not (corpus / "manifest.csv").is_file():
        pytest.skip("javanese_av is not beside the project")
    folder = tmp_path_factory.mktemp("clips")
    columns = ("utterance", "file", "speaker", "gender", "session", "valence", "arousal")
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as table:
        rows = [
            ",".join(row[column] for column in columns)
            for row in csv.DictReader(table)
            if row["session"] in {"1", "2"}
            and row["sentence"] == "02"
            and row["emotion"] in {"neutral", "sad", "happy"}
        ]
    (folder / "clips.csv").write_text("\n".join([",".join(columns), *rows]) + "\n", encoding="utf-8")
    utterances = valaro.read_corpus("table", folder / "clips.csv", root=corpus, corpus="javanese")
    assert len(utterances) == 12
    store = valaro.extract(utterances, ["fbank", "face"], to=folder / "store")
    return store, leave_one_session_out(utterances)[0]


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["FSBase:fbank", "MSSGAN", "LR"])
def test_on_real_clips_onnx_runtime_gives_torch_s_probabilities(name: str, clips: tuple[FeatureStore, Fold]) -> None:
    store, fold = clips
    model = valaro.train(name, store, fold, dimension="valence", config=SHORT)
    exported: ExportedModel = model.exported()
    recordings = recordings_for(model, store, [*fold.train, *fold.validation, *fold.test])
    differences, answers = [], []
    for index in range(len(recordings)):
        starts, _ = recordings.windows(index)
        is_whole = recordings.window.weighting == "whole"
        crops = recordings.whole(index) if is_whole else recordings.cut(np.full(len(starts), index), starts)
        expected = level_probabilities(model.classifier, crops)
        probabilities = exported.probabilities({name: crop.contiguous().numpy() for name, crop in crops.items()})
        differences.append(np.abs(probabilities - expected).max())
        answers.append(expected)
    assert max(differences) < TOLERANCE
    # Clips differ: a constant answer would be the same everywhere.
    assert np.ptp(np.concatenate(answers), axis=0).max() > 0.05
