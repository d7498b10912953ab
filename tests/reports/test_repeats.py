"""Several runs that share trainings: one piece of evidence each, and in each of the paper's tables all the same."""

from dataclasses import replace

from making_pages import words
from making_results import FAIR, GOOD, a_run, finished, training
from valaro.reports.html import report_page
from valaro.reports.tables import dimension_results, without_repeats


def _runs():
    there = [training(model, fold, 0, GOOD) for model in ("SSGAN dface", "FSBase dface") for fold in ("ann", "ben")]
    here = [*there[:2], *(training("SSBase dface", fold, 0, FAIR) for fold in ("ann", "ben"))]
    return [replace(a_run(there), name="table_4"), replace(a_run(here), name="table_8")]


def test_a_training_of_two_runs_counts_once_and_needs_no_name_of_its_run() -> None:
    first, second = without_repeats(_runs())
    assert len(first.results) == 4
    assert {result.model for result in second.results} == {"SSBase dface"}
    (results,) = dimension_results([first, second])
    assert [row.contender.label for row in results.rows] == ["FSBase dface", "SSGAN dface", "SSBase dface"]
    text = words(report_page(_runs()))
    assert "3 models on valence" in text
    assert "SSGAN dface (table_4)" not in text


def test_trainings_that_differ_in_a_single_answer_are_two() -> None:
    one, other = _runs()
    changed = training("SSGAN dface", "ann", 0, FAIR)
    kept = without_repeats([one, replace(other, results=(changed, *other.results[1:]))])[1]
    assert (kept.results[0].model, kept.results[0].fold) == ("SSGAN dface", "ann")


def test_the_papers_table_has_the_row_though_another_run_had_it_first() -> None:
    runs = [finished(run.results, name=run.name, paper=run.name, stand_ins={}) for run in (replace(r) for r in _runs())]
    page = words(report_page(runs))
    assert "Table VIII" in page
    assert "SSGAN dface not in this run" not in page
