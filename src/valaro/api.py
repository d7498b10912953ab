"""The public functions: plain values in, the same code underneath as the command line's."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from valaro import saved_model
from valaro.corpora.reading import require_complete
from valaro.corpora.registry import read_kind
from valaro.errors import ValaroError, unknown_name
from valaro.extraction.extract import extract as extract_features
from valaro.features.table import asked_features
from valaro.files import checked_path
from valaro.model import ExportedModel
from valaro.prediction import predictor
from valaro.records import DIMENSIONS, CorpusNote, Dimension, TimelineSegment, Utterance
from valaro.store.feature_store import FeatureStore

if TYPE_CHECKING:
    from valaro.evaluation.folds import Fold
    from valaro.evaluation.scores import Scores
    from valaro.training.config import TrainConfig
    from valaro.training.trained_model import TrainedModel


def read_corpus(kind: str, path: str | Path, *, strict: bool = True, **options: object) -> tuple[Utterance, ...]:
    """Read a corpus from a folder or file; kinds and their options are those of `valaro read`.

    Raises:
        ValaroError: not all that the corpus has could be read; with `strict=False` the rest is returned.
    """
    reading = read_kind(kind, checked_path(path, "path"), options)
    return (require_complete(reading, str(path)) if strict else reading).utterances


def extract(
    utterances: Sequence[Utterance],
    names: Sequence[str],
    *,
    to: str | Path,
    workers: int = 1,
    notes: Sequence[CorpusNote] = (),
) -> FeatureStore:
    """Extract features into the folder `to` (again to resume) and open it; what failed is in `.problems`.

    `notes` are what every page made from a corpus must say about it. `dface` is computed by the packaged network of
    faces, `"dface=RUN"` by your own: a run folder of `valaro train-face-network`.
    """
    folder = checked_path(to, "to")
    wanted, network = asked_features([names] if isinstance(names, str) else names)
    extract_features(utterances, wanted, to=folder, workers=workers, notes=notes, network=network)
    return FeatureStore.open(folder)


def train(
    model: str,
    features: FeatureStore,
    fold: Fold,
    unlabelled: Sequence[Utterance] = (),
    *,
    dimension: Dimension,
    seed: int = 0,
    names: Sequence[str] | None = None,
    config: TrainConfig | str = "default",
) -> TrainedModel:
    """Train any model that settings can name, as `FSBase`, `MSSGAN`, `LR` or `auto`, on a fold and an unlabelled set.

    `names` are the features to use (default: all of the store); recordings of held-out people, sessions or files in
    `unlabelled` are left out. A single-modality model needs one feature: `SSGAN:face`. Rows that do not match their
    checksums are refused. `auto` trains five models and returns the one that validation likes best.

    Raises:
        ValaroError: an unknown name, or nothing to learn from: a semi-supervised model needs unlabelled recordings.
    """
    from valaro.experiments.choice import most_liked
    from valaro.training.config import PRESETS
    from valaro.training.durations import expected, slow_words
    from valaro.training.methods import all_model_specs, choices
    from valaro.training.train import train_model

    if dimension not in DIMENSIONS:
        raise unknown_name("dimension", dimension, DIMENSIONS)
    if isinstance(config, str):
        if config not in PRESETS:
            raise unknown_name("preset", config, PRESETS)
        config = PRESETS[config]
    chosen = features.names if names is None else [names] if isinstance(names, str) else names
    for name in chosen:
        if name not in features.names:
            raise unknown_name(f"feature in store '{features.path}'", name, features.names)
    model_specs = all_model_specs([model], chosen)
    if len(model_specs) != 1 and not choices([model], chosen):
        raise ValaroError(
            f"model '{model}' runs on one feature: choose with '{model}:NAME' or names=[NAME], "
            f"NAME one of {', '.join(spec.features[0] for spec in model_specs)}"
        )
    used = sorted({name for spec in model_specs for name in spec.features})
    features.verify((u.id for u in (*fold.train, *fold.validation, *unlabelled)), used)
    for slow in slow_words([expected(spec, features, config) for spec in model_specs]):
        warnings.warn(slow, stacklevel=2)
    trainings = [
        train_model(spec, features, fold, unlabelled, dimension=dimension, seed=seed, config=config)
        for spec in model_specs
    ]
    return most_liked([(training, training.validation_uar) for training in trainings]).winner.model


def score(model: TrainedModel | ExportedModel, features: FeatureStore, utterances: Sequence[Utterance]) -> Scores:
    """Score a model on labelled utterances of people it has never met; on others it refuses."""
    from valaro.evaluation.scores import score as score_predictions
    from valaro.training.trained_model import TrainedModel, predict_utterances

    in_torch = TrainedModel.of(model) if isinstance(model, ExportedModel) else model
    rated = [utterance for utterance in utterances if utterance.is_labelled(model.dimension)]
    return score_predictions(predict_utterances(in_torch, features, rated))


def predict_stream(model: TrainedModel | ExportedModel, recording: str | Path) -> Iterator[TimelineSegment]:
    """Yield what the model says about a recording of any length, a segment for each 0.64 s."""
    return predictor.predict_stream(_exported(model), Path(recording))


def save_model(model: TrainedModel | ExportedModel, folder: str | Path) -> None:
    """Write a model to a folder, whole or not at all, without pickle; `model.onnx` in it is for other programs."""
    path = checked_path(folder, "folder")
    saved_model.save_model(_exported(model), path)


def load_model(folder: str | Path) -> ExportedModel:
    """Read a model that `save_model` wrote."""
    return saved_model.load_model(checked_path(folder, "folder"))


def _exported(model: TrainedModel | ExportedModel) -> ExportedModel:
    return model if isinstance(model, ExportedModel) else model.exported()
