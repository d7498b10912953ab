"""The card says what the runs are for, rest on and do not show, from facts of the runs alone."""

from dataclasses import replace

from helpers.results import GOOD, finished, training
from valaro.analysis.results import dimension_results
from valaro.records import Alarm, FaceQuality, Problem
from valaro.reports.blocks import Facts, Notice
from valaro.reports.card import data_and_model_card
from valaro.reports.html import report_page

RUN = finished([training("MSSGAN", "ann", 0, GOOD), training("MSSGAN", "ben", 1, GOOD)])


def facts(run):
    (found,) = [b for b in data_and_model_card([run], dimension_results([run])) if isinstance(b, Facts)]
    return dict(found.pairs)


def test_the_card_names_data_labels_seeds_and_versions():
    said = facts(RUN)
    assert said["Trained on"] == (
        "c: 12 labelled of 12 utterances (valence 4/5/3 low/medium/high), 4 speakers, 1 min 15 s"
    )
    assert "derived from the acted category" in said["Origin of the labels"]
    assert "At most 20 a level are used" in said["Origin of the labels"]
    assert said["Seeds"].startswith("0, 1;")
    assert said["Preset"] == "default: docs/presets.md lists where it differs from the paper"
    assert said["Versions"] == "python 3.11.7"
    assert "Tested: 2 speakers in 2 trainings; none" in said["Test data kept apart"]


def test_a_speaker_on_both_sides_is_said_in_the_card():
    result = RUN.results[0]
    leaked = replace(result, validation=replace(result.validation, speakers=result.test.speakers))
    assert facts(replace(RUN, results=(leaked,)))["Test data kept apart"].startswith("NOT in 1 training")


def test_limits_name_few_speakers_derived_labels_and_what_failed():
    alarmed = replace(RUN.results[0], alarms=(Alarm(kind="diverged", step=1, numbers=(30.0, 1.1)),))
    run = replace(
        RUN,
        results=(alarmed, RUN.results[1]),
        faces=(FaceQuality(utterance="c/x", frames=8, detected=2, mean_absolute_yaw=0.1),),
        problems=(Problem(utterance="c/y", where="decode", why="cut"),),
        speaker_normalised=True,
    )
    limits = facts(run)["Limits"]
    for words in (
        "Tested on 2 speakers, too few",
        "Languages, ages and origins of the speakers are not recorded",
        "Labels are derived",
        "1 training showed a sign of collapse",
        "25.0 % of the video frames show a face",
        "1 item could not be read",
        "Scores hold only where other recordings of the same person",
    ):
        assert words in limits


def test_a_level_that_is_never_said_is_a_limit():
    assert "never or hardly ever" not in facts(RUN)["Limits"]
    silent = finished([training("MFSBase", "ann", 0, [0, 0, 0, 0, 2, 2])])
    assert "MFSBase never says medium (valence)." in facts(silent)["Limits"]


def test_what_it_must_not_be_used_for_cannot_be_missed():
    blocks = data_and_model_card([RUN], dimension_results([RUN]))
    (notice,) = [block for block in blocks if isinstance(block, Notice)]
    assert "judgements about people that have consequences" in notice.text
    page = report_page([RUN])
    assert page.index("What it must not be used for") > page.index('id="card"') > page.index('id="settings"')


def test_a_run_without_any_result_has_a_card():
    assert facts(finished([]))["Test data kept apart"] == "Nothing was tested."
