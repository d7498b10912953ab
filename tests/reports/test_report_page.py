"""The report says what the predictions say, stands alone, escapes names, and shows every note it must."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.pages import SPEAKER_WISE, Nesting, run, words
from helpers.results import FAIR, GOOD, PERFECT, POOR, WRONG, finished, training
from valaro.analysis.results import dimension_results
from valaro.errors import ValaroError
from valaro.records import (
    Alarm,
    CorpusNote,
    FaceQuality,
    Problem,
)
from valaro.reports.document import document
from valaro.reports.figures import curves as curves_of
from valaro.reports.html import report_page, write_report
from valaro.reports.markdown import markdown

PEOPLE = [f"p{k}" for k in range(12)]


def test_the_page_holds_the_scores_worked_out_by_hand():
    text = words(report_page([run()]))
    assert "MSSGAN has the highest UAR, 75.0 % (95 % interval" in text
    assert "MSSGAN is 16.7 points above MFSBase (95 % interval" in text
    # MSSGAN: recall of low 4 of 4, medium 3 of 4, high 2 of 4, then validation UAR (1 + 1 + 1/2) / 3
    assert "100.0 75.0 50.0 83.3" in text
    # precision of GOOD: 2/3, 1, 1; of FAIR: 2/4, 1, 1; the paper's F1 is 2 UAR MAP / (UAR + MAP) of each, averaged
    good, fair = 2 * (5 / 6) * (8 / 9) / (5 / 6 + 8 / 9), 2 * (4 / 6) * (5 / 6) / (4 / 6 + 5 / 6)
    # Deviation of 5/6 and 4/6: 1/12 times the root of 2.
    assert re.search(rf" 75\.0 [\d.]+ to [\d.]+ 11\.8 {50 * (good + fair):.1f} ", text)


def test_a_difference_whose_interval_holds_zero_is_called_none_shown():
    mixed = (
        training("A", "ann", 0, GOOD),
        training("A", "ben", 0, POOR),
        training("B", "ann", 0, POOR),
        training("B", "ben", 0, FAIR),
    )
    text = words(report_page([run(results=mixed)]))
    assert re.search(r"A is 8\.3 points above B \(95 % interval −[\d.]+ to [\d.]+\): no difference shown\.", text)
    assert "a difference is shown" not in text


def test_two_models_with_the_same_answers_are_called_level():
    same = tuple(training(model, name, 0, GOOD) for model in ("A", "B") for name in ("ann", "ben"))
    text = words(report_page([run(results=same)]))
    assert "A is level with B (95 % interval 0.0 to 0.0): no difference shown." in text


def test_a_model_that_guesses_is_not_sold_as_better_than_guessing():
    guess = tuple(training("A", name, 0, [0, 1, 2, 1, 0, 1]) for name in ("ann", "ben"))
    assert "not shown to be better than guessing" in words(report_page([run(results=guess)]))


def test_confusion_counts_and_shares_are_those_of_all_tests_together():
    text = words(report_page([run()]))
    # MSSGAN's medium row: 1 of 4 taken for low, 3 right
    assert "medium 25.0 % 1 75.0 % 3 0.0 % 0" in text


def test_the_page_is_well_formed():
    nesting = Nesting()
    nesting.feed(report_page([run()]))
    assert nesting.open == []


def test_the_page_refers_to_nothing_outside():
    page = report_page([run()])
    assert "http" not in page.replace("http-equiv", "")
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in page


def test_a_speaker_called_script_stays_text():
    evil = "<script>alert(1)</script>"
    result = training("MSSGAN", "ann", 0, GOOD)
    named = replace(result, fold=evil, test=replace(result.test, speakers=(evil,) * 6))
    page = report_page(
        [
            run(
                name=evil,
                settings=f'[study]\nname = "{evil}"\n',
                results=(named,),
                notes=(CorpusNote(corpus=evil, text=evil),),
                problems=(Problem(utterance=evil, where=evil, why=evil),),
                environment={evil: evil},
            )
        ]
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8


def test_what_a_corpus_must_say_stands_before_the_first_figure():
    page = report_page([run(notes=(CorpusNote(corpus="demo", text="synthetic: drawn heads"),))])
    assert page.index("synthetic: drawn heads") < page.index("What was found")


def test_speaker_wise_normalisation_is_named_beside_every_figure_and_table_of_scores():
    page = report_page([run(speaker_normalised=True)])
    body = page[page.index("<main>") : page.index('<section id="data">')]
    # the card; the scores' table and figure; every training; the differences' table and figure; confusion; calibration;
    # curves
    assert body.count(SPEAKER_WISE) == 9
    for heading in ("headline", "scores", "differences", "confusion", "calibration", "curves"):
        section = body[body.index(f'id="{heading}"') :].split("</section>")[0]
        assert SPEAKER_WISE in section, heading
    assert SPEAKER_WISE not in report_page([run()])


def test_only_the_speaker_normalised_run_of_two_is_named():
    page = words(report_page([run(), run(name="second", speaker_normalised=True)]))
    assert f"MFSBase (second), MSSGAN (second): speaker-wise normalisation: {SPEAKER_WISE}." in page.replace(
        "MSSGAN (second), MFSBase (second)", "MFSBase (second), MSSGAN (second)"
    )
    assert "MSSGAN (first run) has the highest UAR" in page


def test_a_model_that_took_unlabelled_recordings_on_another_scale_than_asked_is_named() -> None:
    took = (("SSBase face", "shift"), ("SSGAN face", "none"), ("FSBase face", ""))
    results = [replace(training(name, "ann", 0, GOOD), normalisation=scaling) for name, scaling in took]
    said = "SSBase took unlabelled recordings with normalisation shift, not none as the study asks"
    asked = finished(results, normalisation="none")
    assert said in words(report_page([asked]))
    assert said in markdown("", document([asked], dimension_results([asked])))
    # What a study varies is what it asks for.
    varied = [replace(result, varied=(("study.normalisation", "shift"),)) for result in results[:1]]
    assert "as the study asks" not in words(report_page([finished(varied, normalisation="none")]))


def test_the_same_runs_give_the_same_bytes(tmp_path: Path):
    for name in ("a.html", "b.html"):
        write_report([run()], tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_the_order_of_the_trainings_changes_nothing():
    record = run()
    assert report_page([replace(record, results=record.results[::-1])]) == report_page([record])


def test_a_speaker_in_both_validation_and_test_is_an_alarm_on_the_page():
    result = training("MSSGAN", "ann", 0, GOOD)
    leaked = replace(result, validation=replace(result.validation, speakers=result.test.speakers))
    assert "In 1 training a speaker is in both validation and test." in words(report_page([run(results=(leaked,))]))
    assert "no test speaker is among its validation speakers" in words(report_page([run()]))


def test_faces_are_counted_over_all_clips_and_the_worst_stands_first():
    faces = (
        FaceQuality(utterance="c/good", frames=100, detected=99, mean_absolute_yaw=0.1),
        FaceQuality(utterance="c/bad", frames=100, detected=0, mean_absolute_yaw=float("nan")),
        FaceQuality(utterance="c/sound only", frames=0, detected=0, mean_absolute_yaw=float("nan")),
    )
    text = words(report_page([run(faces=faces)]))
    assert "49.5 % of 200 video frames show a face" in text
    assert "1 clip without any face" in text
    assert text.index("c/bad") < text.index("c/good")
    assert "nan" not in text


def test_problems_are_counted_by_reason():
    problems = tuple(Problem(utterance=f"c/{k}", where="decode", why="the file ends early") for k in range(3))
    assert "3 decode the file ends early c/0" in words(report_page([run(problems=problems)]))


def test_a_missing_level_changes_the_chance_level_and_the_page_says_so():
    result = training("MSSGAN", "ann", 0, GOOD)
    rows = result.test.correct.copy()
    rows[2:4] = [True, False, False]
    text = words(report_page([run(results=(replace(result, test=replace(result.test, correct=rows)),))]))
    assert "In 1 of 1 trainings a level is missing from the test set" in text
    assert "guessing gives 50.0 % here, not 33.3 %" in text


def test_runs_without_any_finished_training_still_make_a_page():
    text = words(report_page([run(results=(), problems=(Problem(utterance="f1", where="train", why="diverged"),))]))
    assert "No training finished" in text
    assert "diverged" in text


def test_no_run_at_all_is_refused():
    with pytest.raises(ValaroError, match="expected at least one run folder"):
        report_page([])


def test_curves_mark_the_chosen_step_and_survive_a_loss_that_is_no_number():
    result = training("MSSGAN", "ann", 0, GOOD)
    broken = tuple(replace(point, losses={"labelled": float("nan")}) for point in result.history)
    page = report_page([run(results=(result, replace(result, seed=1, history=broken)))])
    curves = page[page.index('id="curves"') : page.index('<section id="data">')]
    drawn = curves_of([result, replace(result, seed=1, history=broken)], 0)
    assert [len(panel.chosen) for panel in drawn] == [2, 1, 1]  # UAR of both, the two losses of the first
    assert "nan" not in curves


def test_a_linear_model_above_every_network_is_said_in_one_sentence():
    results = (*run().results, training("LR face", "ann", 0, PERFECT), training("LR face", "ben", 0, GOOD))
    text = words(report_page([run(results=results)]))
    # LR: 6/6 and 5/6, mean 91.7 %, above MSSGAN's 75.0 by 1/6 in each fold; MFSBase has 58.3.
    assert "LR face has the highest UAR, 91.7 %" in text
    # On two people that shows nothing: it is a matter of the numbers alone.
    lead = "No network scores above the best linear model: LR face is 16.7 points above MSSGAN (95 % interval "
    assert text.count(lead) == 1
    assert "No network reaches" not in text
    assert text.count("LR face is 16.7 points above MSSGAN") == 1
    assert text.count("LR face is 33.3 points above MFSBase") == 1


def test_only_a_lead_that_is_shown_is_out_of_the_networks_reach():
    answers = {"LR face": PERFECT, "MSSGAN": WRONG}
    results = [training(model, f"p{k}", 0, said) for model, said in answers.items() for k in range(8)]
    # Everything right against nothing, in every draw.
    text = words(report_page([run(results=tuple(results))]))
    assert "No network reaches the best linear model: LR face is 100.0 points above MSSGAN (95 %" in text
    assert "No network scores above" not in text


@pytest.mark.parametrize(
    ("linear", "networks"),
    [
        ((FAIR, POOR), ("MSSGAN", "MFSBase")),  # below the best network
        ((GOOD, FAIR), ("MSSGAN", "MFSBase")),  # level with it
        ((PERFECT, PERFECT), ()),  # no network to beat
    ],
)
def test_without_a_linear_model_above_every_network_nothing_is_said_of_it(linear, networks):
    results = [result for result in run().results if result.model in networks]
    results += [training("SVM face", name, 0, answers) for name, answers in zip(("ann", "ben"), linear, strict=True)]
    results += [training("LR face", name, 0, answers) for name, answers in zip(("ann", "ben"), linear, strict=True)]
    text = words(report_page([run(results=tuple(results))]))
    assert "the best linear model" not in text
    assert "SVM face" in text


def test_with_many_models_the_headline_names_the_nearest_and_counts_the_others():
    models = {"MSSGAN": PERFECT, "SSGAN face": PERFECT, "SSGAN fbank": PERFECT}
    models |= dict.fromkeys(("MFSBase", "FSBase face", "LR face"), WRONG)
    results = tuple(training(model, name, 0, answers) for model, answers in models.items() for name in PEOPLE)
    page = report_page([run(results=results)])
    card = words(page[page.index('id="headline"') : page.index('id="scores"')])
    # Three get everything right, three nothing: differences of 0 and of 100 points in every draw.
    assert "MSSGAN is level with SSGAN face (95 % interval 0.0 to 0.0): no difference shown." in card
    assert "A difference is shown to 3 of the other 4 models, none to SSGAN fbank." in card
    # Two against their twins, one network against the linear model, two fusions; then any of six against any other.
    assert (
        "correction, over the 5 pairs that answer a question, for the highest UAR against the rest over all 15" in card
    )


def test_a_pair_stands_under_its_question_and_once():
    page = report_page([run(results=(*run().results, training("LR face", "ann", 0, POOR)))])
    section = words(page[page.index('id="differences"') : page.index('id="confusion"')])
    assert "MSSGAN − MFSBase Do unlabelled recordings pay? +16.7" in section
    assert "MSSGAN − LR face The highest UAR against the rest +33.3" in section
    assert "Does a network pay?" not in section


def test_a_linear_model_stands_everywhere_but_among_the_learning_curves():
    results = (*run().results, training("LR face", "ann", 0, FAIR), training("LR face", "ben", 0, POOR))
    page = report_page([run(results=results)])
    sections = {name: page[page.index(f'id="{name}"') :].split("</section>")[0] for name in SECTIONS}
    assert {name for name, section in sections.items() if "LR face" in section} == {
        "headline",
        "scores",
        "differences",
        "confusion",
    }
    assert "Linear models have no steps and no curve." in sections["curves"]
    # What validation chose of a linear model is no step.
    assert sections["scores"].count("<td>strength 2</td>") == 2
    assert sections["scores"].count("<td>20</td>") == 4


SECTIONS = ("headline", "scores", "differences", "confusion", "curves")


def test_every_loss_has_its_panel_whatever_it_is_called():
    result = training("CT", "ann", 0, GOOD)
    named = tuple(replace(p, losses={"labelled": 0.5, "unlabelled": 0.1, "entropy": 0.2}) for p in result.history)
    page = report_page([run(results=(replace(result, history=named),))])
    panels = re.findall(r'aria-label="CT, valence, over training steps: ([^"]+)"', page)
    assert panels == ["validation UAR, %", "labelled", "unlabelled", "entropy"]


def test_alarms_are_grouped_in_a_section_of_their_own():
    alarm = Alarm(kind="fake_told_apart", step=40, numbers=(0.02, 0.01))
    later = replace(alarm, step=120, numbers=(0.015, 0.01))
    ann, ben, *others = run().results
    raised = (replace(ann, alarms=(alarm,)), replace(ben, alarms=(later,)), *others)
    page = report_page([run(results=raised)])
    section = words(page[page.index('id="alarms"') : page.index('<section id="data">')])
    assert "MSSGAN the classifier tells real from generated without effort (losses 0.015–0.020 and 0.010)" in section
    assert "lower losses.real and losses.fake 2 of 2 valence 40 to 120" in section
    assert '<a href="#alarms">' in page


def test_without_an_alarm_there_is_no_section_of_alarms():
    page = report_page([run()])
    assert '#alarms"' not in page
    assert 'id="alarms"' not in page
    assert "collapse" not in words(page)


def test_a_page_names_data_without_the_folders_of_whoever_made_it() -> None:
    settings = '[data]\nlabelled = ["/home/ann/secret/a.parquet"]\nfeatures = "/home/ann/store"\n[study]\nseeds = 2\n'
    page = report_page([run(settings=settings)])
    assert "/home" not in page
    assert "a.parquet" in page
    assert "seeds = 2" in page


def test_no_grid_is_wider_than_a_narrow_screen():
    # A column of plain 1fr is as wide as its table: the page, 626 pixels wide then, is cut off on a telephone.
    columns = re.findall(r"grid-template-columns: ([^;]+);", report_page([run()]))
    grids = [column for column in columns if "minmax" in column]
    assert len(grids) >= 3
    assert all("minmax(min(100%, " in column for column in grids)


def test_the_first_thing_said_is_one_sentence_and_the_model_to_use():
    page = report_page([run(results=(*run().results, training("LR face", "ann", 0, POOR)))])
    text = words(page[page.index("<body>") :])
    assert "Your 12 labels beat guessing; no model is shown to be better than logistic regression (LR face); " in text
    assert "unlabelled clips did not help; use MSSGAN. Use MSSGAN: it has the highest mean recall (UAR)" in text
    assert "valaro train study.toml --to model --set" in text


def test_no_model_is_recommended_where_none_beats_guessing():
    guess = tuple(training("A", name, 0, [0, 1, 2, 1, 0, 1]) for name in ("ann", "ben"))
    text = words(report_page([run(results=guess)]))
    assert "Your 12 labels are not shown to beat guessing." in text
    assert "Use no model yet: none is shown to be better than guessing." in text


def test_dimensions_with_different_best_models_name_one_each():
    valence = [training(name, fold, 0, said) for name, said in (("A", GOOD), ("B", FAIR)) for fold in ("ann", "ben")]
    arousal = [
        training(name, fold, 0, said, "arousal") for name, said in (("A", FAIR), ("B", GOOD)) for fold in ("ann", "ben")
    ]
    text = words(report_page([run(results=(*valence, *arousal))]))
    assert "Your 12 labels beat guessing; use A for valence and B for arousal." in text
    assert "Use B for arousal: it has the highest mean recall (UAR) of those that beat guessing" in text
    assert "valaro train study.toml --to model-arousal --set" in text


def test_a_dimension_on_which_nothing_beats_guessing_has_no_model():
    valence = [training("A", fold, 0, GOOD) for fold in ("ann", "ben")]
    arousal = [training("A", fold, 0, [0, 1, 2, 1, 0, 1], "arousal") for fold in ("ann", "ben")]
    text = words(report_page([run(results=(*valence, *arousal))]))
    assert "Your 12 labels beat guessing on valence; are not shown to beat guessing on arousal; use A for" in text
    assert "Use no model for arousal yet: none is shown to be better than guessing." in text


def test_labels_are_those_of_all_runs_each_corpus_once():
    (corpus,) = run().corpora
    other = run(name="second", corpora=(corpus, replace(corpus, corpus="other", labelled=30)))
    assert "Your 42 labels" in words(report_page([run(), other]))


def test_of_a_study_that_leaves_labels_away_the_few_that_a_training_had_are_named():
    few = run(settings="[study]\nlabels_per_class = 3\n")
    had = max(result.labelled for result in few.results)
    assert f"{had} of your 12 labels beat guessing" in words(report_page([few]))
    # Another run had them all.
    assert "Your 12 labels beat guessing" in words(report_page([few, run(name="second", settings="[study]\n")]))
