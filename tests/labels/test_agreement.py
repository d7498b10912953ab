"""Krippendorff's alpha against his own example."""

import pytest

from valaro.labels.agreement import krippendorff_alpha

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": 4 observers, 12 units, `.` a vote that is missing.
OBSERVERS = ("123321412...", "1233224125.3", ".33323422 51.".replace(" ", ""), "12332441251.")
UNITS = [[int(row[unit]) for row in OBSERVERS if row[unit] != "."] for unit in range(12)]


def test_the_published_example_has_its_published_alphas() -> None:
    assert krippendorff_alpha(UNITS, metric="nominal") == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(UNITS) == pytest.approx(0.849, abs=5e-4)


def test_perfect_agreement_is_1_and_what_says_nothing_has_no_alpha() -> None:
    assert krippendorff_alpha([[1, 1], [5, 5, 5]]) == 1.0
    assert krippendorff_alpha([[1], [2], []]) is None
    assert krippendorff_alpha([[3, 3], [3, 3]]) is None
    assert krippendorff_alpha([]) is None


def test_four_units_worked_out_by_hand() -> None:
    # Observed: the two ordered pairs of (1, 2) in 8 votes. Expected: the 56 ordered pairs of 1 1 1 2 2 2 3 3 have
    # 18 differences of 1, 12 of 2 and 12 of 1: squares of 30 + 48 = 78.
    assert krippendorff_alpha([[1, 1], [2, 2], [3, 3], [1, 2]]) == pytest.approx(1 - (2 / 8) / (78 / 56))
