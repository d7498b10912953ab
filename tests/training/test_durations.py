"""How long a training takes on a processor is said beforehand, where that is long."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import valaro
from helpers.features import an_utterance, make_store
from valaro.errors import ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.store.feature_store import FeatureStore
from valaro.training.config import DEFAULT, PAPER, TrainConfig
from valaro.training.durations import expected, slow_words
from valaro.training.methods import model_specs

GPU = replace(PAPER, schedule=replace(PAPER.schedule, device="cuda"))
NARROW = replace(PAPER, width=0.5, schedule=replace(PAPER.schedule, batch_size=32))


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return make_store(tmp_path / "store", {"c/a": {"fbank": np.zeros((3, 128)), "dface": np.zeros((3, 342))}})


@pytest.mark.parametrize(
    ("model", "config", "seconds"),
    [
        # 20,000 updates of 49.5 s, as measured.
        ("MSSGAN", PAPER, 990_000),
        # One batch of five goes through the classifier; of 470 channels the voice has 128.
        ("MFSBase", PAPER, 198_000),
        ("SSGAN:fbank", PAPER, 990_000 * 128 / 470),
        # Half as wide is a quarter of the work, and half a batch half of that.
        ("MSSGAN", NARROW, 123_750),
        ("LR", PAPER, 0),
        ("MSSGAN", GPU, 0),
        ("MSSGAN", DEFAULT, 0),
    ],
)
def test_the_estimate_is_updates_times_the_stated_rate(
    store: FeatureStore, model: str, config: TrainConfig, seconds: float
) -> None:
    (spec,) = model_specs(model, ["fbank", "dface"])
    assert expected(spec, store, config).seconds == pytest.approx(seconds)


def test_the_paper_on_a_processor_is_a_warning_of_days_and_of_all_together(store: FeatureStore) -> None:
    fused, linear = (model_specs(name, ["fbank", "dface"])[0] for name in ("MSSGAN", "LR"))
    (words,) = slow_words([expected(fused, store, PAPER)] * 10 + [expected(linear, store, PAPER)] * 10)
    # 990,000 s are 11.5 days, ten of them 114.6.
    assert "MSSGAN trains for about 11 days (20,000 updates of about 49.5 s" in words
    assert "all 20 trainings one after the other: about 115 days" in words
    assert 'training.device = "cuda"' in words


def test_nothing_is_said_of_what_takes_minutes(store: FeatureStore) -> None:
    (fused,) = model_specs("MSSGAN", ["fbank", "dface"])
    assert slow_words([expected(fused, store, config) for config in (DEFAULT, GPU)]) == ()
    assert slow_words([]) == ()


def test_the_python_interface_warns_before_it_trains(store: FeatureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise ValaroError("nothing trains here")

    monkeypatch.setattr("valaro.training.train.train_model", stop)
    people = [an_utterance(f"{s}{g}", speaker=f"{s}{g}", session=s, gender=g) for s in "12" for g in "FM"]
    fold = leave_one_session_out(people)[0]
    with (
        pytest.warns(UserWarning, match=r"on a processor MSSGAN trains for about 11 days"),
        pytest.raises(ValaroError, match="nothing trains here"),
    ):
        valaro.train("MSSGAN", store, fold, dimension="valence", config="paper")
