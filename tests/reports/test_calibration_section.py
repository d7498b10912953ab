"""The report's section on calibration."""

import re
from dataclasses import replace

import numpy as np
import pytest

from helpers.results import FAIR, GOOD, PERFECT, a_run, judged, training
from valaro.analysis.calibration import calibration_rows
from valaro.analysis.results import dimension_results
from valaro.evaluation.calibration import COLDEST, fit_temperature
from valaro.records import Predictions
from valaro.reports.calibration import calibration_sentence, nats
from valaro.reports.html import report_page


def _rows(results):
    return calibration_rows(dimension_results([a_run(results)])[0])


def test_a_row_holds_the_error_before_and_after_the_temperature_of_its_own_validation() -> None:
    # Every answer is 80 % sure; four of six are right, and five of six of the validation.
    (row,) = _rows([training("MSSGAN", "ann", 0, FAIR)])
    assert (row.error, row.confidence_gap.value) == (pytest.approx(0.8 - 4 / 6), pytest.approx(0.8 - 4 / 6))
    validation = judged("other-ann", GOOD, prefix="v")
    assert row.after_temperature_scaling is not None
    assert row.after_temperature_scaling.temperatures == (fit_temperature(validation), fit_temperature(validation))
    # At that temperature it is 5/6 sure, as it was right in validation.
    assert row.after_temperature_scaling.error == pytest.approx(5 / 6 - 4 / 6, abs=1e-6)
    assert calibration_sentence([row]).startswith(
        "MSSGAN's probabilities are off by 13.3 points on average, it is not shown to be too sure or too modest on the "
        "whole; after the temperature"
    )


def test_a_smaller_error_at_a_higher_cross_entropy_is_not_called_mended() -> None:
    # 80 % sure and all right in validation: T goes to its bound, and 14 of 15 test answers are then 100 % sure of it.
    test = Predictions(
        ids=tuple(f"c/{k}" for k in range(15)),
        speakers=("people/ann",) * 15,
        probabilities=np.eye(3)[[0, 1, 2] * 5] * 0.7 + 0.1,
        correct=np.eye(3, dtype=bool)[[0, 1, 2] * 4 + [0, 1, 0]],
    )
    sure = replace(training("MSSGAN", "ann", 0, PERFECT), test=test, validation=judged("v", PERFECT))
    (row,) = _rows([sure])
    assert row.after_temperature_scaling is not None
    assert (row.after_temperature_scaling.temperatures, row.after_temperature_scaling.at_bounds, row.trainings) == (
        (COLDEST, COLDEST),
        1,
        1,
    )
    assert (row.error, row.after_temperature_scaling.error) == (
        pytest.approx(14 / 15 - 0.8),
        pytest.approx(1 / 15, abs=1e-6),
    )
    # Of 14 answers -log 0.8 and of one -log 0.1; then 20 log 8 of that one, cut at 12 log 10.
    assert row.entropy == pytest.approx((-14 * np.log(0.8) - np.log(0.1)) / 15)
    assert row.after_temperature_scaling.entropy == pytest.approx(min(20 * np.log(8), 12 * np.log(10)) / 15)
    assert row.after_temperature_scaling.change.value == pytest.approx(
        row.after_temperature_scaling.entropy - row.entropy
    )
    # A draw without that one answer gains, one with it three times loses thrice.
    assert row.after_temperature_scaling.change.low == pytest.approx(np.log(0.8))
    change = nats(row.after_temperature_scaling.change)
    assert calibration_sentence([row]).endswith(
        f"by 6.7; in its cross-entropy that shows as neither gain nor loss ({change} nats)."
    )
    page = report_page([a_run([sure])])
    assert "1 of 1 at a bound" in page


def test_a_modest_model_and_one_that_can_be_read_as_it_is_are_said() -> None:
    (modest,) = _rows([training("MSSGAN", "ann", 0, PERFECT)])
    assert "it is too modest" in calibration_sentence([modest])
    (right,) = _rows([training("MSSGAN", "ann", 0, GOOD)])
    assert calibration_sentence([right]).endswith("off by 3.3 points on average: they can be read as they are.")


def _by_many(right: int) -> Predictions:
    """Return ten answers, `right` of them right, of each of twenty people, each 80 % sure."""
    one = np.eye(3, dtype=bool)[[0] * right + [1] * (10 - right)]
    return Predictions(
        ids=tuple(f"c/{who}-{k}" for who in range(20) for k in range(10)),
        speakers=tuple(f"people/{who}" for who in range(20) for _ in range(10)),
        probabilities=np.tile([0.8, 0.1, 0.1], (200, 1)),
        correct=np.tile(one, (20, 1)),
    )


@pytest.mark.parametrize(
    ("validation", "said"),
    [(5, r"by 0.0, and its cross-entropy falls \(−0.\d+, −0.\d+ to −0.\d+ nats\)"), (10, "rises .*it is made worse")],
)
def test_with_enough_people_it_is_said_what_the_temperature_does(validation: int, said: str) -> None:
    sure = replace(training("MSSGAN", "ann", 0, FAIR), test=_by_many(5), validation=_by_many(validation))
    (row,) = _rows([sure])
    assert "it is too sure of itself" in calibration_sentence([row])
    assert re.search(said, calibration_sentence([row]))


def test_without_validation_answers_nothing_is_mended() -> None:
    some = judged("x", GOOD)
    nobody = replace(some, ids=(), speakers=(), probabilities=some.probabilities[:0], correct=some.correct[:0])
    (row,) = _rows([replace(training("MSSGAN", "ann", 0, FAIR), validation=nobody)])
    assert row.after_temperature_scaling is None
    assert calibration_sentence([row]).endswith(
        "on average: it is not shown to be too sure or too modest on the whole."
    )


def test_the_page_has_a_figure_a_model() -> None:
    page = report_page([a_run([training(model, "ann", 0, FAIR) for model in ("MSSGAN", "MFSBase")])])
    section = page[page.index('id="calibration"') : page.index('id="curves"')]
    assert section.count("<svg") == 2
    assert "13.3" in section
