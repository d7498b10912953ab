"""Which of the faces in a picture is the person who is followed."""

from collections.abc import Sequence
from math import hypot

from valaro.media.yunet import Face

SURE = 0.8
"""YuNet's score from which a face is believed on its own; a weaker one only where the person was last seen."""

PATIENCE = 1.5
"""Seconds without the person after which another one may be followed."""


def select_face_track(
    faces: Sequence[Face], last: Face | None, elapsed: float, picture_size: tuple[int, int]
) -> Face | None:
    """Return the followed person's face among `faces`, None if it is not there.

    `last` is where the person was seen `elapsed` seconds ago; `picture_size` is (width, height). The first choice, as
    the one after a long absence, is the largest and most central face.
    """
    if last is not None and elapsed <= PATIENCE:
        near = [face for face in faces if _distance(face, last) < last.size * (0.5 + elapsed)]
        similar = [face for face in near if 0.5 < face.size / last.size < 2]
        return min(similar, key=lambda face: _distance(face, last), default=None)
    sure = [face for face in faces if face.score >= SURE]
    return max(sure, key=lambda face: _prominence(face, picture_size), default=None)


def _distance(first: Face, second: Face) -> float:
    return hypot(first.centre[0] - second.centre[0], first.centre[1] - second.centre[1])


def _prominence(face: Face, picture_size: tuple[int, int]) -> float:
    width, height = picture_size
    off_centre = hypot(face.centre[0] / width - 0.5, face.centre[1] / height - 0.5)
    return face.width * face.height * (1 - off_centre)
