"""A folder of recordings without transcripts: samples where somebody speaks and shows a face, else why not."""

import os
import re
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from helpers.kinds import reader
from helpers.media import make_recording, real_recordings, tone
from valaro.corpora import recordings
from valaro.corpora.reading import require_complete
from valaro.corpora.recordings import places_in
from valaro.errors import ValaroError
from valaro.media import faces
from valaro.media.decode import decode_clip, probe
from valaro.media.voice_activity import SpeechSegment
from valaro.media.yunet import Face
from valaro.records import Problem

read_recordings = reader("recordings")

MPEG4 = {"video_codec": "mpeg4", "pixel_format": "yuv420p"}


class AnyLight:
    """A detector that takes every picture that is not dark for a face: drawn pictures have none."""

    def __call__(self, picture: np.ndarray) -> tuple[Face, ...]:
        face = Face(left=10.0, top=10.0, width=20.0, height=20.0, yaw=0.0, score=0.9)
        return (face,) if picture.mean() > 30 else ()


def dark(index: int, height: int, width: int) -> np.ndarray:
    return np.full((height, width), 8, np.uint8)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Films and sounds of 12 s whose tone from second 2 to 9 stands for speech."""
    monkeypatch.setattr(faces, "YuNet", AnyLight)
    monkeypatch.setattr(
        recordings,
        "spoken_stretches",
        lambda path: () if "silent" in path.name else (SpeechSegment(2.0, 6.0), SpeechSegment(7.0, 9.0)),
    )

    def talk(times: np.ndarray) -> np.ndarray:
        return (tone()(times) * ((times > 2) & (times < 9))).astype(np.float32)

    (tmp_path / "deep" / "er").mkdir(parents=True)
    make_recording(tmp_path / "a.mov", sound=talk, seconds=12.0, **MPEG4)
    make_recording(tmp_path / "deep" / "er" / "b.mov", sound=talk, seconds=12.0, **MPEG4)
    make_recording(tmp_path / "dark.mov", sound=talk, seconds=12.0, draw=dark, **MPEG4)
    make_recording(tmp_path / "silent.mov", sound=tone(loudness=0.0), seconds=3.0, **MPEG4)
    make_recording(tmp_path / "mute.mov", seconds=3.0, **MPEG4)
    make_recording(tmp_path / "voice.wav", picture=False, sound=talk, seconds=12.0)
    (tmp_path / "broken.mp4").write_text("hello")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "._a.mov").write_bytes(b"fork")
    return tmp_path


def test_speech_is_cut_into_places_of_at_most_half_a_sample() -> None:
    assert places_in([SpeechSegment(0.0, 0.64), SpeechSegment(1.0, 3.0)]) == (
        [0.0, 1.0, 1.5, 2.0, 2.5],
        [0.64, 1.5, 2.0, 2.5, 3.0],
    )
    assert places_in([]) == ([], [])


def test_every_recording_gives_samples_of_its_speech_or_its_reason(folder: Path) -> None:
    reading = read_recordings(folder, corpus="films", people="p")
    by_file = {
        path: [u for u in reading.utterances if u.media == path] for path in {u.media for u in reading.utterances}
    }
    assert {path.name for path in by_file} == {"a.mov", "b.mov"}
    for path, inside in by_file.items():
        assert {u.speaker for u in inside} == {f"p/?{path.relative_to(folder).as_posix()}"}
        assert not any(utterance.is_speaker_known for utterance in inside)
        for utterance in inside:
            assert utterance.end is not None
            assert utterance.end - utterance.start == pytest.approx(1.28)
            middle = (utterance.start + utterance.end) / 2
            assert 2.0 <= middle <= 6.0 or 7.0 <= middle <= 9.0
        for one, other in pairwise(sorted(inside, key=lambda u: u.start)):
            assert one.end is not None
            assert one.end <= other.start + 1e-9
    assert {
        problem.utterance: problem.why for problem in reading.rejected if problem.utterance != "films/broken.mp4"
    } == {
        "films/dark.mov": "none of its 11 places gives a sample: 11 without a face",
        "films/silent.mov": "nobody speaks in its 3.0 s",
        "films/mute.mov": "the recording has no sound",
        "films/voice.wav": "the recording has no picture",
    }
    assert "films/broken.mp4" in {problem.utterance for problem in reading.rejected}
    assert reading.skipped["hidden files"] == 1
    assert reading.skipped["files that are no recordings"] == 1


def test_a_name_that_is_not_utf_8_is_a_problem_and_the_others_are_read(folder: Path) -> None:
    # As an archive packed on an old system leaves it: u umlaut in latin-1.
    (folder / "deep" / "er" / "b.mov").rename(folder / os.fsdecode(b"m\xfcller.mov"))
    reading = read_recordings(folder, corpus="films")
    assert {utterance.media.name for utterance in reading.utterances} == {"a.mov"}
    (refused,) = [problem for problem in reading.rejected if problem.where == "name"]
    assert (refused.utterance, "not UTF-8" in refused.why) == ("films/'m\\udcfcller.mov'", True)


def test_fewer_samples_are_the_first_ones_and_recordings_that_were_not_needed_are_no_problems(folder: Path) -> None:
    few, more = (read_recordings(folder, samples=count, seed=3) for count in (2, 5))
    assert [u.id for u in few.utterances] == [u.id for u in more.utterances][:2]
    assert few.utterances != read_recordings(folder, samples=2, seed=4).utterances
    assert not any(problem.where == "samples" for problem in few.rejected)
    workers = read_recordings(folder, samples=5, seed=3, workers=2)
    assert workers.utterances == more.utterances


def test_more_than_there_are_is_a_shortfall_with_its_reasons(folder: Path) -> None:
    reading = read_recordings(folder, samples=1000)
    (shortfall,) = [remark for remark in reading.remarks if remark.startswith("asked for 1000 samples")]
    assert "without a face" in shortfall
    # As with AMI: who asked for a number and insists on it gets it or nothing.
    assert reading.expected == 1000
    assert reading.summary()[0].startswith("1000 samples expected, ")
    with pytest.raises(ValaroError, match="1000 samples expected"):
        require_complete(replace(reading, rejected=()), "films")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"samples": 0}, "0 samples: expected at least 1"),
        ({"workers": 0}, "0 workers: expected at least 1"),
        ({"seed": -1}, "seed -1: expected a whole number from 0 on"),
    ],
)
def test_a_number_that_makes_no_sense_is_one_sentence(folder: Path, options: dict[str, int], words: str) -> None:
    with pytest.raises(ValaroError, match=words):
        read_recordings(folder, **options)


def test_five_thousand_hidden_files_are_counted_in_no_time(tmp_path: Path) -> None:
    make_recording(tmp_path / "silent.mov", sound=tone(loudness=0.0), seconds=1.0, **MPEG4)
    (tmp_path / ".git").mkdir()
    for number in range(5_000):
        (tmp_path / ".git" / f"{number}").touch()
    begun = time.perf_counter()
    assert recordings.recordings_below(tmp_path) == (
        [tmp_path / "silent.mov"],
        [],
        {"hidden files": 5_000, "files that are no recordings": 0},
    )
    # Comparing each file with all the hidden ones takes minutes.
    assert time.perf_counter() - begun < 5


def test_without_faces_a_voice_and_a_dark_film_are_as_good(folder: Path) -> None:
    reading = read_recordings(folder, faces=False)
    assert {u.media.name for u in reading.utterances} == {"a.mov", "b.mov", "dark.mov", "voice.wav"}
    assert "not looked at: whether a face shows" in reading.remarks


def test_a_recording_that_does_not_say_how_long_it_is_gives_samples_all_the_same(folder: Path, tmp_path: Path) -> None:
    live = tmp_path / "live" / "browser.webm"
    live.parent.mkdir()
    samples = tone()(np.arange(12 * 48_000) / 48_000).astype(np.float32)
    with av.open(str(live), "w", options={"live": "1"}) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        for first in range(0, len(samples), 960):
            frame = av.AudioFrame.from_ndarray(samples[None, first : first + 960], format="flt", layout="mono")
            frame.rate, frame.pts = 48_000, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert probe(live).duration == 0
    reading = read_recordings(live.parent, faces=False)
    assert reading.rejected == ()
    assert len(reading.utterances) >= 3
    assert max(utterance.end or 0.0 for utterance in reading.utterances) <= 9.0


def test_an_empty_or_absent_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match="there is no such folder"):
        read_recordings(tmp_path / "none")
    with pytest.raises(ValaroError, match=r"expected recordings, by their names: .3g2"):
        read_recordings(tmp_path)


@pytest.mark.recordings
def test_real_clips_give_samples_and_a_real_voice_without_a_face_its_reason(tmp_path: Path) -> None:
    source = real_recordings("grid_s1") / "video" / "bbbf6n.mpg"
    if not source.is_file():
        pytest.skip("grid_s1 is not beside the project")
    (tmp_path / "face.mpg").symlink_to(source)
    samples = decode_clip(source, picture=False).samples

    def voice(times: np.ndarray) -> np.ndarray:
        return np.interp(times, np.arange(len(samples)) / 16000, samples).astype(np.float32)

    make_recording(tmp_path / "faceless.mov", sound=voice, seconds=2.9, **MPEG4)
    reading = read_recordings(tmp_path, corpus="c")
    assert {u.media.name for u in reading.utterances} == {"face.mpg"}
    (problem,) = reading.rejected
    assert problem.utterance == "c/faceless.mov"
    assert problem.why.startswith("none of its 3 places gives a sample: 3 without a face")


def _who(reading: recordings.Reading) -> set[tuple[str, str, str, str]]:
    return {(u.media.name, u.speaker, u.session, u.gender) for u in reading.utterances}


def test_a_pattern_over_the_path_names_speakers_and_a_path_that_does_not_fit_is_a_problem(folder: Path) -> None:
    (folder / "anna_2").mkdir()
    (folder / "a.mov").rename(folder / "anna_2" / "F.mov")
    reading = read_recordings(folder, corpus="films", speaker_from="{speaker}_{session}/{gender}")
    assert _who(reading) == {("F.mov", "films/anna", "2", "F")}
    misfits = {problem.utterance for problem in reading.rejected if problem.where == "speaker"}
    assert "films/deep/er/b.mov" in misfits
    by_expression = read_recordings(folder, corpus="films", people="p", speaker_from="(?P<speaker>[^/]+)/[^/]*$")
    assert _who(by_expression) == {("F.mov", "p/anna_2", "", ""), ("b.mov", "p/er", "", "")}
    assert any("speakers: anna_2, er" in remark for remark in by_expression.remarks)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{speker}/{take}", "names no speaker, expected {speaker} in it"),
        ("{speaker}/{speaker}", "redefinition of group name 'speaker'"),
        ("(?P<speaker>", "missing )"),
    ],
)
def test_a_pattern_that_makes_no_sense_is_one_sentence(folder: Path, pattern: str, words: str) -> None:
    with pytest.raises(ValaroError, match=f"--speaker-from .*{re.escape(words)}"):
        read_recordings(folder, speaker_from=pattern)


def test_a_table_of_speakers_names_some_and_says_of_others_that_nobody_knows(folder: Path) -> None:
    table = folder / "who.csv"
    table.write_text("file,speaker,gender\na.mov,anna,F\ndeep/er/b.mov,,\n")
    reading = read_recordings(folder, corpus="films", speakers=table)
    assert _who(reading) == {("a.mov", "films/anna", "", "F"), ("b.mov", "films/?deep/er/b.mov", "", "")}
    assert ("films/dark.mov", "speaker") in {(problem.utterance, problem.where) for problem in reading.rejected}
    table.write_text("file,speaker\ngone.mov,anna\na.mov,?x\n")
    with pytest.raises(ValaroError) as caught:
        read_recordings(folder, speakers=table)
    assert str(caught.value).splitlines() == [
        f"2 problems in {table}",
        f"  {table}, line 2: file 'gone.mov' is no recording below the folder",
        f"  {table}, line 3: '?x' is no speaker's name: expected one that is not empty and does not begin with '?'",
    ]
    with pytest.raises(ValaroError, match="both say who speaks"):
        read_recordings(folder, speakers=table, speaker_from="{speaker}")


def test_without_speakers_or_people_anyone_may_speak_and_stated_strangers_are_said_loudly(folder: Path) -> None:
    assert {u.people for u in read_recordings(folder).utterances} == {"?"}
    (warning,) = [r for r in read_recordings(folder, people="strangers").remarks if r.startswith("nobody says")]
    assert "IF ONE OF THEM SPEAKS HERE" in warning


@pytest.mark.parametrize(
    "name", ["a.3gp", "a.3g2", "a.m2ts", "a.caf", "a.aif", "a.mka", "a.vob", "a.w64", "a.au", "a.MTS"]
)
def test_what_extraction_reads_is_taken_for_a_recording(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert recordings.recordings_below(tmp_path)[0] == [tmp_path / name]


def test_files_that_are_no_recordings_are_named_by_their_kinds(folder: Path) -> None:
    (folder / "slides.PDF").touch()
    (folder / "b.txt").touch()
    (folder / "LICENCE").touch()
    words = "no recordings by their names: 2 .txt ('b.txt'), 1 without an ending ('LICENCE'), 1 .pdf ('slides.PDF')"
    assert words in read_recordings(folder).remarks
    (folder / "only").mkdir()
    (folder / "only" / "a.doc").touch()
    with pytest.raises(ValaroError, match=re.escape("1 .doc ('a.doc')")):
        read_recordings(folder / "only")


def test_two_recordings_of_one_name_in_two_spellings_are_told_and_the_first_is_read(folder: Path) -> None:
    for number, name in enumerate(("Jos\u00e9.mov", "Jose\u0301.mov")):
        (folder / ("a.mov", "deep/er/b.mov")[number]).rename(folder / name)
    reading = read_recordings(folder)
    assert len({utterance.media for utterance in reading.utterances}) == 1
    assert len([problem for problem in reading.rejected if "another spelling of Unicode" in problem.why]) == 1


def test_a_recording_whose_name_holds_a_sign_that_nobody_sees_is_a_problem(folder: Path) -> None:
    (folder / "a.mov").rename(folder / "a\u200b.mov")
    (problem,) = [p for p in read_recordings(folder).rejected if p.where == "name"]
    assert problem.why == "ZERO WIDTH SPACE (U+200B) in the name"
    assert "\\u200b" in problem.utterance


def test_a_remark_stays_one_under_the_corpus_s_name() -> None:
    remark = Problem(utterance="a.wav", where="sound", why="is loud", is_remark=True)
    assert recordings._named(remark, "films") == replace(remark, utterance="films/a.wav")
