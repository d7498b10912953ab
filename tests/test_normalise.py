"""Which statistics scale the unlabelled set: the four choices of the paper's Fig. 7."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.features import an_utterance, make_store, toy_corpus
from valaro.evaluation.folds import leave_one_session_out
from valaro.normalise import Normalisation, far_corpora, fit_scales, speaker_scales
from valaro.records import Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.config import DEFAULT
from valaro.training.methods import model_specs
from valaro.training.train import train_model

HOME = an_utterance("a", speaker="01")
HOME_POOL = an_utterance("b", speaker="02", level=None)
FOREIGN = an_utterance("c", speaker="03", corpus="far", level=None)


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    rows = {HOME: [1.0, 3.0], HOME_POOL: [3.0, 5.0], FOREIGN: [20.0, 28.0]}
    return make_store(tmp_path / "store", {u.id: {"fbank": np.array(values)[:, None]} for u, values in rows.items()})


def _scaled(store: FeatureStore, utterance: Utterance, normalisation: Normalisation) -> list[float]:
    scales = fit_scales(store, [HOME], [HOME_POOL, FOREIGN], ["fbank"], normalisation=normalisation)
    used = (scales.of if utterance is HOME else scales.of_unlabelled)(utterance)["fbank"]
    return ((store.values(utterance.id, "fbank")[:, 0] - used.mean) / used.deviation).round(3).tolist()


@pytest.mark.parametrize(
    ("normalisation", "home", "home_pool", "foreign"),
    [
        ("none", [-1, 1], [3, 5], [20, 28]),
        ("self", [-1, 1], [-1, 1], [-1, 1]),
        ("shift", [-1, 1], [1, 3], [18, 26]),
        ("auto", [-1, 1], [1, 3], [-1, 1]),
        ("combine", [-0.880, -0.684], [-0.684, -0.489], [0.977, 1.760]),
    ],
)
def test_the_pool_is_scaled_as_asked_for(
    store: FeatureStore, normalisation: Normalisation, home: list[float], home_pool: list[float], foreign: list[float]
) -> None:
    for utterance, expected in ((HOME, home), (HOME_POOL, home_pool), (FOREIGN, foreign)):
        np.testing.assert_allclose(_scaled(store, utterance, normalisation), expected, atol=2e-3)


def test_a_corpus_that_stays_far_off_is_found(store: FeatureStore) -> None:
    pool = [HOME_POOL, FOREIGN]
    shifted = fit_scales(store, [HOME], pool, ["fbank"], normalisation="shift")
    assert far_corpora(store, pool, shifted, ["fbank"]) == [("far", "fbank", pytest.approx(22.0))]
    by_itself = fit_scales(store, [HOME], pool, ["fbank"], normalisation="self")
    assert far_corpora(store, pool, by_itself, ["fbank"]) == []
    by_speaker = replace(shifted, speakers=speaker_scales(store, pool, ["fbank"]))
    assert far_corpora(store, pool, by_speaker, ["fbank"]) == []


def test_training_warns_of_a_pool_that_lies_far_off(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=4)
    foreign = [an_utterance(f"f{n}", speaker=f"f{n}", corpus="far", level=None) for n in range(4)]
    features |= {u.id: {"fbank": np.random.default_rng(0).normal(size=(200, 16)) + 50} for u in foreign}
    store = make_store(tmp_path / "store", features)
    config = replace(DEFAULT, normalisation="shift", schedule=replace(DEFAULT.schedule, steps=4, batch_size=4))

    def raised(model: str) -> list[tuple[str, ...]]:
        (spec,) = model_specs(model, ["fbank"])
        fold = leave_one_session_out(utterances)[0]
        training = train_model(spec, store, fold, foreign, dimension="valence", seed=0, config=config)
        return [alarm.about for alarm in training.alarms if alarm.kind == "distant_corpus"]

    assert raised("SSGAN") == [("far", "fbank")]
    # Who learns from labels alone need not care.
    assert raised("FSBase") == []
