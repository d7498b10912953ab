import csv
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.extraction import VERSIONS, command, fake, utterances
from valaro.checks.stores import store_findings
from valaro.errors import StoreError, ValaroError
from valaro.extraction import shard_job
from valaro.extraction.extract import ExtractionSummary, ExtractOptions, extract
from valaro.extraction.summary import problem_table, write_problems
from valaro.records import CorpusNote, Problem
from valaro.store import contents as contents_of
from valaro.store.feature_store import SHARDS, FeatureStore
from valaro.store.lock import exclusive_lock


def corpus(folder: Path, wishes: Mapping[str, str] | None = None, *, count: int = 0) -> Path:
    """Make "recordings" whose text says what happens to them, and a folder that counts what is extracted."""
    (folder / "calls").mkdir(parents=True, exist_ok=True)
    for name, wish in {**{f"{number:03}": "sleep" for number in range(count)}, **(wishes or {})}.items():
        (folder / f"{name}.txt").write_text(wish)
    return folder


def run(folder: Path, store: Path, names=("fbank", "face"), **options) -> ExtractionSummary:
    return extract_fake(utterances(folder), names, store, **options)


def extract_fake(utterances, names, to: Path, workers: int = 1, notes=(), **options) -> ExtractionSummary:
    options = ExtractOptions(**{"extractor": fake, "versions": VERSIONS, **options})
    return extract(utterances, names, to=to, workers=workers, notes=notes, options=options)


def calls(folder: Path) -> list[str]:
    """Return and forget which recordings were extracted for which features."""
    paths = sorted((folder / "calls").iterdir())
    for path in paths:
        path.unlink()
    return [path.name.split(".txt.")[0] + " " + path.name.split(".txt.")[1].rsplit(".", 1)[0] for path in paths]


def contents(store: Path) -> dict[str, str]:
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(store.rglob("*"))
    }


def test_what_the_extractor_gives_is_in_the_store(tmp_path):
    folder = corpus(tmp_path / "c", {"a": "", "b": ""})
    told = []
    summary = run(folder, tmp_path / "s", on_progress=lambda *counts: told.append(counts))
    assert summary == ExtractionSummary(requested=2, complete=2, partial=0, failed=0, skipped_existing=0, problems=())
    assert told == [(0, 2, 0), (1, 2, 0), (2, 2, 0)]
    store = FeatureStore.open(tmp_path / "s")
    store.verify()
    for utterance in utterances(folder):
        expected = {sequence.name: sequence.values for sequence in fake(utterance, ["fbank", "face"]).features}
        for name, values in expected.items():
            np.testing.assert_array_equal(store.values(utterance.id, name), values.astype(np.float16))
    assert [quality.utterance for quality in store.qualities] == ["c/a", "c/b"]


def test_every_kind_of_failure_is_a_row_and_the_counts_add_up(tmp_path):
    wishes = {"a": "", "b": "fail", "c": "bug", "d": "die", "e": "dark", "f": "nan", "g": "silent", "h": "loud"}
    summary = run(corpus(tmp_path / "c", wishes), tmp_path / "s", workers=2)
    assert (summary.requested, summary.complete, summary.partial, summary.failed) == (8, 2, 3, 3)
    rows = {problem.utterance: (problem.where, problem.why) for problem in summary.problems}
    assert rows.pop("c/c") == ("extraction", "ZeroDivisionError: oh")
    assert rows.pop("c/f")[1].startswith("1 rows hold numbers that are not finite, first row ")
    assert rows == {
        "c/b": ("extraction", "b.txt: no recording"),
        "c/d": ("extraction", "its process died 2 times, at last by exit code 9"),
        "c/e": ("picture", "no face in 75 frames"),
        "c/g": ("fbank", "nothing came out, for no reason given"),
    }
    store = FeatureStore.open(tmp_path / "s")
    assert store.problems == summary.problems
    assert (store.has("c/f", "fbank"), store.has("c/f", "face")) == (False, True)
    assert store.values("c/h", "fbank")[0].tolist() == [65504.0] * 3


def test_a_second_run_does_nothing_and_reports_the_same(tmp_path):
    folder = corpus(tmp_path / "c", {"a": "", "b": "fail", "c": "dark"})
    first = run(folder, tmp_path / "s")
    calls(folder)
    dates = {path: path.stat().st_mtime_ns for path in (tmp_path / "s" / SHARDS).rglob("*")}
    second = run(folder, tmp_path / "s")
    assert calls(folder) == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "s" / SHARDS).rglob("*")} == dates
    assert second == replace(first, skipped_existing=3)


def test_a_recording_that_was_copied_or_touched_is_not_done_again(tmp_path):
    folder = corpus(tmp_path / "c", {"a": ""})
    run(folder, tmp_path / "s")
    shutil.copytree(folder, tmp_path / "d")
    shutil.move(tmp_path / "s", tmp_path / "t")
    calls(tmp_path / "d")
    assert run(tmp_path / "d", tmp_path / "t").skipped_existing == 1
    assert calls(tmp_path / "d") == []


def test_a_recording_corrected_in_place_is_done_again_though_its_size_and_date_are_the_same(tmp_path):
    folder = corpus(tmp_path / "c", {"a": "good", "b": "good"})
    run(folder, tmp_path / "s")
    calls(folder)
    path = folder / "a.txt"
    date = path.stat()
    path.write_text("dark")
    os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (date.st_size, date.st_mtime_ns)
    store = FeatureStore.open(tmp_path / "s")
    found = {finding.what: finding.cases for finding in store_findings(store, utterances(folder))}
    assert found["Recordings or stretches that changed since they were extracted"] == ("c/a",)
    summary = run(folder, tmp_path / "s")
    assert calls(folder) == ["a face+fbank"]
    assert (summary.skipped_existing, summary.partial) == (1, 1)
    # Another file under its name that has the same contents is the same recording.
    shutil.copy(path, tmp_path / "copy")
    (tmp_path / "copy").replace(path)
    assert run(folder, tmp_path / "s").skipped_existing == 2
    assert calls(folder) == []


def test_a_recording_is_read_once_for_all_its_utterances_and_not_again_unless_it_was_touched(tmp_path, monkeypatch):
    folder = corpus(tmp_path / "c", {"a": "", "b": ""})
    read = []
    real = contents_of._checksum_of
    monkeypatch.setattr(contents_of, "_checksum_of", lambda path: (read.append(path.name), real(path))[1])
    three = [*utterances(folder), replace(utterances(folder)[0], id="c/a2", start=0.5)]

    def again():
        read.clear()
        extract_fake(three, ["fbank"], tmp_path / "s")
        return list(read)

    assert [again(), again()] == [["a.txt", "b.txt"], []]
    os.utime(folder / "b.txt")
    assert [again(), again()] == [["b.txt"], []]
    (tmp_path / "s" / contents_of.NAME).write_text("damaged")
    assert again() == ["a.txt", "b.txt"]


def test_a_grown_manifest_and_another_feature_reuse_what_is_there(tmp_path):
    folder = corpus(tmp_path / "c", {"a": "", "b": ""})
    run(folder, tmp_path / "s", names=["fbank"])
    assert calls(folder) == ["a fbank", "b fbank"]
    corpus(folder, {"c": ""})
    assert run(folder, tmp_path / "s", names=["fbank"]).skipped_existing == 2
    assert calls(folder) == ["c fbank"]
    corpus(folder, {"d": ""})
    assert run(folder, tmp_path / "s").complete == 4
    assert calls(folder) == ["a face", "b face", "c face", "d face+fbank"]
    store = FeatureStore.open(tmp_path / "s")
    run(folder, tmp_path / "at once")
    assert store.fingerprint == FeatureStore.open(tmp_path / "at once").fingerprint


def test_what_failed_is_tried_again_when_asked_or_when_its_recording_changes_size(tmp_path):
    folder = corpus(tmp_path / "c", {"a": "", "b": "fail", "c": "dark", "d": "fail"})
    run(folder, tmp_path / "s")
    calls(folder)
    (folder / "b.txt").write_text("")
    summary = run(folder, tmp_path / "s")
    assert (summary.complete, summary.partial, summary.failed) == (2, 1, 1)
    assert calls(folder) == ["b face+fbank"]
    (folder / "c.txt").write_text("good")
    summary = run(folder, tmp_path / "s", retry_failed=True)
    assert (summary.complete, summary.failed) == (3, 1)
    assert calls(folder) == ["c face+fbank", "d face+fbank"]
    assert [problem.utterance for problem in FeatureStore.open(tmp_path / "s").problems] == ["c/d"]


def test_a_changed_recording_stretch_or_feature_version_is_done_again(tmp_path):
    folder = corpus(tmp_path / "c", {"a": "", "b": ""})
    run(folder, tmp_path / "s")
    calls(folder)
    (folder / "a.txt").write_text("another")
    run(folder, tmp_path / "s", names=["fbank"])
    assert calls(folder) == ["a fbank"]
    assert not FeatureStore.open(tmp_path / "s").has("c/a", "face")
    first, second = utterances(folder)
    stretches = [first, replace(second, start=0.5)]
    extract_fake(stretches, ["fbank"], tmp_path / "s")
    assert calls(folder) == ["b fbank"]
    extract_fake(stretches, ["fbank"], tmp_path / "s", versions={"fbank": "2"})
    assert calls(folder) == ["a fbank", "b fbank"]
    FeatureStore.open(tmp_path / "s").verify()


def test_a_recording_that_is_gone_takes_nothing_out_of_the_store(tmp_path):
    folder = corpus(tmp_path / "c", {"a": ""})
    wanted = utterances(folder)
    run(folder, tmp_path / "s")
    (folder / "a.txt").unlink()
    extract_fake(wanted, ["fbank"], tmp_path / "s")
    assert FeatureStore.open(tmp_path / "s").has("c/a", "face")
    new = [replace(wanted[0], id="c/new")]
    summary = extract_fake(new, ["fbank"], tmp_path / "s")
    assert summary.problems[0].why == f"'{folder / 'a.txt'}': No such file or directory"


def test_other_utterances_of_a_store_are_left_alone(tmp_path):
    one, two = corpus(tmp_path / "one", {"a": ""}), corpus(tmp_path / "two", {"b": "fail"})
    run(one, tmp_path / "s", notes=[CorpusNote(corpus="c", text="one")])
    summary = run(two, tmp_path / "s", notes=[CorpusNote(corpus="c", text="two")])
    assert (summary.requested, summary.failed) == (1, 1)
    store = FeatureStore.open(tmp_path / "s")
    assert store.ids == ("c/a",)
    assert store.notes == (CorpusNote(corpus="c", text="one"), CorpusNote(corpus="c", text="two"))
    assert store.problems == (Problem(utterance="c/b", where="extraction", why="b.txt: no recording"),)


def test_the_store_is_the_same_bytes_with_any_number_of_workers(tmp_path):
    folder = corpus(tmp_path / "c", {"007": "fail", "020": "dark", "030": "die"}, count=40)
    for workers in (1, 3):
        assert run(folder, tmp_path / str(workers), workers=workers).requested == 40
    assert contents(tmp_path / "1") == contents(tmp_path / "3")
    # 40 utterances in shards of 16: three folders.
    assert len(list((tmp_path / "1" / SHARDS).iterdir())) == 3


def test_rows_are_written_by_the_worker_alone_and_two_that_end_their_processes_fail_alone(tmp_path, monkeypatch):
    # Workers import the module anew; here nobody could write a shard.
    monkeypatch.setattr(shard_job, "new_shard", None)
    folder = corpus(tmp_path / "c", {"a": "", "b": "die", "c": "", "d": "die", "e": "dark"})
    told = []
    summary = run(folder, tmp_path / "s", on_progress=lambda *counts: told.append(counts))
    assert (summary.complete, summary.partial, summary.failed) == (2, 1, 2)
    assert [done for done, _, _ in told] == [0, 1, 2, 3, 4, 5]
    assert [problem.utterance for problem in summary.problems] == ["c/b", "c/d", "c/e"]
    assert len(list((tmp_path / "s" / SHARDS).iterdir())) == 1
    assert FeatureStore.open(tmp_path / "s").ids == ("c/a", "c/c", "c/e")


def test_an_extraction_killed_three_times_ends_in_the_same_bytes(tmp_path):
    folder = corpus(tmp_path / "c", {"011": "fail sleep", "022": "dark sleep"}, count=100)
    run(folder, tmp_path / "undisturbed", workers=2)
    store, moments = tmp_path / "killed", random.Random(7)
    for _ in range(3):
        process = subprocess.Popen(command(folder, store, 2))
        while process.poll() is None and not list(store.glob("shards/.*.part/*")):
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.3))
        assert process.poll() is None, "it ended before it was killed"
        process.kill()
        process.wait()
    assert len(FeatureStore.open(store)) < 99
    subprocess.run(command(folder, store, 2), check=True, timeout=60)
    assert contents(store) == contents(tmp_path / "undisturbed")
    FeatureStore.open(store).verify()


def test_an_interrupted_extraction_leaves_whole_shards_and_nothing_else(tmp_path):
    folder = corpus(tmp_path / "c", count=200)
    process = subprocess.Popen(command(folder, tmp_path / "s", 2), stderr=subprocess.PIPE)
    while process.poll() is None and not list((tmp_path / "s" / SHARDS).glob("[!.]*")):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert not [path for path in (tmp_path / "s").rglob(".*") if path.name != ".lock"]
    assert 16 <= len(FeatureStore.open(tmp_path / "s")) < 200


def test_two_extractions_into_one_store_refuse(tmp_path):
    folder = corpus(tmp_path / "c", {"a": ""})
    with (
        exclusive_lock(tmp_path / "s", "extracts"),
        pytest.raises(StoreError, match="another process extracts into it"),
    ):
        run(folder, tmp_path / "s")


def test_what_cannot_be_asked_is_said(tmp_path):
    folder = corpus(tmp_path / "c", {"a": ""})
    (one,) = utterances(folder)
    for arguments, words in (
        ({"workers": 0}, "0 workers: expected at least 1"),
        ({"workers": -2}, "-2 workers"),
        ({"names": []}, "no feature is named"),
        ({"utterances": []}, "nothing to extract"),
        ({"utterances": [one, one]}, "c/a: 2 times"),
        ({"utterances": [one, replace(one, end=1.0)]}, "c/a: 2 times, with different contents"),
        ({"names": ["fbnak"], "versions": None}, "did you mean 'fbank'"),
    ):
        given = {"utterances": [one], "names": ["fbank"], **arguments}
        with pytest.raises(ValaroError, match=words):
            extract_fake(given.pop("utterances"), given.pop("names"), tmp_path / "s", **given)
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thesis.tex").write_text("")
    with pytest.raises(StoreError, match="is no feature store"):
        run(folder, tmp_path / "s")


class GoneInTheWorker:
    """An extractor that no worker can rebuild, as when a package is missing."""

    def __reduce__(self):
        return int, ("no number",)

    def __call__(self, utterance, names):
        raise AssertionError


def test_a_fault_that_is_no_recordings_stops_the_run_and_is_not_kept(tmp_path):
    folder = corpus(tmp_path / "c", {"a": ""})
    with pytest.raises(StoreError, match="extraction stopped at c/a: the job cannot be read by its worker"):
        run(folder, tmp_path / "s", extractor=GoneInTheWorker())
    assert run(folder, tmp_path / "s").complete == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_end_leaves_no_scratch_and_the_same_command_goes_on(tmp_path, number):
    folder = corpus(tmp_path / "c", {f"{k:02}": "sleep" for k in range(40)})
    # The extraction as a verb of the command line.
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from helpers import extraction as fake; "
        "from valaro.cli import app; app.app = lambda prog_name: fake.main(*sys.argv[2:]); app.main()"
    )
    arguments = [str(Path(__file__).parent), str(folder), str(tmp_path / "s"), "1"]
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("s/shards/.*.part/*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    process.send_signal(number)
    _, words = process.communicate(timeout=60)
    # As the shell says it: 143, 129, 130.
    assert (process.returncode, words.strip()) == (
        128 + number,
        "valaro: stopped; what was finished is kept, the same command goes on from there",
    )
    assert list((tmp_path / "s").rglob(".*.part")) == []
    run(folder, tmp_path / "s")
    run(folder, tmp_path / "whole")
    assert contents(tmp_path / "s") == contents(tmp_path / "whole")


def test_every_reason_stands_in_a_table_beside_the_store_which_goes_when_none_is_left(tmp_path):
    summary = run(corpus(tmp_path / "c", {f"{k:03}": "fail" for k in range(145)}), tmp_path / "s")
    table = problem_table(tmp_path / "s")
    assert table == tmp_path / "s.problems.csv"
    write_problems(table, summary.problems)
    with table.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["utterance", "where", "why", "is_remark"]
    assert len(rows) == 145
    assert rows[144] == ["c/144", "extraction", "144.txt: no recording", "false"]
    write_problems(problem_table(tmp_path / "s"), [])
    assert not table.exists()
    # What an earlier version wrote, which had no column for remarks, is ours too.
    table.write_text("utterance,where,why\n")
    assert problem_table(tmp_path / "s") == table
    table.write_text("my notes\n")
    with pytest.raises(ValaroError, match="what is there is not of valaro's making"):
        problem_table(tmp_path / "s")


def test_no_name_in_the_table_of_problems_is_a_formula_and_a_remark_is_called_one(tmp_path):
    problems = [
        Problem(utterance="=1+1", where="sound", why="is cut short"),
        Problem(utterance="c/b", where="sound", why="is loud", is_remark=True),
    ]
    write_problems(tmp_path / "s.problems.csv", problems)
    assert (tmp_path / "s.problems.csv").read_text().splitlines() == [
        "utterance,where,why,is_remark",
        "'=1+1,sound,is cut short,false",
        "c/b,sound,is loud,true",
    ]
