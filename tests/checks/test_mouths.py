"""Who speaks in a picture of two people, on real faces put side by side."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from making_features import an_utterance
from making_media import real_recordings
from valaro.checks.mouths import mouth_findings
from valaro.corpora.seats import LEFT, RIGHT
from valaro.errors import ValaroError
from valaro.media.decode import decode_clip
from valaro.records import Utterance


def two_people(path: Path, speaking: np.ndarray, silent: np.ndarray) -> Path:
    """Write a picture whose left half is `speaking` and whose right half stands still after its first frame."""
    height, width = speaking.shape[1:]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30, width=2 * width, height=height, pix_fmt="yuv420p")
        stream.bit_rate = 4_000_000
        for frame in speaking:
            both = np.concatenate([frame, silent[0]], axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(both, format="gray").reformat(format="yuv420p")))
        container.mux(stream.encode())
    return path


@pytest.mark.recordings
def test_the_half_whose_mouth_moves_is_the_speakers_and_the_other_one_is_a_finding(tmp_path: Path) -> None:
    folder = real_recordings("javanese_av") / "video"
    if not folder.is_dir():
        pytest.skip("javanese_av is not beside the project")
    clips = [
        decode_clip(folder / f"{name}.mp4", end=2.0, sound=False).frames for name in ("01-01-01_01", "06-01-01_01")
    ]
    film = two_people(tmp_path / "both.avi", *clips)

    def turn(number: int, region: tuple[float, float, float, float]) -> Utterance:
        return replace(
            an_utterance(str(number)), media=film, start=0.5 * number, end=0.5 * number + 1.0, face_region=region
        )

    assert mouth_findings([turn(0, LEFT), turn(1, LEFT)]) == ()
    (swapped,) = mouth_findings([turn(0, RIGHT), turn(1, RIGHT), turn(2, LEFT)])
    assert swapped.what == "Recordings in which the mouth of the other half moves more"
    assert swapped.cases == (f"{film}: in 2 of 3 utterances",)
    assert not swapped.is_fault


def test_a_recording_without_faces_or_without_a_picture_could_not_be_compared(tmp_path: Path) -> None:
    lost = replace(an_utterance("a"), media=tmp_path / "none.avi", end=1.0, face_region=LEFT)
    whole = replace(an_utterance("b"), media=tmp_path / "none.avi", end=1.0)
    (finding,) = mouth_findings([lost, whole])
    assert finding.cases == (f"{tmp_path / 'none.avi'}: both faces are in none of 1 utterances",)
    # Asked to look and having nothing to look at is not the same as having found nothing.
    (finding,) = mouth_findings([whole])
    assert finding.what == "Mouths that nobody could look at: no recording shows two people side by side"
    assert finding.cases == ("1 utterances, none of them with the region left or right",)
    assert not finding.is_fault
    with pytest.raises(ValaroError, match="--mouths -1: expected at least 1"):
        mouth_findings([lost], each=-1)
