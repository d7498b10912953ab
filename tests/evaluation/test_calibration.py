"""Calibration: errors and temperatures worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valaro.errors import ValaroError
from valaro.evaluation.calibration import (
    COLDEST,
    HOTTEST,
    calibration_error,
    cross_entropy,
    fit_temperature,
    reliability,
    with_temperature,
)
from valaro.records import Predictions


def answers(probabilities: list[list[float]], right: list[list[int]]) -> Predictions:
    correct = np.zeros((len(right), 3), dtype=bool)
    for row, levels in enumerate(right):
        correct[row, levels] = True
    return Predictions(
        ids=tuple(f"c/{k}" for k in range(len(right))),
        speakers=("p/a",) * len(right),
        probabilities=np.array(probabilities, dtype=float).reshape(-1, 3),
        correct=correct,
    )


SURE = [0.9, 0.05, 0.05]
HALF = [0.1, 0.55, 0.35]
TEN = answers([SURE] * 4 + [HALF] * 6, [[0]] * 2 + [[1]] * 2 + [[1]] * 3 + [[2]] * 2 + [[0]])
"""Four answers of 90 %, two of them right; six of 55 %, three right."""


def test_the_error_is_the_mean_distance_of_confidence_and_accuracy() -> None:
    # 0.4 of the answers are off by 0.9 - 0.5, 0.6 by 0.55 - 0.5.
    assert calibration_error(TEN) == pytest.approx(0.4 * 0.4 + 0.6 * 0.05)
    assert [(one.low, one.count, one.accuracy) for one in reliability(TEN)] == [(0.5, 6, 0.5), (0.9, 4, 0.5)]


def test_a_certain_answer_lies_in_the_last_bin_and_a_tie_is_right_either_way() -> None:
    certain = answers([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0, 1], [0, 1]])
    (one,) = reliability(certain)
    assert (one.low, one.confidence, one.accuracy, one.count) == (0.9, 1.0, 1.0, 2)
    assert calibration_error(certain) == 0.0


def test_the_cross_entropy_of_a_tie_counts_both_levels_half() -> None:
    found = cross_entropy(answers([SURE, HALF], [[0, 1], [1]]))
    assert found == pytest.approx((-(np.log(0.9) + np.log(0.05)) / 2 - np.log(0.55)) / 2)


def test_the_temperature_of_two_levels_is_the_ratio_of_their_log_odds() -> None:
    # Says 9 to 1 and is right three times in four, of 3 to 1: T = log 9 / log 3 = 2 (of the third level a trace).
    found = answers([[0.9, 0.1, 0.0]] * 4, [[0], [0], [0], [1]])
    assert fit_temperature(found) == pytest.approx(2.0, rel=1e-4)
    assert with_temperature(found, 2.0).probabilities[0] == pytest.approx([0.75, 0.25, 0.0], abs=1e-5)
    # Says 3 to 1 and is right nine times in ten: half the temperature.
    modest = answers([[0.75, 0.25, 0.0]] * 10, [[0]] * 9 + [[1]])
    assert fit_temperature(modest) == pytest.approx(0.5, rel=1e-4)


def test_where_all_is_right_or_all_is_wrong_the_temperature_stays_in_its_bounds() -> None:
    assert fit_temperature(answers([SURE] * 3, [[0]] * 3)) == COLDEST
    assert fit_temperature(answers([SURE] * 3, [[1]] * 3)) == HOTTEST
    # Even odds say nothing at any temperature.
    assert np.isfinite(fit_temperature(answers([[1 / 3, 1 / 3, 1 / 3]], [[1]])))


def test_nothing_to_calibrate_is_an_error() -> None:
    with pytest.raises(ValaroError, match="no predictions"):
        reliability(answers([], []))
    with pytest.raises(ValaroError, match="no validation answers"):
        fit_temperature(answers([], []))


rows = st.lists(
    st.tuples(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda x: sum(x) > 0.1), st.integers(0, 2)),
    min_size=1,
    max_size=12,
)


@given(rows)
def test_a_fitted_temperature_changes_no_answer_and_never_costs_entropy(found: list[tuple[list[float], int]]) -> None:
    told = answers([[x / sum(p) for x in p] for p, _ in found], [[level] for _, level in found])
    mended = with_temperature(told, fit_temperature(told))
    assert np.isfinite(mended.probabilities).all()
    assert mended.probabilities.sum(axis=1) == pytest.approx(1.0)
    before = told.probabilities
    # What was ahead stays ahead, or draws level within what a float holds.
    best = before.argmax(axis=1)
    assert (mended.probabilities.max(axis=1) - mended.probabilities[np.arange(len(best)), best] < 1e-9).all()
    assert cross_entropy(mended) <= cross_entropy(told) + 1e-6
