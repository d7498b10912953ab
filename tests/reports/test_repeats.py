"""Several runs that share trainings: one piece of evidence each, and in each of the paper's tables all the same."""

from dataclasses import replace

from helpers.pages import words
from helpers.results import FAIR, GOOD, a_run, finished, training
from valaro.analysis.differences import UNLABELLED
from valaro.analysis.results import dimension_results
from valaro.reports.html import report_page
from valaro.reports.sentences import pair_name


def _runs():
    there = [training(model, fold, 0, GOOD) for model in ("SSGAN dface", "FSBase dface") for fold in ("ann", "ben")]
    here = [*there[:2], *(training("SSBase dface", fold, 0, FAIR) for fold in ("ann", "ben"))]
    return [replace(a_run(there), name="table_4"), replace(a_run(here), name="table_8")]


def test_a_model_of_two_runs_counts_once_and_needs_no_name_of_its_run() -> None:
    (results,) = dimension_results(_runs())
    assert [(row.model_result.label, row.model_result.runs) for row in results.rows] == [
        ("FSBase dface", (0,)),
        ("SSGAN dface", (0, 1)),
        ("SSBase dface", (1,)),
    ]
    text = words(report_page(_runs()))
    assert "3 models on valence" in text
    assert "SSGAN dface (table_4)" not in text
    assert "6 trainings" in text


def test_a_model_is_the_same_whatever_its_study_calls_it() -> None:
    one = training("MFSBase", "ann", 0, GOOD)
    # A study that varies the features names them.
    other = replace(one, model="MFSBase fbank+face")
    (results,) = dimension_results([a_run([one]), replace(a_run([other]), name="features")])
    assert [row.model_result.label for row in results.rows] == ["MFSBase"]
    assert results.rows[0].model_result.runs == (0, 1)
    varied = replace(other, varied=(("study.unlabelled_fraction", "0.5"),))
    (results,) = dimension_results([a_run([one]), replace(a_run([varied]), name="varied")])
    assert len(results.rows) == 2


def test_what_runs_share_answers_the_questions_of_each() -> None:
    one, other = _runs()
    twin = [training("FSBase dface", fold, 0, GOOD) for fold in ("ann", "ben")]
    alone = [
        pair_name(difference)
        for difference in dimension_results([replace(other, results=(*twin, *other.results))])[0].differences
    ]
    (joined,) = dimension_results([one, replace(other, results=(*twin, *other.results))])
    assert "SSBase dface − FSBase dface" in alone
    assert {"SSBase dface − FSBase dface", "SSGAN dface − FSBase dface"} <= {pair_name(d) for d in joined.differences}
    assert {d.question for d in joined.differences} == {UNLABELLED}


def test_models_that_differ_in_a_single_answer_are_two() -> None:
    one, other = _runs()
    changed = training("SSGAN dface", "ann", 0, FAIR)
    (results,) = dimension_results([one, replace(other, results=(changed, *other.results[1:]))])
    labels = {row.model_result.label for row in results.rows}
    assert {"SSGAN dface (table_4)", "SSGAN dface (table_8)"} < labels


def test_a_run_with_one_more_seed_keeps_all_its_trainings() -> None:
    one, _ = _runs()
    more = replace(one, name="more", results=(*one.results, *(replace(r, seed=1) for r in one.results)))
    (results,) = dimension_results([one, more])
    assert sorted(len(row.model_result.results) for row in results.rows) == [2, 2, 4, 4]
    assert [row.lacking for row in results.rows] == [0, 0, 0, 0]


def test_the_papers_table_has_the_row_though_another_run_had_it_first() -> None:
    runs = [finished(run.results, name=run.name, paper=run.name, stand_ins={}) for run in (replace(r) for r in _runs())]
    page = words(report_page(runs))
    assert "Table VIII" in page
    assert "SSGAN dface not in this run" not in page
