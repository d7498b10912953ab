"""Over what the labelled term is normalised: the K levels (Eq. 1), and K+1 only beside a generator (Eq. 4 and 6)."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.features import make_store, toy_corpus
from valaro.evaluation.folds import leave_one_session_out
from valaro.training.config import DEFAULT, PAPER, TrainConfig
from valaro.training.methods import LINEAR, METHODS, model_specs
from valaro.training.train import train_model

NETWORKS = sorted(METHODS.keys() - LINEAR.keys())
JOINT = replace(DEFAULT, terms=replace(DEFAULT.terms, k_plus_one_softmax=True))


@pytest.mark.parametrize("config", [PAPER, JOINT], ids=["paper", "default, joint"])
@pytest.mark.parametrize("model", NETWORKS)
def test_k_plus_one_counts_only_where_something_is_generated(tmp_path: Path, model: str, config: TrainConfig) -> None:
    utterances, features = toy_corpus(per_level=2, unlabelled=1)
    store = make_store(tmp_path, features)
    spec = model_specs(model, ["fbank", "face"] if METHODS[model].fused else ["fbank"])[0]
    # A last layer of zeros: every logit is 0, K levels have 1/3 each, and with "generated" beside them 1/4.
    config = replace(
        config,
        width=1 / 64,
        averaged_bands=1,
        averaged_frames=1,
        zero_head=True,
        schedule=replace(config.schedule, steps=1, batch_size=4, evaluate_every=1),
    )
    fold = leave_one_session_out(utterances)[0]
    training = train_model(spec, store, fold, utterances, dimension="valence", seed=0, config=config)
    expected = math.log(4) if model in {"SSGAN", "MSSGAN"} else math.log(3)
    assert training.history[0].losses["labelled"] == pytest.approx(expected, abs=1e-6)
