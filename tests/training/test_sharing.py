"""One training that serves both directions of a session gives what two would."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.features import make_store, toy_corpus
from valaro.errors import ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.training.config import DEFAULT
from valaro.training.methods import METHODS, model_specs
from valaro.training.train import train_folds, train_model
from valaro.training.training_data import prepare

QUICK = replace(
    DEFAULT, width=0.25, schedule=replace(DEFAULT.schedule, steps=12, batch_size=8, evaluate_every=3, patience=2)
)


@pytest.mark.parametrize("name", sorted(name for name, method in METHODS.items() if method.is_shared))
def test_both_directions_at_once_equal_each_alone(tmp_path: Path, name: str) -> None:
    utterances, features = toy_corpus(per_level=3, unlabelled=2, strength=0.4)
    store = make_store(tmp_path / "store", features)
    folds = leave_one_session_out(utterances, directions="both")[:2]
    spec = model_specs(name, ["fbank", "face"])[0]
    config = replace(QUICK, normalise_speakers=True)
    data = prepare(spec, store, folds, utterances, dimension="valence", seed=1, config=config)
    together = train_folds(spec, data, seed=1, config=config)
    assert together[0].model.acquainted != together[1].model.acquainted
    for fold, shared in zip(folds, together, strict=True):
        alone = train_model(spec, store, fold, utterances, dimension="valence", seed=1, config=config)
        assert shared.history == alone.history
        assert shared.best_step == alone.best_step
        ours, theirs = shared.model.classifier.state_dict(), alone.model.classifier.state_dict()
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
        for feature in spec.features:
            np.testing.assert_array_equal(shared.model.scale[feature].mean, alone.model.scale[feature].mean)


def test_folds_that_hold_out_others_cannot_share(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=3)
    store = make_store(tmp_path / "store", features)
    folds = leave_one_session_out(utterances)[:2]
    with pytest.raises(ValaroError, match="cannot share a training: they hold out others"):
        prepare(
            model_specs("FSBase:face", ["fbank", "face"])[0],
            store,
            folds,
            (),
            dimension="valence",
            seed=0,
            config=QUICK,
        )
