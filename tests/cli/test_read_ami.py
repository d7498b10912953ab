"""`valaro read ami` as a user types it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.ami import make_meeting, write_meetings
from valaro.cli.app import main
from valaro.store.manifest import read_manifest


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A meeting of 12 s."""
    folder = tmp_path_factory.mktemp("ami") / "amicorpus"
    write_meetings(folder, ["ES2002a"])
    make_meeting(folder, "ES2002a", 12.0)
    return folder


@pytest.fixture
def valaro(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str], tuple[int, str]]:
    """Runs a command line beside the corpus, in this process; returns its exit code and words."""

    def run(line: str) -> tuple[int, str]:
        monkeypatch.chdir(corpus.parent)
        monkeypatch.setattr(sys, "argv", ["valaro", *line.split()])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, capfd.readouterr().err

    return run


def test_so_many_voices_are_drawn_and_counted(corpus: Path, valaro) -> None:
    options = "--samples 9 --seed 1 --no-faces --overlap --workers 2"
    code, said = valaro(f"read ami amicorpus --to m.parquet {options}")
    assert code == 0, said
    assert "9 utterances of 4 speakers, 0 labelled -> m.parquet" in said
    assert "not looked at: whether a face shows" in said
    manifest = read_manifest(corpus.parent / "m.parquet")
    assert len(manifest.utterances) == 9
    assert {u.media.name for u in manifest.utterances} <= {f"ES2002a.Closeup{n}.avi" for n in (1, 2, 3, 4)}


def test_drawn_pictures_have_no_face_and_the_user_reads_why_nothing_came(corpus: Path, valaro) -> None:
    code, said = valaro("read ami amicorpus --to n.parquet --samples 5")
    # Four speakers with two sentences of ten places each.
    assert "asked for 5 samples, got 0: of all 80 places 80 were without a face" in said
    assert "nothing was read, and n.parquet is not written" in said
    assert code == 1
    assert not (corpus.parent / "n.parquet").exists()


def test_a_manifest_that_is_there_is_not_replaced_by_an_empty_one(corpus: Path, valaro) -> None:
    before = corpus.parent / "before.parquet"
    assert valaro("read ami amicorpus --to before.parquet --samples 1 --no-faces")[0] == 0
    assert valaro("read ami amicorpus --to before.parquet --samples 1")[0] == 1
    assert len(read_manifest(before).utterances) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("ami nowhere", "nowhere: there is no such folder"),
        ("ami .", "nothing of this corpus is there; expected corpusResources/meetings.xml"),
        ("ami amicorpus --samples 0", "0 samples: expected at least 1"),
        ("ami amicorpus --workers 0", "0 workers: expected at least 1"),
        ("ami amicorpus --scale 1 5", "No such option: --scale (Possible options: --samples, --seed)"),
        ("table t.csv --no-faces", "No such option: --no-faces"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_2(valaro, arguments: str, words: str) -> None:
    code, said = valaro(f"read {arguments} --to x.parquet")
    assert code == 2
    assert words in said
    assert "Traceback" not in said
