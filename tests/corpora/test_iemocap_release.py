"""IEMOCAP as its real release is: every oddity accounted for, and the paper's Table I wherever levels are counted."""

from pathlib import Path

import numpy as np
import pytest

from helpers.commands import Command
from helpers.features import make_store
from helpers.iemocap import make_annotations, make_oddities
from helpers.kinds import reader
from helpers.results import GOOD, finished, training
from valaro.checks.check import check
from valaro.experiments.data import load_data
from valaro.experiments.run_folder import RunFolder, read_run, write_result
from valaro.experiments.run_start import begin_run
from valaro.labels.table_1 import PAPER
from valaro.records import LevelTally
from valaro.reports.check_page import check_page
from valaro.reports.html import report_page
from valaro.reports.write import write_report_as
from valaro.store.manifest import read_manifest, write_manifest

read_iemocap = reader("iemocap")

VALENCE = LevelTally(
    corpus="iemocap",
    dimension="valence",
    # The sixth turn has nothing but a six.
    utterances=5,
    votes=10,
    # Stated means: 2.5, 5.5 (of 5 and a six), 1, 3.25, 3 (of 1, 2 and a six).
    by_mean=(1, 3, 1),
    # Votes: 3 and 2 tie; 5; 1; 2, 3, 4, 4; 1, 2.
    by_soft_label=(3, 1, 2),
    ties=1,
)
AROUSAL = LevelTally(
    corpus="iemocap",
    dimension="arousal",
    utterances=5,
    votes=10,
    # Stated means: 2.5, 5, 4, 3.5, 3.
    by_mean=(0, 3, 2),
    # Votes: 2 and 3 tie; 4; 4; 4, 4, 3, 3 tie; 1, 2.
    by_soft_label=(2, 2, 3),
    ties=2,
)


def test_every_oddity_of_the_release_is_read_left_out_or_remarked(tmp_path: Path) -> None:
    make_oddities(tmp_path)
    reading = read_iemocap(tmp_path)
    assert (reading.expected, len(reading.utterances), reading.rejected) == (6, 6, ())
    assert reading.skipped == {
        "turns that only the transcripts name": 2,
        "annotators' lines with a 6, which means no rating": 3,
        "ratings of actors on themselves": 6,
        "resource forks (._*)": 1,
    }
    unrated, unused, seats = reading.remarks
    assert unrated == "Session1: 1 turns have no annotator's rating, they are unlabelled"
    assert unused.startswith("Session1: 3 lines that are not used have another form: ")
    evaluation = tmp_path / "Session1" / "dialog" / "EmoEvaluation" / "Ses01F_impro01.txt"
    assert [line for line in (6, 12, 26) if f"{evaluation}, line {line}: " in unused] == [6, 12, 26]
    assert seats.startswith("who sits on the left is assumed, not known")
    assert reading.tallies == (VALENCE, AROUSAL)


def test_without_its_sounds_the_release_is_the_same_and_nobody_expects_what_transcripts_alone_name(
    tmp_path: Path,
) -> None:
    make_oddities(tmp_path, sounds=False)
    reading = read_iemocap(tmp_path)
    assert (reading.expected, len(reading.utterances), reading.rejected) == (6, 6, ())
    assert reading.skipped["turns that only the transcripts name"] == 2
    # Without its votes a dialogue's transcript is all that says what is missing.
    (tmp_path / "Session1" / "dialog" / "EmoEvaluation" / "Ses01M_script01_1.txt").unlink()
    reading = read_iemocap(tmp_path)
    assert (reading.expected, len(reading.utterances), len(reading.rejected)) == (7, 4, 3)
    assert {problem.why for problem in reading.rejected} == {"no evaluation file has this turn"}


def test_a_six_is_no_vote_and_the_mean_that_counts_it_goes_through_the_manifest(tmp_path: Path) -> None:
    make_oddities(tmp_path)
    write_manifest(tmp_path / "m.parquet", read_iemocap(tmp_path).utterances)
    turns = {u.id.rpartition("impro01_")[2]: u for u in read_manifest(tmp_path / "m.parquet").utterances}
    six = turns["M000"]
    assert [(r.annotator, r.dimension, r.score) for r in six.ratings] == [("E1", "valence", 5), ("E1", "arousal", 4)]
    assert [(r.dimension, r.score) for r in six.stated_means] == [("valence", 5.5), ("arousal", 5.0)]
    alone = turns["iemocap/Ses01M_script01_1_F000"]
    assert (alone.ratings, alone.stated_means) == ((), ())


def test_an_export_says_that_it_has_no_place_for_stated_means(valaro: Command, tmp_path: Path) -> None:
    make_oddities(tmp_path)
    write_manifest(tmp_path / "m.parquet", read_iemocap(tmp_path).utterances)
    answer = valaro("export", tmp_path / "m.parquet", "--to", tmp_path / "tables", "--as", "csv")
    assert answer.err.splitlines()[0] == (
        "no export has a place for the means that the corpus states of 5 utterances: it has their votes"
    )
    assert answer.code == 0


def test_the_levels_are_counted_alike_by_read_by_check_by_a_study_and_in_its_report(
    valaro: Command, tmp_path: Path
) -> None:
    make_oddities(tmp_path)
    manifest = tmp_path / "m.parquet"
    lines = [
        "iemocap, valence, low/medium/high of 5 utterances: by mean vote 1/3/1; by soft label 3/1/2 "
        "(1 tie, in each of its levels)",
        "iemocap, arousal, low/medium/high of 5 utterances: by mean vote 0/3/2; by soft label 2/2/3 "
        "(2 ties, in each of its levels)",
    ]
    read = valaro("read", "iemocap", tmp_path, "--to", manifest)
    assert [line for line in read.err.splitlines() if line.startswith("iemocap, ")] == lines
    checked = valaro("check", manifest, "--to", tmp_path / "check.html")
    assert [line for line in checked.err.splitlines() if line.startswith("iemocap, ")] == lines
    record = check([manifest])
    assert record.corpora[0].tallies == (VALENCE, AROUSAL)

    utterances = read_manifest(manifest).utterances
    make_store(tmp_path / "features", {u.id: {"fbank": np.zeros((10, 4))} for u in utterances})
    summaries = [
        load_data([manifest], [], tmp_path / "features", ["fbank"], votes=votes).summaries()
        for votes in ("each", "mean")
    ]
    assert [summary.tallies for (summary,) in summaries] == [(VALENCE, AROUSAL)] * 2
    # The levels that a study uses are those of its votes.
    assert [summary.levels["valence"] for (summary,) in summaries] == [(3, 1, 2), (1, 3, 1)]

    run = finished([training("MSSGAN", "ann", 0, GOOD)], corpora=summaries[1])
    folder = RunFolder(path=tmp_path / "run")
    begin_run(folder, run)
    write_result(folder, "a", run.results[0])
    (corpus,) = read_run(tmp_path / "run").corpora
    assert corpus.tallies == (VALENCE, AROUSAL)

    write_report_as([run], tmp_path / "report.md")
    markdown = (tmp_path / "report.md").read_text()
    for row in (
        "| valence, the paper (Table I) | mean vote | 32.1 (3 223) | 48.5 (4 869) | 19.4 (1 947) | 10 039 |",
        "| valence, iemocap | mean vote | 20.0 (1) | 60.0 (3) | 20.0 (1) | 5 |",
        "| valence, iemocap | soft label | 60.0 (3) | 20.0 (1) | 40.0 (2) | 5 |",
        "| arousal, iemocap | mean vote | 0.0 (0) | 60.0 (3) | 40.0 (2) | 5 |",
    ):
        assert row in markdown
    for page in (check_page(record), report_page([run])):
        assert "How the levels are counted" in page
        assert '<th scope="row" class="named">valence, iemocap</th><td class="words">mean vote</td>' in page


def test_the_whole_release_has_the_papers_table_1_by_its_stated_means_alone(tmp_path: Path) -> None:
    make_annotations(tmp_path, **PAPER)
    reading = read_iemocap(tmp_path)
    assert (reading.expected, len(reading.utterances), reading.rejected) == (10_039, 10_039, ())
    assert reading.skipped["annotators' lines with a 6, which means no rating"] == 34
    assert not [remark for remark in reading.remarks if "10039" in remark]
    valence, arousal = reading.tallies
    assert valence.by_mean == valence.paper == (3223, 4869, 1947)
    assert arousal.by_mean == arousal.paper == (1112, 7235, 1692)
    # 34 turns have an arousal of 2 and a six: their mean is 4, their only vote is low.
    assert arousal.by_soft_label == (1112 + 34, 7235, 1692 - 34)
    assert (arousal.utterances, arousal.ties) == (10_039, 0)


@pytest.mark.parametrize(
    ("arousal", "verdict"), [((1112, 7235, 1692), ", as the paper's"), ((1113, 7234, 1692), ", NOT")]
)
def test_read_says_whether_a_complete_release_has_the_papers_levels(
    valaro: Command, tmp_path: Path, arousal: tuple[int, int, int], verdict: str
) -> None:
    make_annotations(tmp_path, arousal=arousal, valence=PAPER["valence"])
    answer = valaro("read", "iemocap", tmp_path, "--to", tmp_path / "m.parquet")
    (line,) = [line for line in answer.err.splitlines() if line.startswith("iemocap, arousal")]
    counts = "/".join(map(str, arousal))
    assert f"by mean vote {counts} (the paper's Table I: 1112/7235/1692{verdict}" in line
    assert answer.code == 0
