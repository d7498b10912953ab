"""One person's face followed through the successive frames of a recording."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import local

import numpy as np
from jaxtyping import Float, UInt8

from valaro.media.crops import CROP_SIDE, cut_face
from valaro.media.decode import stream_clips
from valaro.media.select_face import SURE, select_face_track
from valaro.media.yunet import Face, YuNet
from valaro.records import FaceTrack

EVERY = 5
"""Frames from one detection to the next; between them the box is interpolated (IoU 0.97 against every frame)."""

LONGEST_STEP = 0.25
"""Seconds after which a frame is looked at even if fewer than EVERY have passed: slow cameras."""

LONGEST_WAIT = 10.0
"""Seconds for which frames wait for the first face to appear; then they are given out empty."""

_UPRIGHT = 0.9
"""YuNet's score that no face upside down reaches (0.89 of 175 pictures); upright ones do nearly always (0.93)."""

_MARGIN = 0.03
"""By how much a face's score rises if its picture is turned by 180 degrees; upright ones lose 0.05 or more."""

_CHECKS, _LOOKS = 5, 30
"""Pictures with a face in which that is looked for, and among how many: some recordings begin in the dark."""

_PORTION = 0.1  # seconds in which a face is looked for at a time: most often it is there at once

Picture = UInt8[np.ndarray, "h w"]


@dataclass(frozen=True)
class _Row:
    """What a frame gave: a row of the FaceTrack."""

    crop: UInt8[np.ndarray, "64 64"]
    detected: bool
    yaw: float
    time: float


class FaceTracker:
    """The person followed: `track` takes the frames in any portions, `finish` gives what is still being held back.

    A frame is `detected` if a face was seen in it or in both looked-at frames around it. Elsewhere the previous crop
    is repeated; before the first face, the first one. Rows come out up to EVERY frames after their frame went in, those
    before the first face when it appears (LONGEST_WAIT at most; empty then, as when none ever does).
    """

    def __init__(self, detect: Callable[[Picture], tuple[Face, ...]] | None = None) -> None:
        self._detect = detect or YuNet()
        self._pending: list[tuple[Picture, float]] = []
        self._arrived = np.inf  # when the last frame came
        self._looked: float | None = None  # when a frame was last looked at
        self._anchor: Face | None = None  # what was found there
        self._last: Face | None = None  # where the person was last seen, and when
        self._last_time = 0.0
        self._shown: _Row | None = None  # the last row with a face
        self._waiting: list[float] = []  # times of frames before the first face
        self._rows: list[_Row] = []
        self._looks_left = _LOOKS
        self._turned: list[bool] = []  # of each picture checked whether its face is upside down

    @property
    def is_upside_down(self) -> bool:
        """Whether the faces stand on their heads, by the first pictures looked at."""
        return 2 * sum(self._turned) > len(self._turned)

    def track(self, frames: UInt8[np.ndarray, "t h w"], times: Float[np.ndarray, " t"]) -> FaceTrack:
        """Take the next frames with their times in seconds; return the rows that are settled by now."""
        for picture, time in zip(frames, times.tolist(), strict=True):
            self._pause_until(time)
            self._arrived = time
            self._pending.append((picture, time))
            if self._looked is None or len(self._pending) >= EVERY or time - self._looked >= LONGEST_STEP:
                self._look()
        return self._settled()

    def hold(self, until: float) -> FaceTrack:
        """Return the rows that are settled because no frame will come before `until` seconds."""
        self._pause_until(until)
        return self._settled()

    def _pause_until(self, time: float) -> None:
        """Settle all rows where no frame came for LONGEST_WAIT: the next one is no neighbour of theirs."""
        if time - self._arrived > LONGEST_WAIT:
            if self._pending:
                self._look()
            self._give_up_before(time)

    def finish(self) -> FaceTrack:
        """Return the rows that were held back: no more frames will come."""
        if self._pending:
            self._look()
        self._give_up_before(np.inf)
        return self._settled()

    def _look(self) -> None:
        """Look at the newest pending frame, and settle those between it and the one looked at before."""
        *between, (picture, time) = self._pending
        before, looked = self._anchor, self._looked
        here = self._find(picture, time)
        for middle, moment in between:
            if before and here and looked is not None:
                self._add(middle, moment, _interpolated(before, here, (moment - looked) / (time - looked)))
            elif before or here:
                # The face comes or goes: only looking tells in which frame.
                self._add(middle, moment, self._find_near(middle, before or here))
            else:
                self._add(middle, moment, None)
        self._add(picture, time, here)
        self._anchor, self._looked, self._pending = here, time, []
        if here:
            self._last, self._last_time = here, time

    def _find(self, picture: Picture, time: float) -> Face | None:
        size = (picture.shape[1], picture.shape[0])
        faces = self._detect(picture)
        if self._looks_left and len(self._turned) < _CHECKS:
            self._check_which_way_up(picture, faces)
        return select_face_track(faces, self._last, time - self._last_time, size)

    def _check_which_way_up(self, picture: Picture, faces: tuple[Face, ...]) -> None:
        """Look at a picture turned by 180 degrees, where that may show its face better: YuNet sees either."""
        score = max((face.score for face in faces), default=0.0)
        if score >= _UPRIGHT:
            self._looks_left, self._turned = 0, []
            return
        turned = max((face.score for face in self._detect(np.ascontiguousarray(picture[::-1, ::-1]))), default=0.0)
        self._looks_left -= 1
        if max(score, turned) >= SURE:
            self._turned.append(turned > score + _MARGIN)

    def _find_near(self, picture: Picture, face: Face | None) -> Face | None:
        size = (picture.shape[1], picture.shape[0])
        return select_face_track(self._detect(picture), face, LONGEST_STEP, size)

    def _add(self, picture: Picture, time: float, face: Face | None) -> None:
        if face is not None:
            self._shown = _Row(cut_face(picture, face), detected=True, yaw=face.yaw, time=time)
            self._rows += [_repeated(self._shown, earlier) for earlier in self._waiting]
            self._waiting = []
            self._rows.append(self._shown)
        elif self._shown is not None:
            self._rows.append(_repeated(self._shown, time))
        else:
            self._waiting.append(time)
            self._give_up_before(time - LONGEST_WAIT)

    def _give_up_before(self, time: float) -> None:
        empty = np.zeros((CROP_SIDE, CROP_SIDE), np.uint8)
        self._rows += [_Row(empty, detected=False, yaw=0.0, time=moment) for moment in self._waiting if moment < time]
        self._waiting = [moment for moment in self._waiting if moment >= time]

    def _settled(self) -> FaceTrack:
        rows, self._rows = self._rows, []
        return FaceTrack(
            crops=np.stack([row.crop for row in rows]) if rows else np.zeros((0, CROP_SIDE, CROP_SIDE), np.uint8),
            detected=np.array([row.detected for row in rows], dtype=np.bool_),
            yaw=np.array([row.yaw for row in rows], dtype=np.float32),
            times=np.array([row.time for row in rows], dtype=np.float64),
        )


class FaceFinder:
    """Says whether a face shows in a stretch of a recording: by the tracker, as extraction would see it."""

    def __init__(self) -> None:
        self._of_thread = local()  # a detector keeps the size of its picture, so that threads cannot share one

    def __call__(self, path: Path, start: float, end: float) -> bool:
        """Return whether any picture from `start` to `end` seconds shows a face; MediaError if none is there."""
        if not hasattr(self._of_thread, "detector"):
            self._of_thread.detector = YuNet()
        tracker = FaceTracker(self._of_thread.detector)
        for clip in stream_clips(path, start=start, end=end, stretch=_PORTION, sound=False):
            if len(clip.frames) and tracker.track(clip.frames, clip.times).detected.any():
                return True
        return bool(tracker.finish().detected.any())


def _repeated(row: _Row, time: float) -> _Row:
    return _Row(row.crop, detected=False, yaw=row.yaw, time=time)


def _interpolated(first: Face, second: Face, share: float) -> Face:
    def mix(a: float, b: float) -> float:
        return a + share * (b - a)

    return Face(
        left=mix(first.left, second.left),
        top=mix(first.top, second.top),
        width=mix(first.width, second.width),
        height=mix(first.height, second.height),
        yaw=mix(first.yaw, second.yaw),
        score=min(first.score, second.score),
    )
