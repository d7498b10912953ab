"""The report's section on calibration."""

from dataclasses import replace

import pytest

from making_results import FAIR, GOOD, PERFECT, a_run, judged, training
from valaro.evaluation.calibration import fit_temperature
from valaro.reports.calibration import calibration_rows, calibration_sentence
from valaro.reports.html import report_page
from valaro.reports.tables import dimension_results


def _rows(results):
    return calibration_rows(dimension_results([a_run(results)])[0])


def test_a_row_holds_the_error_before_and_after_the_temperature_of_its_own_validation() -> None:
    # Every answer is 80 % sure; four of six are right, and five of six of the validation.
    (row,) = _rows([training("MSSGAN", "ann", 0, FAIR)])
    assert (row.error, row.lean) == (pytest.approx(0.8 - 4 / 6), pytest.approx(0.8 - 4 / 6))
    validation = judged("other-ann", GOOD, prefix="v")
    assert row.temperatures == (fit_temperature(validation), fit_temperature(validation))
    # At that temperature it is 5/6 sure, as it was right in validation.
    assert row.mended_error == pytest.approx(5 / 6 - 4 / 6, abs=1e-6)
    assert calibration_sentence([row]).startswith(
        "MSSGAN's probabilities are off by 13.3 points on average, it is too sure of itself; after the temperature"
    )


def test_a_modest_model_and_one_that_can_be_read_as_it_is_are_said() -> None:
    (modest,) = _rows([training("MSSGAN", "ann", 0, PERFECT)])
    assert "it is too modest" in calibration_sentence([modest])
    (right,) = _rows([training("MSSGAN", "ann", 0, GOOD)])
    assert calibration_sentence([right]).endswith("off by 3.3 points on average: they can be read as they are.")


def test_without_validation_answers_nothing_is_mended() -> None:
    some = judged("x", GOOD)
    nobody = replace(some, ids=(), speakers=(), probabilities=some.probabilities[:0], correct=some.correct[:0])
    (row,) = _rows([replace(training("MSSGAN", "ann", 0, FAIR), validation=nobody)])
    assert (row.temperatures, row.mended_error, row.mended_dots) == (None, None, ())
    assert calibration_sentence([row]).endswith("on average: it is too sure of itself.")


def test_the_page_has_a_figure_a_model() -> None:
    page = report_page([a_run([training(model, "ann", 0, FAIR) for model in ("MSSGAN", "MFSBase")])])
    section = page[page.index('id="calibration"') : page.index('id="curves"')]
    assert section.count("<svg") == 2
    assert "13.3" in section
