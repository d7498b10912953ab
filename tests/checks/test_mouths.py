"""Who speaks in a picture of two people, on real faces put side by side, both of which move."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.features import an_utterance
from helpers.media import real_recordings
from valaro.checks.mouth_movement import sound_against_mouths
from valaro.checks.mouths import is_own_half, mouth_findings
from valaro.corpora.speaker_positions import LEFT, RIGHT, Region
from valaro.errors import ValaroError
from valaro.records import Utterance

SPEAKERS = ("03-02-04_01", "02-02-01_01", "09-01-02_01")
LISTENERS = ("06-02-02_01", "07-01-03_01", "01-02-02_01")


def clip(name: str) -> Path:
    path = real_recordings("javanese_av") / "video" / f"{name}.mp4"
    if not path.is_file():
        pytest.skip("javanese_av is not beside the project")
    return path


def side_by_side(path: Path, speaker: Path, listener: Path, *, sound: bool = True) -> Path:
    """Write a film whose left half speaks and whose right half talks without a sound."""
    graph = "[0:v]fps=25,scale=360:270[a];[1:v]fps=25,scale=360:270[b];[a][b]hstack=shortest=1[v]"
    inputs = ["ffmpeg", "-v", "error", "-i", speaker, "-i", listener, "-filter_complex", graph, "-map", "[v]"]
    sounds = ["-map", "0:a", "-c:a", "pcm_s16le", "-shortest"] if sound else []
    subprocess.run([*inputs, *sounds, "-c:v", "mpeg4", "-q:v", "3", path], check=True)
    return path


def turn(film: Path, region: Region, name: str = "a") -> Utterance:
    return replace(an_utterance(name), media=film, face_region=region)


@pytest.mark.recordings
def test_the_mouth_that_moves_with_the_sound_is_the_speakers_though_the_listener_talks_too(tmp_path: Path) -> None:
    films = [
        side_by_side(tmp_path / f"{number}.avi", clip(speaker), clip(listener))
        for number, (speaker, listener) in enumerate(zip(SPEAKERS, LISTENERS, strict=True))
    ]
    left, right = ([sound_against_mouths(turn(film, half)) for film in films] for half in (LEFT, RIGHT))
    assert is_own_half([value for value in left if value is not None]) is True
    assert is_own_half([value for value in right if value is not None]) is False
    # What speaks for one half speaks against the other.
    assert right == [None if value is None else pytest.approx(-value) for value in left]


@pytest.mark.recordings
def test_a_recording_whose_speaker_is_said_to_sit_in_the_other_half_is_a_finding(tmp_path: Path) -> None:
    # A voice of its own beside the picture, as IEMOCAP has it.
    film = side_by_side(tmp_path / "silent.avi", clip("03-02-04_01"), clip("06-02-02_01"), sound=False)
    spoken = replace(turn(film, LEFT), sound=clip("03-02-04_01"))
    assert mouth_findings([spoken]) == ()
    (swapped,) = mouth_findings([replace(spoken, face_region=RIGHT)])
    assert swapped.what == "Recordings in which the mouth of the other half moves with the sound"
    assert swapped.cases[0].startswith(f"{film}: 1 utterances, sound and mouth correlate -0.")
    assert not swapped.is_fault
    # Without any sound, movement says nothing of who speaks.
    (unseen,) = mouth_findings([turn(film, LEFT)])
    assert unseen.cases == (f"{film}: two faces and a sound that varies are in none of 1 utterances",)


def test_too_little_evidence_cannot_tell_and_that_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The margin of four utterances is half that of one: 0.25 / 2.
    assert is_own_half([0.12] * 4) is None
    assert is_own_half([0.13] * 4) is True
    assert is_own_half([-0.13] * 4) is False
    assert is_own_half([]) is None
    monkeypatch.setattr("valaro.checks.mouths.sound_against_mouths", lambda utterance: 0.2)
    film = tmp_path / "film.avi"
    (finding,) = mouth_findings([turn(film, LEFT)])
    assert finding.what == "Recordings whose mouths cannot tell who speaks: look at them yourself"
    assert finding.cases == (f"{film}: 1 utterances, sound and mouth correlate +0.20 more here",)
    assert mouth_findings([turn(film, LEFT, name) for name in "abcd"]) == ()


def test_a_recording_without_faces_or_without_a_picture_could_not_be_compared(tmp_path: Path) -> None:
    lost = replace(an_utterance("a"), media=tmp_path / "none.avi", end=1.0, face_region=LEFT)
    whole = replace(an_utterance("b"), media=tmp_path / "none.avi", end=1.0)
    (finding,) = mouth_findings([lost, whole])
    assert finding.cases == (f"{tmp_path / 'none.avi'}: two faces and a sound that varies are in none of 1 utterances",)
    # Asked to look and having nothing to look at is not the same as having found nothing.
    (finding,) = mouth_findings([whole])
    assert finding.what == "Mouths that nobody could look at: no recording shows two people side by side"
    assert finding.cases == ("1 utterances, none of them with the region left or right",)
    assert not finding.is_fault
    with pytest.raises(ValaroError, match="--mouths -1: expected at least 1"):
        mouth_findings([lost], each=-1)
