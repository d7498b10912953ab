"""Which pseudo-labels count."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.features import an_utterance, make_store, toy_corpus
from valaro.evaluation.folds import leave_one_session_out
from valaro.training.config import DEFAULT, PAPER, SelfTraining
from valaro.training.methods import METHODS, model_specs
from valaro.training.self_training import surest_by_threshold, surest_of_each_level
from valaro.training.train import train_model
from valaro.training.training_data import prepare

ANSWERS = np.array(
    [
        [0.98, 0.01, 0.01],
        [0.92, 0.04, 0.04],
        [0.95, 0.03, 0.02],
        [0.05, 0.91, 0.04],
        [0.30, 0.40, 0.30],
        [0.04, 0.05, 0.91],
    ]
)


def test_ssbase_takes_the_sure_ones_up_to_the_labelled_share_of_each_level() -> None:
    # Five are sure: three low, one medium, one high. A third of five, rounded up, is two a level: the least sure low
    # one stays out.
    chosen = surest_by_threshold(0.9)(ANSWERS, np.array([1 / 3, 1 / 3, 1 / 3]), 1.0)
    assert chosen.tolist() == [True, False, True, True, False, True]


def test_ssbase_takes_nothing_of_a_level_that_no_label_has() -> None:
    chosen = surest_by_threshold(0.9)(ANSWERS, np.array([0.5, 0.5, 0.0]), 1.0)
    assert chosen.tolist() == [True, True, True, True, False, False]


def test_ssbase_takes_nothing_where_nothing_is_sure() -> None:
    assert not surest_by_threshold(0.99)(ANSWERS, np.array([1 / 3, 1 / 3, 1 / 3]), 1.0).any()


@pytest.mark.parametrize(
    ("done", "expected"), [(1 / 3, [0, 3, 5]), (2 / 3, [0, 2, 3, 4, 5]), (1.0, [0, 1, 2, 3, 4, 5])]
)
def test_the_class_balanced_rival_takes_a_growing_share_of_each_level(done: float, expected: list[int]) -> None:
    chosen = surest_of_each_level(ANSWERS, np.ones(3) / 3, done)
    assert np.flatnonzero(chosen).tolist() == expected


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(0, 12), st.just(3)), elements=st.floats(0.01, 1.0)),
    st.floats(0.0, 0.99),
)
def test_what_is_chosen_is_sure_and_no_level_outgrows_its_share(raw: np.ndarray, threshold: float) -> None:
    answers = raw / raw.sum(axis=1, keepdims=True)
    ratio = np.array([0.5, 0.3, 0.2])
    chosen = surest_by_threshold(threshold)(answers, ratio, 1.0)
    assert (answers.max(axis=1)[chosen] >= threshold).all()
    sure = int((answers.max(axis=1) >= threshold).sum())
    counts = np.bincount(answers.argmax(axis=1)[chosen], minlength=3)
    assert (counts <= np.ceil(ratio * sure)).all()


@pytest.mark.parametrize("model", ["SSBase:fbank", "ClassBalanced"])
def test_validation_chooses_among_the_checkpoints_of_all_stages(tmp_path: Path, model: str) -> None:
    utterances, features = toy_corpus(per_level=4)
    store = make_store(tmp_path / "store", features)
    config = replace(
        DEFAULT,
        width=0.125,
        averaged_bands=1,
        labels_per_class=2,
        schedule=replace(DEFAULT.schedule, steps=4, batch_size=4, evaluate_every=2),
        self_training=SelfTraining(threshold=0.0, lr_fraction=0.5, rounds=2),
    )
    (spec,) = model_specs(model, ["fbank"])
    fold = leave_one_session_out(utterances)[0]
    training = train_model(spec, store, fold, (), dimension="valence", seed=0, config=config)
    stages = 2 if model.startswith("SSBase") else 3
    assert [point.step for point in training.history] == list(range(2, 4 * stages + 1, 2))
    best = max(training.history, key=lambda point: point.validation_uar)
    chosen = next(point for point in training.history if point.step == training.best_step)
    assert chosen.validation_uar == best.validation_uar


@pytest.mark.parametrize(
    ("model", "seen"),
    [("SSBase", 0.5), ("ClassBalanced", 0.5), ("SoftMatch", 0.5), ("SSGAN", 4.0), ("CT", 4.0), ("MeanTeacher", 4.0)],
)
def test_who_labels_the_pool_takes_it_on_the_scale_of_the_labelled_where_the_plan_leaves_it_unscaled(
    tmp_path: Path, model: str, seen: float
) -> None:
    labelled = [an_utterance(f"{s}{g}", speaker=f"{s}{g}", session=s, gender=g) for s in "12" for g in "FM"]
    pool = an_utterance("far", corpus="far", level=None)
    # Labelled recordings are 1 and 5 in turn: mean 3, deviation 2. So 4 is half a deviation above their mean.
    values = {u.id: {"fbank": np.tile([[1.0], [5.0]], (100, 4))} for u in labelled}
    store = make_store(tmp_path, values | {pool.id: {"fbank": np.full((200, 4), 4.0)}})
    fold = leave_one_session_out(labelled)[0]
    (spec,) = model_specs(model, ["fbank"])
    data = prepare(spec, store, [fold], [pool], dimension="valence", seed=0, config=PAPER)
    scale = data.scales.of_unlabelled(pool)["fbank"]
    assert ((4.0 - scale.mean) / scale.deviation).tolist() == [seen] * 4
    assert data.normalisation == ("shift" if seen == 0.5 else "none")


def test_a_pool_that_the_plan_scales_is_scaled_so_for_who_labels_it_too() -> None:
    assert [METHODS["SSBase"].unlabelled_scaling(name) for name in ("auto", "self", "shift", "combine")] == [
        "auto",
        "self",
        "shift",
        "combine",
    ]
