"""Scores agree with numbers worked out by hand, and with scikit-learn where no levels tie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score

from valaro.errors import ValaroError
from valaro.evaluation.scores import bookings, confusion_matrix, join_predictions, metric_of, score
from valaro.records import Predictions


def judged(truth: list[set[int]], predicted: list[int]) -> Predictions:
    return Predictions(
        ids=tuple(f"c/{k}" for k in range(len(truth))),
        speakers=tuple("p/a" for _ in truth),
        probabilities=np.eye(3)[predicted] * 0.7 + 0.1,
        correct=np.array([[level in levels for level in range(3)] for levels in truth]),
    )


def test_a_hand_worked_matrix_gives_its_scores():
    # rows: low 2 of 3, medium 1 of 2, high 1 of 1; columns: low 2 of 2, medium 1 of 2, high 1 of 2
    predictions = judged([{0}, {0}, {0}, {1}, {1}, {2}], [0, 0, 1, 1, 2, 2])
    assert confusion_matrix(predictions).tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    found = score(predictions)
    uar, mean_precision = (2 / 3 + 1 / 2 + 1) / 3, (1 + 1 / 2 + 1 / 2) / 3
    assert found.uar == pytest.approx(uar, abs=1e-15)
    assert found.map == pytest.approx(mean_precision, abs=1e-15)
    assert found.f1 == pytest.approx(2 * uar * mean_precision / (uar + mean_precision), abs=1e-15)
    assert found.macro_f1 == pytest.approx((4 / 5 + 2 / 4 + 2 / 3) / 3, abs=1e-15)
    assert found.recalls == pytest.approx((2 / 3, 1 / 2, 1))
    assert (found.count, found.absent) == (6, ())


def test_a_tied_hit_is_booked_where_it_was_predicted_and_a_tied_miss_is_split():
    predictions = judged([{0, 1}, {0, 1}, {0, 1, 2}], [1, 2, 0])
    assert confusion_matrix(predictions).tolist() == [[1, 0, 0.5], [0, 1, 0.5], [0, 0, 0]]
    assert score(predictions).uar == pytest.approx(2 / 3)


def test_a_level_nobody_had_is_named_and_left_out_of_the_uar():
    found = score(judged([{0}, {0}, {2}], [0, 2, 2]))
    assert found.absent == ("medium",)
    assert np.isnan(found.recalls[1])
    assert found.uar == pytest.approx((1 / 2 + 1) / 2)
    assert found.map == pytest.approx((1 + 1 / 2) / 2)


def test_a_present_level_never_predicted_counts_as_precision_zero():
    assert score(judged([{0}, {1}, {2}], [0, 0, 2])).map == pytest.approx((1 / 2 + 0 + 1) / 3)


def test_all_wrong_scores_zero_and_not_nan():
    found = score(judged([{0}, {1}, {2}], [1, 2, 0]))
    assert (found.uar, found.map, found.f1, found.macro_f1) == (0, 0, 0, 0)


@settings(max_examples=100)
@given(st.integers(1, 40).flatmap(lambda n: hnp.arrays(int, (2, n), elements=st.integers(0, 2))))
# scikit-learn warns of levels that only one side has, or of a single level: the very cases under test
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_without_ties_every_score_is_scikit_learns_to_1e_12(levels: np.ndarray):
    truth, predicted = levels.tolist()
    found = score(judged([{level} for level in truth], predicted))
    assert abs(found.uar - balanced_accuracy_score(truth, predicted)) < 1e-12
    assert abs(found.map - precision_score(truth, predicted, average="macro", zero_division=0)) < 1e-12
    assert abs(found.macro_f1 - f1_score(truth, predicted, average="macro", zero_division=0)) < 1e-12


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.sets(st.integers(0, 2), min_size=1), st.integers(0, 2)), min_size=1, max_size=30),
)
def test_every_utterance_adds_exactly_one_to_the_matrix(pairs: list[tuple[set[int], int]]):
    booked = bookings(judged([truth for truth, _ in pairs], [level for _, level in pairs]))
    assert np.abs(booked.sum((1, 2)) - 1).max() < 1e-12
    assert booked.min() >= 0


def test_many_matrices_score_as_each_alone():
    matrices = np.array([[[2, 1, 0], [0, 1, 1], [0, 0, 1]], [[0, 3, 0], [0, 0, 0], [1, 0, 2]]], dtype=float)
    for metric in ("uar", "map", "f1", "macro_f1"):
        assert metric_of(matrices, metric).tolist() == [metric_of(one[None], metric)[0] for one in matrices]


def test_joined_predictions_keep_their_order():
    joined = join_predictions([judged([{0}], [0]), judged([{1}, {2}], [1, 0])])
    assert joined.ids == ("c/0", "c/0", "c/1")
    assert joined.correct.argmax(1).tolist() == [0, 1, 2]


def test_what_cannot_be_scored_is_refused_with_its_reason():
    with pytest.raises(ValaroError, match="the test set is empty"):
        score(judged_nothing())
    with pytest.raises(ValaroError, match="expected at least one fold"):
        join_predictions([])
    with pytest.raises(ValaroError, match=r"1 of 2 predictions have no level that counts as right, the first is c/1"):
        score(judged([{0}, set()], [0, 0]))
    broken = judged([{0}, {1}], [0, 1])
    broken.probabilities[0, 2] = np.nan
    with pytest.raises(ValaroError, match=r"not finite numbers, the first is c/0"):
        score(broken)


def judged_nothing() -> Predictions:
    return Predictions(ids=(), speakers=(), probabilities=np.zeros((0, 3)), correct=np.zeros((0, 3), dtype=bool))
