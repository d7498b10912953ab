"""The command line as a user meets it: help, mistakes, bad recordings, and the whole way on small media."""

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from helpers.commands import Answer, Command
from helpers.features import an_utterance
from helpers.media import make_recording
from helpers.models import a_model
from helpers.studies import make_study, settings_of
from valaro.cli.console import JobCount, list_problems
from valaro.errors import ValaroError
from valaro.experiments.cross_validate import describe
from valaro.experiments.data import load_study
from valaro.experiments.final_model import FinalModel
from valaro.experiments.run_folder import RunFolder
from valaro.experiments.run_start import begin_run
from valaro.records import Alarm, Problem
from valaro.saved_model import save_model
from valaro.store.manifest import write_manifest

VERBS = (
    *(
        "demo",
        "read",
        "export",
        "train-face-network",
        "extract",
        "check",
        "train",
        "cross-validate",
        "report",
        "predict",
    ),
)


def _assert_one_message(answer: Answer, *words: str) -> None:
    assert answer.code == 2, answer
    assert answer.out == ""
    # Nothing stands before the message, and lines after its first belong to it: they are set in.
    first, *others = answer.err.rstrip("\n").split("\n")
    assert first.startswith("valaro: ")
    assert all(line.startswith("  ") for line in others)
    assert "Traceback" not in answer.err
    for word in words:
        assert word in answer.err


def _swelling(loudness: float, hertz: float = 300.0, seconds: float = 1.5) -> Callable[[np.ndarray], np.ndarray]:
    return lambda times: (loudness * (0.5 + times / seconds / 2) * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def _voice(path: Path, loudness: float = 0.3, hertz: float = 300.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = _swelling(loudness, hertz)
    return make_recording(path, picture=False, sound=sound, seconds=1.5, sound_rate=16_000)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with an untrained model of the voice."""
    model = a_model({"fbank": 128}, mean=-10.0, deviation=4.0)
    save_model(model.exported(), RunFolder(path=tmp_path / "final").model("valence"))
    return tmp_path / "final"


def test_help_loads_no_torch_and_lists_every_verb() -> None:
    code = (
        "import atexit, sys\n"
        "heavy = {'torch', 'cv2', 'av', 'numpy', 'pyarrow', 'pydantic', 'matplotlib'}\n"
        "atexit.register(lambda: sys.stderr.write(' '.join(sorted(heavy & set(sys.modules)))))\n"
        "from valaro.cli.app import main\n"
        "sys.argv = ['valaro', '--help']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    listed = [line.split()[0] for line in done.stdout.partition("Commands:")[2].splitlines() if line.strip()]
    assert sorted(listed) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(valaro: Command, verb: str) -> None:
    answer = valaro(verb, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"Usage: valaro {verb}" in answer.out
    assert "--to" in answer.out


def test_the_installed_program_ends_a_mistake_with_2_and_its_words(tmp_path: Path) -> None:
    arguments = ["read", "table", "nowhere.csv", "--to", "out.parquet"]
    code = f"import sys; from valaro.cli.app import main; sys.argv = ['valaro', *{arguments!r}]; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "valaro: nowhere.csv: there is no such file\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("read table nowhere.csv --to out.parquet", "nowhere.csv: there is no such file"),
        ("read tabel utterances.csv --to out.parquet", "unknown kind of corpus 'tabel': did you mean 'table'?"),
        ("extract nowhere.parquet --to features", "nowhere.parquet: there is no such manifest"),
        ("extract toy.parquet --to store --features fbnak", "unknown feature 'fbnak': did you mean 'fbank'?"),
        ("extract toy.parquet --to store --features ,", "no feature is named"),
        ("extract toy.parquet --to store --workers 0", "0 workers"),
        ("extract toy.parquet toy.parquet --to store", "utterances given more than once"),
        ("extract study.toml --to store", "study.toml: not a manifest"),
        ("train nowhere.toml --to run", "no settings file 'nowhere.toml'"),
        ("train study.toml --to run", "train makes one model for use, the settings name 2"),
        ("train study.toml --to run --set study.models=[", "study.models = '['"),
        ("cross-validate nowhere.toml --to run", "no settings file 'nowhere.toml'"),
        ("cross-validate . --to run", "cannot read settings '.'"),
        ("cross-validate model.toml --to run", "unknown model 'MSGAN': did you mean 'MSSGAN'?"),
        ("cross-validate misspelt.toml --to run", "training.stepps: unknown setting, did you mean 'steps'?"),
        ("cross-validate study.toml --to run --set training.stepps=3", "training.stepps: unknown setting"),
        ("cross-validate study.toml --to run --set steps=3", "expected section.name=value"),
        ("cross-validate study.toml --to run --seeds 0", "study.seeds = 0"),
        ("cross-validate study.toml --to run --workers 0", "0 workers"),
        ("cross-validate study.toml --to run --set data.features=nowhere", "there is no such folder"),
        ("report nowhere --to page.html", "'nowhere' is not a run folder"),
        ("report empty --to page.html", "no test result in empty"),
        ("train study.toml --to voice.wav --set study.models=['MFSBase']", "'voice.wav' is a file, expected a folder"),
        ("cross-validate study.toml --to voice.wav", "'voice.wav' is a file, expected a folder"),
        ("extract toy.parquet --to voice.wav", "'voice.wav' is a file, expected a folder"),
        ("predict nowhere voice.wav", "'nowhere' holds no model"),
        ("predict empty voice.wav", "'empty' holds no model"),
        ("predict final nowhere.wav", "no recording nowhere.wav"),
        ("predict final voice.wav features --to pages", "no recording features"),
        ("predict final voice.wav --to page.html --expressions", "a page does not show expressions"),
        ("predict final voice.wav --to page.htm", "unknown kind of timeline '.htm': did you mean '.html'?"),
        ("predict final voice.wav more.wav --to page.html", "2 recordings do not fit into 'page.html'"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_2(
    valaro: Command, tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, words: str
) -> None:
    study = make_study(tmp_path)
    text = study.read_text()
    (tmp_path / "model.toml").write_text(text.replace("MFSBase", "MSGAN"))
    (tmp_path / "misspelt.toml").write_text(text.replace("steps", "stepps"))
    _begin_empty_run(tmp_path)
    for name in ("voice.wav", "more.wav"):
        (tmp_path / name).write_bytes(b"never opened")
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    _assert_one_message(valaro(*arguments.split()), words)
    # A mistake leaves nothing behind but, at most, the folder that was asked for.
    assert {path.name for path in tmp_path.iterdir()} - set(before) <= {"run", "store"}


def _begin_empty_run(folder: Path) -> None:
    settings = settings_of(folder / "study.toml")
    data = load_study(settings)
    begin_run(RunFolder(path=folder / "empty"), describe(settings, data, "cross-validation"))


@pytest.mark.parametrize("arguments", ["", "read", "read table", "fly me", "extract --workers many", "report"])
def test_an_incomplete_command_is_explained(valaro: Command, arguments: str) -> None:
    answer = valaro(*arguments.split())
    assert answer.code == 2
    assert "Usage: valaro" in answer.err + answer.out
    assert "Traceback" not in answer.err


def test_every_fault_of_a_table_is_named_with_its_line(valaro: Command, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("utterance,file,speaker,valence\na,gone.wav,03,low\nb,t.csv,04,lowish\n")
    answer = valaro("read", "table", tmp_path / "t.csv", "--to", tmp_path / "t.parquet")
    _assert_one_message(answer, "2 problems", "line 2", "gone.wav", "line 3", "lowish")
    assert not (tmp_path / "t.parquet").exists()


def test_extract_does_the_others_and_ends_with_1_if_a_recording_is_bad(valaro: Command, tmp_path: Path) -> None:
    media = [_voice(tmp_path / f"{name}.wav") for name in ("a", "c")]
    bad = tmp_path / "b.wav"
    bad.write_text("no sound at all\n" * 20)
    names = {"a": media[0], "b": bad, "c": media[1]}
    utterances = [an_utterance(name, level=None) for name in names]
    write_manifest(
        tmp_path / "m.parquet", [replace(u, media=p) for u, p in zip(utterances, names.values(), strict=True)]
    )
    arguments = ("extract", tmp_path / "m.parquet", "--to", tmp_path / "store", "--features", "fbank")
    first = valaro(*arguments)
    assert first.code == 1
    assert "3 asked for: 2 complete, 0 in part, 1 failed; 0 were there already" in first.err
    assert "toy/b: recording:" in first.err
    assert "Traceback" not in first.err
    # What failed once is not tried again, and is still no success.
    again = valaro(*arguments)
    assert again.code == 1
    assert "1 failed; 3 were there already" in again.err
    assert "toy/b" in again.err


def test_extract_says_how_many_utterances_and_on_a_resume_how_many_were_done_before(
    valaro: Command, tmp_path: Path
) -> None:
    voice = _voice(tmp_path / "a.wav")
    utterances = [
        replace(an_utterance(f"u{number:02}", level=None), media=voice, start=0.05 * number / 2, end=1.0)
        for number in range(30)
    ]
    write_manifest(tmp_path / "half.parquet", utterances[:15])
    write_manifest(tmp_path / "all.parquet", utterances)
    arguments = ("--to", tmp_path / "store", "--features", "fbank")
    fresh = valaro("extract", tmp_path / "half.parquet", *arguments)
    assert fresh.err.splitlines()[0] == "extract: 15 utterances"
    resumed = valaro("extract", tmp_path / "all.parquet", *arguments)
    assert resumed.err.splitlines()[0] == "extract: 30 utterances, 15 of them done before"


def test_a_sound_file_is_complete_with_what_it_has(valaro: Command, tmp_path: Path) -> None:
    utterance = replace(an_utterance("a", level=None), media=_voice(tmp_path / "a.wav"))
    write_manifest(tmp_path / "m.parquet", [utterance])
    answer = valaro("extract", tmp_path / "m.parquet", "--to", tmp_path / "store", "--features", "fbank,face")
    assert answer.code == 0
    assert "1 asked for: 1 complete, 0 in part, 0 failed" in answer.err
    assert "1 of them have no picture: complete with what they have" in answer.err
    # Faces alone were asked for, and there are none: that failed.
    answer = valaro("extract", tmp_path / "m.parquet", "--to", tmp_path / "faces", "--features", "face")
    assert "1 asked for: 0 complete, 0 in part, 1 failed" in answer.err


def test_predict_does_the_others_and_ends_with_1_if_a_recording_is_bad(
    valaro: Command, tmp_path: Path, run: Path
) -> None:
    first, same = _voice(tmp_path / "voice.wav"), _voice(tmp_path / "elsewhere" / "voice.wav", hertz=700)
    unnamed = _voice(tmp_path / os.fsdecode(b"m\xfcller.wav"))
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound at all")
    answer = valaro("predict", run, first, bad, same, unnamed, "--to", tmp_path / "pages")
    assert answer.code == 1
    assert f"{bad}: recording:" in answer.err
    assert "ller.wav: name: its name holds bytes that are not UTF-8: rename it" in answer.err
    assert "Traceback" not in answer.err
    # Two recordings of one name do not overwrite each other.
    assert sorted(page.name for page in (tmp_path / "pages").iterdir()) == ["voice-1.html", "voice-3.html"]


def test_a_page_that_cannot_be_written_there_is_one_message(valaro: Command, tmp_path: Path, run: Path) -> None:
    recording = _voice(tmp_path / "voice.wav")
    for target in (recording / "page.html", tmp_path / "folder.html"):
        (tmp_path / "folder.html").mkdir(exist_ok=True)
        _assert_one_message(valaro("predict", run, recording, "--to", target), str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["final", "folder.html", "voice.wav"]


def test_a_full_disk_is_one_message_that_names_no_temporary_file(
    valaro: Command, tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [errno.ENOSPC, errno.EROFS]

    def full(path: Path, _mode: int) -> None:
        raise OSError(number := faults.pop(0), os.strerror(number), str(path))

    monkeypatch.setattr(Path, "chmod", full)
    page = tmp_path / "page.html"
    predict = ("predict", run, _voice(tmp_path / "voice.wav"), "--to", page)
    _assert_one_message(valaro(*predict), "no space is left on the disk", "what was finished is kept")
    _assert_one_message(valaro(*predict), f"'{page}': Read-only file system")


def _float_wav(path: Path, spoilt: float, seconds: float = 1.5) -> Path:
    samples = (0.1 * np.random.default_rng(0).standard_normal(int(16_000 * seconds))).astype(np.float32)
    samples[8000] = spoilt
    soundfile.write(path, samples, 16_000, "FLOAT")
    return path


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf, 1e38])
def test_samples_that_are_no_loudness_cost_their_recording_alone_in_predict_as_in_extract(
    valaro: Command, tmp_path: Path, run: Path, spoilt: float
) -> None:
    names = {"bad": _float_wav(tmp_path / "bad.wav", spoilt), "good": _voice(tmp_path / "good.wav")}
    why = "holds samples that are no loudness (not a number, infinite, or far too large), the first at about 0.50 s"
    answer = valaro("predict", run, *names.values(), "--to", tmp_path / "pages")
    assert answer.code == 1
    assert f"bad.wav: recording: the sound of {names['bad']} {why}" in answer.err
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["good.html"]
    utterances = [replace(an_utterance(name, level=None), media=path) for name, path in names.items()]
    write_manifest(tmp_path / "m.parquet", utterances)
    answer = valaro("extract", tmp_path / "m.parquet", "--to", tmp_path / "store", "--features", "fbank")
    assert answer.code == 1
    assert "1 complete, 0 in part, 1 failed" in answer.err
    assert why in answer.err


def test_sound_in_whole_numbers_of_64_bits_is_a_problem_in_words(valaro: Command, tmp_path: Path, run: Path) -> None:
    with av.open(str(tmp_path / "long.wav"), "w") as container:
        stream = container.add_stream("pcm_s64le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="flt", layout="mono")
        frame.sample_rate = 16_000
        for part in (frame, None):
            container.mux(stream.encode(part))
    answer = valaro("predict", run, tmp_path / "long.wav", _voice(tmp_path / "good.wav"), "--to", tmp_path / "pages")
    assert answer.code == 1
    assert "is stored in whole numbers of 64 bits, which are not read: convert it to 16, 24 or 32 bits" in answer.err
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["good.html"]


def test_each_of_several_recordings_has_a_page_of_its_own_however_it_is_called(
    valaro: Command, tmp_path: Path, run: Path
) -> None:
    voice = _voice(tmp_path / "v.wav")
    names = ("x/a.wav", "y/a.wav", "z/a-1.wav", "z/A.wav", f"{'n' * 251}.wav", f"{'é' * 125}.wav")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(voice, tmp_path / name)
    (tmp_path / "results.v2").mkdir()
    answer = valaro("predict", run, *(tmp_path / name for name in names), "--to", tmp_path / "results.v2")
    assert answer.code == 0
    pages = sorted(path.name for path in (tmp_path / "results.v2").iterdir())
    assert len({name.casefold() for name in pages}) == 6
    assert {"a-1.html", "a-2.html", "A-4.html"} <= set(pages)
    assert sum("~" in name and len(name.encode()) < 200 for name in pages) == 2
    assert valaro("predict", run, voice, "--to", tmp_path / "results.v2").code == 0
    assert (tmp_path / "results.v2" / "v.html").is_file()
    assert valaro("predict", run, voice, "--to", tmp_path / "T.CSV").code == 0
    assert (tmp_path / "T.CSV").read_text().startswith("recording,dimension,")


def test_what_is_no_file_is_named_as_what_it_is_at_once_and_the_others_are_done(
    valaro: Command, tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    (tmp_path / "nothing.wav").symlink_to(tmp_path / "gone.wav")
    shut = _voice(tmp_path / "shut.wav")
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != shut and real(path, mode))
    good = _voice(tmp_path / "good.wav")
    expected = {
        tmp_path / "pipe.wav": "is a pipe",
        Path("/dev/zero"): "is a device",
        tmp_path / "loop.wav": "is a link that leads back to itself",
        tmp_path / "nothing.wav": "is a link to something that does not exist",
        shut: "may not be read (permission denied)",
    }
    answer = valaro("predict", run, *expected, good, "--to", tmp_path / "pages")
    assert answer.code == 1
    for path, words in expected.items():
        assert f"{path}: recording: the recording {path} {words}: expected a sound or video file" in answer.err
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["good.html"]
    # The workers of extract do not see what this test does to the one that may not be read.
    media = [*list(expected)[:-1], good]
    utterances = [replace(an_utterance(str(number), level=None), media=path) for number, path in enumerate(media)]
    write_manifest(tmp_path / "m.parquet", utterances)
    answer = valaro("extract", tmp_path / "m.parquet", "--to", tmp_path / "store", "--features", "fbank")
    assert (answer.code, "1 complete, 0 in part, 4 failed" in answer.err) == (1, True)
    assert all(words in answer.err for words in list(expected.values())[:-1])


def test_predict_takes_a_folder_and_finds_what_read_recordings_does(valaro: Command, tmp_path: Path, run: Path) -> None:
    for name in ("a.wav", "deep/b.WAV", ".hidden/c.wav"):
        _voice(tmp_path / "folder" / name)
    (tmp_path / "folder" / "notes.txt").write_text("")
    answer = valaro("predict", run, tmp_path / "folder", "--to", tmp_path / "pages")
    assert answer.code == 0
    assert "1 files that are no recordings" in answer.err
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == ["a.html", "b.html"]


def test_nothing_that_is_shown_commands_the_terminal(valaro: Command, tmp_path: Path, run: Path) -> None:
    name = "a\x1b]0;X\x07\x1b[2J\u202eb[bold]:dog:\n.wav"
    recording = _voice(tmp_path / name)
    assert valaro("predict", run, recording, "--to", tmp_path / "pages").code == 0
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / name).write_bytes(b"no sound")
    answer = valaro("predict", run, tmp_path / "bad" / name, "--to", tmp_path / "pages")
    shown = r"a\x1b]0;X\x07\x1b[2J\u202eb[bold]:dog:\n.wav"
    assert answer.code == 1
    assert f"  {tmp_path / 'bad'}/{shown}: recording: the file {tmp_path / 'bad'}/{shown} is no recording" in answer.err
    for arguments in (("extract", f"{name}.parquet", "--to", "store"), ("predict", run, "--to\x1b[2J")):
        answer = valaro(*arguments)
        assert answer.code == 2
        assert r"\x1b[2J" in answer.err
        assert "\x1b" not in answer.err + answer.out
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["a_]0;X__[2J_b[bold]:dog:_.html"]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_gone_ends_a_command_without_a_word(tmp_path: Path, stream: str) -> None:
    line = ["--help"] if stream == "stdout" else ["read", "table", "nowhere.csv", "--to", "out.parquet"]
    code = f"import sys; from valaro.cli.app import main; sys.argv = ['valaro', *{line!r}]; main()"
    reading, writing = os.pipe()
    os.close(reading)
    other = "stderr" if stream == "stdout" else "stdout"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, **{stream: writing, other: subprocess.PIPE})
    os.close(writing)
    assert (done.returncode, getattr(done, other)) == (141, b"")


def test_what_a_user_has_is_never_written_over(valaro: Command, tmp_path: Path, run: Path) -> None:
    study = make_study(tmp_path / "study")
    mine = {name: tmp_path / name for name in ("labels.csv", "film.html", "check.txt")}
    for path in mine.values():
        path.write_text("utterance,file\n")
    recording = _voice(tmp_path / "voice.wav")
    _assert_one_message(valaro("predict", run, recording, "--to", mine["labels.csv"]), "labels.csv", "another name")
    _assert_one_message(valaro("check", study.parent / "toy.parquet", "--to", mine["film.html"]), "another name")
    _assert_one_message(valaro("check", study.parent / "toy.parquet", "--to", mine["check.txt"]), "ends in .html")
    assert {path.read_text() for path in mine.values()} == {"utterance,file\n"}
    for _ in range(2):
        assert valaro("predict", run, recording, "--to", tmp_path / "timeline.csv").code == 0


def test_a_report_leaves_out_what_was_trained_for_use_and_counts_a_run_once(valaro: Command, tmp_path: Path) -> None:
    study = make_study(tmp_path / "study")
    crossed, run = tmp_path / "crossed", tmp_path / "final"
    for verb, to in (("cross-validate", crossed), ("train", run)):
        assert valaro(verb, study, "--to", to, "--set", 'study.models=["MFSBase"]').code == 0
    answer = valaro("report", crossed, run, crossed, "--to", tmp_path / "twice.csv")
    assert answer.code == 0
    assert f"left out: {run} has no test result" in answer.out + answer.err
    assert valaro("report", crossed, "--to", tmp_path / "once.csv").code == 0
    assert (tmp_path / "twice.csv").read_bytes() == (tmp_path / "once.csv").read_bytes()


def test_a_folder_whose_name_is_not_utf_8_is_one_message(valaro: Command, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"m\xfcller")
    _voice(folder / "voice.wav")
    (folder / "table.csv").write_text("utterance,file\na,voice.wav\n")
    _assert_one_message(
        valaro("read", "table", folder / "table.csv", "--corpus", "c", "--to", tmp_path / "m.parquet"), "UTF-8"
    )
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_an_unexpected_fault_of_ours_is_not_hidden(valaro: Command, tmp_path: Path, run: Path, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("valaro.prediction.predictor.make_timeline", broken)
    with pytest.raises(ZeroDivisionError):
        valaro("predict", run, _voice(tmp_path / "voice.wav"), "--to", tmp_path / "page.html")


def test_ctrl_c_ends_with_130_and_says_what_is_kept(valaro: Command, tmp_path: Path, run: Path, monkeypatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("valaro.prediction.predictor.make_timeline", stopped)
    answer = valaro("predict", run, _voice(tmp_path / "voice.wav"), "--to", tmp_path / "page.html")
    assert answer.code == 130
    assert "Traceback" not in answer.err


def _write_corpus(folder: Path) -> Path:
    """Write 24 tones of four people in two sessions, the louder the more aroused, and a table; two have no label."""
    rows: list[Sequence[str]] = [("utterance", "file", "speaker", "gender", "session", "valence", "arousal")]
    for person in range(4):
        for index in range(6):
            name = f"{person}_{index}"
            _voice(folder / f"{name}.wav", loudness=(0.02, 0.1, 0.5)[index % 3], hertz=200 + 60 * person + 5 * index)
            level = ("low", "medium", "high")[index % 3] if index < 5 else ""
            votes = str(1 + 2 * (index % 3)) + ";3" if index < 5 else ""
            rows.append((name, f"{name}.wav", f"0{person}", "FM"[person % 2], str(person // 2 + 1), votes, level))
    with (folder / "utterances.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder / "utterances.csv"


def test_the_whole_way_from_recordings_to_a_report_and_a_timeline(
    valaro: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table = _write_corpus(tmp_path / "tones")
    (tmp_path / "study.toml").write_text(
        '[data]\nlabelled = ["tones.parquet"]\nfeatures = "features"\n'
        '[study]\nmodels = ["MFSBase", "SSGAN:fbank"]\nfeatures = ["fbank", "fft"]\ndirections = "coin"\n'
        "[network]\nwidth = 0.125\n[training]\nsteps = 6\nbatch_size = 4\n"
    )
    done = valaro("read", "table", table, "--to", "tones.parquet", "--note", "Tones, no voices.")
    assert (done.code, done.out) == (0, "")
    assert "24 utterances of 4 speakers, 20 labelled -> tones.parquet" in done.err
    done = valaro("extract", "tones.parquet", "--to", "features", "--features", "fbank,fft")
    assert done.code == 0
    assert "24 asked for: 24 complete, 0 in part, 0 failed; 0 were there already" in done.err
    done = valaro("cross-validate", "study.toml", "--to", "runs/study", "--set", "study.dimensions=['arousal']")
    assert (done.code, done.out) == (0, "")
    assert "next: valaro report runs/study" in done.err
    # Two models, LR and SVM on the features of each, the control; two folds.
    assert len(list(Path("runs/study/results").iterdir())) == 14
    assert valaro("report", "runs/study", "--to", "report.html").code == 0
    page = Path("report.html").read_text()
    assert all(words in page for words in ("Tones, no voices.", "MFSBase", "SSGAN fbank", "SVM fbank+fft", "arousal"))
    one_model = ["--set", 'study.models=["MFSBase"]']
    done = valaro("train", "study.toml", "--to", "runs/final", *one_model)
    assert done.code == 0
    assert all(f"{dimension}: MFSBase, validation UAR" in done.err for dimension in ("valence", "arousal"))
    # Each run folder serves its own purpose, and says so when it is given to the other verb.
    _assert_one_message(valaro("report", "runs/final"), "no test result in runs/final")
    _assert_one_message(valaro("predict", "runs/study", table), "(this one is a cross-validation)")
    interview = _voice(tmp_path / "interview.wav")
    for suffix in (".html", ".csv", ".json"):
        done = valaro("predict", "runs/final", interview, "--to", f"timeline{suffix}")
        assert (done.code, done.out) == (0, "")
        assert f"6 moments -> timeline{suffix}" in done.err
    assert "Tones, no voices." in Path("timeline.html").read_text()
    found = json.loads(Path("timeline.json").read_text())
    assert found["notes"] == [{"corpus": "tones", "text": "Tones, no voices.", "kind": ""}]
    with Path("timeline.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["dimension"], float(row["start"])) for row in rows] == [
        (moment["dimension"], moment["start"]) for moment in found["moments"]
    ]
    # Two windows of 0.64 s and the rest of 1.5 s, in two dimensions.
    assert [float(row["end"]) for row in rows if row["dimension"] == "valence"] == [0.64, 1.28, 1.5]


def test_a_run_goes_on_with_the_same_command_and_refuses_another(
    valaro: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(tmp_path / "media", ignore_errors=True)
    arguments = ("cross-validate", "study.toml", "--to", "run", "--set", 'study.models=["MFSBase"]')
    assert valaro(*arguments).code == 0
    before = {path: path.stat().st_mtime_ns for path in Path("run").rglob("*")}
    assert valaro(*arguments).code == 0
    assert {path: path.stat().st_mtime_ns for path in Path("run").rglob("*")} == before
    answer = valaro(*arguments, "--seeds", "2")
    _assert_one_message(answer, "'run' holds a run with other settings", "--to")


def test_a_training_that_is_not_finished_says_so_and_one_on_few_labels_too(valaro: Command, tmp_path: Path) -> None:
    study, run = make_study(tmp_path), tmp_path / "final"
    few = ("--set", 'study.models=["MFSBase"]', "--set", "study.labels_per_class=1")
    # Before the training, in which it can still be mended.
    first = valaro("train", study, "--to", run, *few).err.splitlines()[0]
    assert first.startswith("WARNING: ONLY 3 OF 12 valence labels are learnt from: study.labels_per_class = 1")
    shutil.rmtree(run / "models")
    _assert_one_message(valaro("predict", run, _voice(tmp_path / "voice.wav")), "is not finished", "valaro train again")


def test_a_demo_is_not_made_over_other_settings(valaro: Command, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("mine")
    _assert_one_message(valaro("demo", "--to", tmp_path), "study.toml' is not the demo's", "--to")
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


@pytest.mark.parametrize("verb", ["cross-validate", "train"])
def test_a_mistake_leaves_no_run_behind(valaro: Command, tmp_path: Path, verb: str) -> None:
    study = make_study(tmp_path)
    one = ("--set", 'study.models=["MFSBase"]')
    _assert_one_message(valaro(verb, study, "--to", tmp_path / "run", "--workers", "0", *one), "0 workers")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("verb", ["cross-validate", "train"])
def test_days_on_a_processor_are_said_before_anything_trains(
    valaro: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise ValaroError("nothing trains here")

    module = "cross_validate" if verb == "cross-validate" else "final_model"
    monkeypatch.setattr(f"valaro.experiments.{module}.run_jobs", stop)
    paper = ("study.preset=paper", "network.width=1", "training.batch_size=64", "training.steps=200000")
    changes = [part for change in ('study.models=["MFSBase"]', *paper) for part in ("--set", change)]
    answer = valaro(verb, make_study(tmp_path), "--to", tmp_path / "run", *changes)
    # 24 channels of 470, one pass of five: 49.5 s become 0.51, and 200,000 of them 28 hours.
    assert "MFSBase trains for about 28 hours (200,000 updates of about 0.5 s" in answer.err
    assert answer.err.index("28 hours") < answer.err.index("nothing trains here")


def test_failed_trainings_are_listed_and_end_with_1(valaro: Command, tmp_path: Path) -> None:
    study = make_study(tmp_path)
    wild = (
        "training.learning_rate=1e30",
        "training.grad_clip_norm=0",
        "network.weight_norm=false",
        "training.lr_decay_fraction=0",
    )
    changes = [part for change in ('study.models=["MFSBase"]', *wild) for part in ("--set", change)]
    answer = valaro("cross-validate", study, "--to", tmp_path / "run", *changes)
    assert answer.code == 1
    assert answer.err.count("training broke down at step") == 2
    assert "Traceback" not in answer.err


def _raise_alarm(run: Path, name: str, losses: tuple[float, float]) -> None:
    """Write an alarm into the results of every training whose name begins with `name`."""
    for path in run.glob(f"results/{name}*.json"):
        facts = json.loads(path.read_text())
        facts["alarms"] = [{"kind": "fake_told_apart", "step": 2, "about": [], "numbers": losses}]
        path.write_text(json.dumps(facts))


def test_a_study_ends_with_the_alarms_of_its_models_those_finished_before_too(valaro: Command, tmp_path: Path) -> None:
    study, run = make_study(tmp_path), tmp_path / "run"
    arguments = ("cross-validate", study, "--to", run, "--set", 'study.models=["MFSBase"]')
    first = valaro(*arguments)
    assert (first.code, "collapse" in first.err) == (0, False)
    _raise_alarm(run, "valence MFSBase 1", (0.02, 0.01))
    _raise_alarm(run, "valence MFSBase 2", (0.004, 0.01))
    again = valaro(*arguments)
    assert (again.code, again.out) == (0, "")
    lines = again.err.splitlines()
    assert lines[-2:] == [
        "1 sign of collapse:",
        "  2 of 2 trainings of MFSBase, first at step 2: the classifier tells real from generated without effort "
        "(losses 0.004–0.020 and 0.010): the generator has nothing left to teach it; try: more network.input_noise and "
        "hidden_noise, or lower losses.real and losses.fake",
    ]


def test_train_ends_with_the_alarms_of_its_models(
    valaro: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(*_: object, **__: object) -> tuple[FinalModel, ...]:
        alarms = (Alarm(kind="one_level", step=40, about=("low",), numbers=(3.0,)),)
        model = FinalModel(
            label="MSSGAN", dimension="valence", validation_uar=0.5, labelled=6, unlabelled=2, alarms=alarms
        )
        return model, replace(model, dimension="arousal", alarms=())

    monkeypatch.setattr("valaro.experiments.final_model.train_final", trained)
    answer = valaro("train", make_study(tmp_path), "--to", tmp_path / "run")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.splitlines()[-2:] == [
        "1 sign of collapse:",
        "  1 of 2 trainings of MSSGAN, first at step 40: every validation utterance is judged 'low', 3 evaluations in "
        "a row; try: set sampling.balanced = true; with unlabelled recordings also lower the weights in [losses]",
    ]


def test_ctrl_c_in_the_middle_is_one_message_and_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "valaro", "demo", "--to", str(tmp_path / "demo"), "--workers", "1"]
    program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 60
    while not list((tmp_path / "demo").glob("recordings/*.mp4")) and time.monotonic() < until:
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    _, words = program.communicate(timeout=30)
    assert program.returncode == 130
    assert words.splitlines() == [
        "make recordings: 280 recordings",
        "",
        "valaro: stopped; what was finished is kept, the same command goes on from there",
    ]
    time.sleep(0.5)
    with pytest.raises(ProcessLookupError):
        os.killpg(program.pid, 0)


def test_many_that_failed_alike_share_a_line_and_few_have_one_each(capfd: pytest.CaptureFixture[str]) -> None:
    alike = [Problem(utterance=f"c/{number}", where="a.txt", why="is UTF-16") for number in range(67)]
    others = [Problem(utterance=f"d/{number}", where="b.txt", why="is empty") for number in range(2)]
    list_problems([*alike, *others])
    assert capfd.readouterr().err.splitlines() == [
        "  c/0 and 66 more: a.txt: is UTF-16",
        "  d/0: b.txt: is empty",
        "  d/1: b.txt: is empty",
    ]
    list_problems([Problem(utterance=f"e/{number}", where="c", why=str(number)) for number in range(25)])
    assert capfd.readouterr().err.splitlines()[-1] == "  ... and 5 more"


def test_a_reason_of_several_lines_is_shown_as_one_sentence_after_the_other(capfd: pytest.CaptureFixture[str]) -> None:
    why = "fold 'S1', valence: learns from none of 3\n  2 of a held-out speaker\n  1 without the feature face"
    list_problems([Problem(utterance="valence SSGAN", where="training", why=why)])
    assert capfd.readouterr().err == (
        "  valence SSGAN: training: fold 'S1', valence: learns from none of 3; 2 of a held-out speaker; "
        "1 without the feature face\n"
    )


def test_many_recordings_are_one_job_with_its_number_first_and_any_kind_of_timeline(
    valaro: Command, tmp_path: Path, run: Path
) -> None:
    first, second = _voice(tmp_path / "a.wav"), _voice(tmp_path / "b.wav")
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound at all")
    for form in ("csv", "json"):
        answer = valaro("predict", run, first, bad, second, "--to", tmp_path / form, "--as", form)
        assert answer.code == 1
        assert answer.err.splitlines()[0] == "predict: 3 recordings"
        assert sorted(file.name for file in (tmp_path / form).iterdir()) == [f"a.{form}", f"b.{form}"]
    # 1.5 s are moments of 0.64, 0.64 and 0.22 s.
    assert len((tmp_path / "csv" / "a.csv").read_text().splitlines()) == 1 + 3
    assert len(json.loads((tmp_path / "json" / "b.json").read_text())["moments"]) == 3


def test_how_many_recordings_are_done_and_failed_is_counted(
    valaro: Command, tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, ...]] = []
    monkeypatch.setattr(JobCount, "__call__", lambda _, *counts: told.append(counts))
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound at all")
    valaro("predict", run, bad, _voice(tmp_path / "a.wav"), "--to", tmp_path / "pages")
    assert told == [(0, 2, 0), (1, 2, 1), (2, 2, 1)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--to", "x.csv"), "2 recordings do not fit into 'x.csv': give a folder with --to, and --as csv"),
        (("--to", "x.csv", "--as", "json"), "--to 'x.csv' and --as json name two kinds of timelines"),
        (("--to", "x", "--as", "cvs"), "unknown kind of timeline in --as 'cvs': did you mean 'csv'?"),
        (("--to", "x.v2"), "unknown kind of timeline '.v2'"),
    ],
)
def test_a_place_that_holds_no_such_timelines_is_one_message(
    valaro: Command, tmp_path: Path, run: Path, options: tuple[str, ...], words: str
) -> None:
    first, second = _voice(tmp_path / "a.wav"), _voice(tmp_path / "b.wav")
    _assert_one_message(valaro("predict", run, first, second, *options), words)


def test_the_form_of_a_timeline_is_told_by_its_suffix_in_capitals_too(
    valaro: Command, tmp_path: Path, run: Path
) -> None:
    voice = _voice(tmp_path / "a.wav")
    begins = {"HTML": "<!DOCTYPE html>", "CSV": "recording,dimension,", "JSON": "{"}
    for suffix, begin in begins.items():
        assert valaro("predict", run, voice, "--to", tmp_path / f"x.{suffix}").code == 0
        assert (tmp_path / f"x.{suffix}").read_text(encoding="utf-8").lower().startswith(begin.lower())
    (tmp_path / "pages.v2").mkdir()
    assert valaro("predict", run, voice, "--to", tmp_path / "pages.v2").code == 0
    assert [page.name for page in (tmp_path / "pages.v2").iterdir()] == ["a.html"]


def test_check_counts_what_it_compares_and_writes_a_page_in_capitals(
    valaro: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    utterances = [replace(an_utterance(f"u{k}", level=None), media=_voice(tmp_path / f"{k}.wav")) for k in range(3)]
    write_manifest(tmp_path / "m.parquet", utterances)
    valaro("extract", tmp_path / "m.parquet", "--to", tmp_path / "store", "--features", "fbank")
    told: list[tuple[int, ...]] = []
    monkeypatch.setattr(JobCount, "__call__", lambda _, *counts: told.append(counts))
    valaro("check", tmp_path / "m.parquet", "--store", tmp_path / "store", "--to", tmp_path / "x.HTML")
    assert told == [(0, 3, 0), (1, 3, 0), (2, 3, 0), (3, 3, 0)]
    assert (tmp_path / "x.HTML").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_train_prints_its_models_as_json_and_a_next_command_that_works(valaro: Command, tmp_path: Path) -> None:
    study = make_study(tmp_path)
    to = tmp_path / "my run"
    answer = valaro("train", study, "--to", to, "--set", 'study.models=["FSBase:fbank"]', "--json")
    assert answer.code == 0, answer
    facts = json.loads(answer.out)
    (model,) = facts["models"]
    assert facts["run"] == str(to)
    assert (model["label"], model["dimension"], model["unlabelled"]) == ("FSBase fbank", "valence", 0)
    assert 0 <= model["validation_uar"] <= 1
    assert f"next: valaro predict '{to}' RECORDING" in answer.err


def test_cross_validate_prints_its_trainings_as_json_and_reports_go_where_they_are_named(
    valaro: Command, tmp_path: Path
) -> None:
    study = make_study(tmp_path)
    to = tmp_path / "run"
    answer = valaro("cross-validate", study, "--to", to, "--set", 'study.models=["FSBase:fbank"]', "--json")
    assert answer.code == 0, answer
    facts = json.loads(answer.out)
    assert (facts["run"], facts["failures"]) == (str(to), [])
    # A fold a session; LR and SVM stand beside what was asked for.
    assert len(facts["trainings"]) == 2 * 3
    assert {training["model"] for training in facts["trainings"]} >= {"FSBase fbank"}
    assert all(0 <= training["validation_uar"] <= 1 for training in facts["trainings"])

    begins = {"HTML": "<!doctype html>", "MD": "<!-- made by valaro report -->", "CSV": "run,", "JSON": "{"}
    for suffix, begin in begins.items():
        assert valaro("report", to, "--to", tmp_path / f"x.{suffix}").code == 0
        assert (tmp_path / f"x.{suffix}").read_text(encoding="utf-8").lower().startswith(begin)
    _assert_one_message(valaro("report", to, "--to", tmp_path / "made.v2"), "a name without a suffix for a folder")
    (tmp_path / "made.v2").mkdir()
    assert valaro("report", to, "--to", tmp_path / "made.v2").code == 0
    assert (tmp_path / "made.v2" / "report.html").is_file()


def test_the_name_of_a_corpus_is_that_of_what_is_read(valaro: Command) -> None:
    for kind in ("recordings", "table"):
        assert "[default: (as its file or folder)]" in " ".join(valaro("read", kind, "--help").out.split())
