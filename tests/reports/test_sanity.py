"""Sanity checks: what a report checks before its figures are believed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from helpers.results import FAIR, GOOD, PERFECT, POOR, WRONG, a_run, judged, training
from valaro.analysis.data import separation
from valaro.analysis.results import dimension_results
from valaro.analysis.sanity import sanity_checks, shuffled_interval
from valaro.evaluation.shuffles import renamed_uars
from valaro.records import FoldResult, Problem, RunRecord, TestHalf
from valaro.reports.html import report_page
from valaro.reports.sanity import check_name, check_words
from valaro.reports.sentences import cautions, headline, parted

FOLDS = [f"p{k}" for k in range(12)]
THIRD = [0, 1, 1, 2, 0, 1]
"""Two of six right, one of low, one of medium: UAR 1/3."""


def _control(predicted: Sequence[list[int]]) -> list[FoldResult]:
    return [
        replace(training("MSSGAN", fold, 0, answers), model="MSSGAN, shuffled labels", shuffled=True)
        for fold, answers in zip(FOLDS, predicted, strict=False)
    ]


class Said(NamedTuple):
    state: str
    words: str


def _checks(results: Sequence[FoldResult]) -> dict[str, Said]:
    return _checks_of(a_run(results))


def _checks_of(run: RunRecord) -> dict[str, Said]:
    checks = sanity_checks([run], dimension_results([run]))
    return {check_name(check): Said(check.state, check_words(check)) for check in checks}


HONEST = [training("MSSGAN", fold, 0, GOOD) for fold in FOLDS]
CHANCE = _control([THIRD, POOR, WRONG, THIRD, THIRD, POOR])


def test_a_study_without_a_fault_passes_every_check() -> None:
    found = _checks([*HONEST, *CHANCE])
    assert {check.state for check in found.values()} == {"ok"}
    assert found["Test people kept apart"].words.startswith(
        "no test speaker is among the validation speakers of any of 18"
    )
    # Validation and test are both 5 of 6; of high one of two is recognised.
    assert found["Validation against test, valence"].words == "0.0 points of UAR at most, MSSGAN"
    assert found["Levels forgotten, valence"].words == "none; the lowest recall is 50.0 %, MSSGAN on high"
    assert found["People tested, valence"].words == "12 speakers"


def test_the_control_interval_is_that_of_students_t_over_shuffles() -> None:
    # Six shuffles: 1/3, 1/2, 0, 1/3, 1/3, 1/2.
    interval = shuffled_interval(renamed_uars(CHANCE))
    assert interval is not None
    uars = [1 / 3, 1 / 2, 0.0, 1 / 3, 1 / 3, 1 / 2]
    expected = stats.t.interval(0.95, 5, loc=sum(uars) / 6, scale=stats.sem(uars))
    assert (interval.low, interval.high) == pytest.approx(expected)
    assert interval.value == pytest.approx(1 / 3)


def test_both_directions_of_a_session_are_one_shuffle() -> None:
    there = _control([PERFECT, WRONG])
    back = [replace(r, fold=f"{r.fold} back", test=r.validation, validation=r.test) for r in there]
    both = shuffled_interval(renamed_uars([*there, *back]))
    assert both is not None
    # Each session's mean: (1 + 5/6) / 2 and (0 + 5/6) / 2.
    assert both.value == pytest.approx((11 / 12 + 5 / 12) / 2)
    assert shuffled_interval(renamed_uars([there[0], back[0]])) is None


def test_labels_that_mean_nothing_and_are_recognised_all_the_same_are_a_leak() -> None:
    found = _checks([*HONEST, *_control([GOOD, FAIR, GOOD, FAIR])])["Shuffled labels, valence"]
    assert found.state == "warning"
    assert "UAR 75.0 %" in found.words
    assert found.words.endswith(
        "above chance in 4 shuffles; by chance alone this happens in 1 of 20 reports. If it stays with more seeds "
        "(study.seeds), labels of test people leak somewhere"
    )


def test_two_shuffles_cannot_tell_a_leak_from_chance_where_two_dimensions_are_looked_at() -> None:
    perfect = [
        replace(r, model="MSSGAN, shuffled labels", shuffled=True)
        for r in (training("MSSGAN", f, 0, PERFECT) for f in FOLDS[:2])
    ]
    once = _checks([*HONEST, *perfect])["Shuffled labels, valence"].words
    # Each shuffle is right throughout in one of six renamings: chance does that in 1 of 36, which is less than 1 in 20
    assert "above chance in 2 shuffles" in once
    both = [replace(r, dimension="arousal") for r in (*HONEST, *perfect)]
    twice = _checks([*HONEST, *perfect, *both])
    # and more than 1 in 40, what each of two controls may warn.
    for dimension in ("valence", "arousal"):
        assert "too few shuffles to see a leak of less than 67 points" in twice[f"Shuffled labels, {dimension}"].words


def test_a_control_too_coarse_to_see_a_leak_is_not_called_ok() -> None:
    found = _checks([*HONEST, *_control([PERFECT, WRONG])])["Shuffled labels, valence"]
    assert found.state == "warning"
    assert (
        "UAR 50.0 % (0.0 to 100.0), guessing 33.3 %: too few shuffles to see a leak of less than 67 points"
        in found.words
    )


def test_a_control_that_was_not_run_is_said() -> None:
    found = _checks(HONEST)["Shuffled labels, valence"]
    assert (found.state, found.words.partition(" (")[0]) == ("warning", "not run")


def test_a_forgotten_level_a_wide_gap_and_few_people_are_looked_at() -> None:
    # High is taken for low throughout, and four of six are right; validation says five of six.
    found = _checks([training("FSBase face", fold, 0, POOR) for fold in FOLDS[:3]])
    assert found["Levels forgotten, valence"].state == "ok"
    never = [training("FSBase face", fold, 0, [0, 0, 0, 0, 2, 2]) for fold in FOLDS[:3]]
    found = _checks(never)
    assert found["Levels forgotten, valence"].words == "FSBase face recognises 0.0 % of medium"
    gap = found["Validation against test, valence"]
    # 83.3 % against 66.7 %.
    assert (gap.state, gap.words.split(",")[0]) == ("warning", "+16.7 points of UAR at most")
    assert found["People tested, valence"].words.startswith("3 speakers")


def test_trainings_that_others_of_the_run_have_are_missed() -> None:
    found = _checks([*HONEST, training("MFSBase", FOLDS[0], 0, GOOD), *CHANCE])
    assert found["Trainings missing, valence"].words.startswith("MFSBase 11: fewer than others have")


def test_a_model_that_was_spared_folds_is_not_ranked_above_those_that_were_not() -> None:
    spared = training("SSGAN face", FOLDS[0], 0, PERFECT)
    (results,) = dimension_results([a_run([*HONEST, spared])])
    assert [(row.model_result.label, row.lacking) for row in results.rows] == [("MSSGAN", 0), ("SSGAN face", 11)]
    assert any("SSGAN face: trainings are missing" in caution for caution in cautions(results))


def test_a_study_that_is_not_finished_says_so_with_what_failed() -> None:
    run = replace(
        a_run(HONEST),
        planned=tuple("abcdefghijklmn"),
        missing=("valence SVM p0 seed 0", "valence SVM p1 seed 0"),
        failures=(Problem(utterance="valence SVM p1 seed 0", where="training", why="no memory"),),
    )
    found = _checks_of(run)["Study finished"]
    assert (found.state, found.words) == (
        "warning",
        "not finished: 12 of 14 results are there; failed: valence SVM p1 seed 0 (no memory); "
        "not there: valence SVM p0 seed 0",
    )
    assert "not finished: 12 of 14 results are there" in report_page([run]).partition("<nav")[0]


def test_a_damaged_result_is_named_by_the_report() -> None:
    why = Problem(utterance="valence SVM p1 seed 0", where="result", why="'x.json' is damaged")
    run = replace(a_run(HONEST), planned=tuple("abcdefghijklm"), missing=(why.utterance,), damaged=(why,))
    found = _checks_of(run)["Study finished"]
    assert (found.state, found.words) == (
        "warning",
        "not finished: 12 of 13 results are there; damaged: valence SVM p1 seed 0 ('x.json' is damaged)",
    )
    assert "valence SVM p1 seed 0 (&#39;x.json&#39; is damaged)" in report_page([run])


def test_a_speaker_on_both_sides_is_the_first_thing_said() -> None:
    leaky = replace(HONEST[0], validation=judged("p0", GOOD, prefix="v"))
    name, first = next(iter(_checks([leaky, *HONEST[1:]]).items()))
    assert (name, first.state) == ("Test people kept apart", "warning")
    assert "in 1 training, such as MSSGAN, valence, p0, seed 0" in first.words


def test_the_page_shows_the_checks_and_never_the_control_among_the_models() -> None:
    page = report_page([a_run([*HONEST, *CHANCE])])
    assert "Can these figures be believed?" in page
    assert page.count("MSSGAN, shuffled labels") == 1
    assert "All 5 checks are fine." in page


def test_how_speakers_were_parted_is_said_as_the_folds_have_it() -> None:
    def said(*halves: TestHalf) -> str:
        kept = separation([a_run([replace(HONEST[0], test_half=half) for half in halves])])
        assert kept is not None
        return parted(kept.halves)

    assert said("F", "M") == "by gender"
    assert said("A") == "by their names, since not both genders are known"
    assert said("F", "B") == "by gender, or by name without both genders"


def test_a_second_seed_is_a_second_shuffle() -> None:
    once = _control([THIRD, POOR])
    twice = [*once, *(replace(result, seed=1) for result in _control([THIRD, THIRD]))]
    both = shuffled_interval(renamed_uars(twice))
    assert both is not None
    shuffles = [1 / 3, 1 / 2, 1 / 3, 1 / 3]
    expected = stats.t.interval(0.95, 3, loc=float(np.mean(shuffles)), scale=stats.sem(shuffles))
    assert (both.low, both.high) == pytest.approx(expected)


def test_guessing_is_that_of_a_models_own_tests() -> None:
    whole = training("MSSGAN", "p0", 0, GOOD)
    halves = replace(judged("p1", [0, 0, 1, 0, 0, 1]), correct=np.eye(3, dtype=bool)[[0, 0, 1, 1, 0, 1]])
    other = replace(training("FSBase face", "p1", 0, GOOD), test=halves)
    (results,) = dimension_results([a_run([whole, replace(other, model="MSSGAN", fold="p1"), other])])
    chances = {row.model_result.label: row.chance for row in results.rows}
    # Of three levels a third, of two a half.
    assert chances == pytest.approx({"MSSGAN": (1 / 3 + 1 / 2) / 2, "FSBase face": 1 / 2})
    assert any("guessing gives 41.7 to 50.0" in caution for caution in cautions(results))


def test_above_chance_with_an_interval_that_reaches_below_is_not_better_than_guessing() -> None:
    (results,) = dimension_results(
        [a_run([training("MSSGAN", fold, 0, a) for fold, a in zip(FOLDS, (POOR, WRONG, GOOD), strict=False)])]
    )
    assert results.rows[0].uar.value > results.rows[0].chance
    assert "not shown to be better than guessing" in headline(results)[0]


def test_the_row_with_the_fewest_people_counts() -> None:
    few = [training("FSBase face", fold, 0, GOOD) for fold in FOLDS[:3]]
    (results,) = dimension_results([a_run([*HONEST, *few])])
    assert any("Only 3 test speakers" in caution for caution in cautions(results))
