"""What was seen of faces in a recording of unknown length: how often, some pictures, and with which expression."""

import numpy as np

from valaro.features.face_rows import Rows
from valaro.records import GRID_RATE, FaceTrack, Thumbnail

MOST_THUMBNAILS = 120


class SeenFaces:
    """Whether a face was found, for the little while until a segment is emitted, and evenly spread pictures.

    A picture is kept every `spacing` seconds; when there are too many, every other goes and the spacing doubles.
    """

    def __init__(self, *, spacing: float = 1.0, most: int = MOST_THUMBNAILS) -> None:
        self._spacing = spacing
        self._most = most
        self._times = np.zeros(0)
        self._found = np.zeros(0, dtype=bool)
        self._thumbnails: list[Thumbnail] = []

    @property
    def thumbnails(self) -> tuple[Thumbnail, ...]:
        """The pictures; there is at least one if a face was found at all."""
        return tuple(self._thumbnails)

    def add(self, track: FaceTrack) -> None:
        """Take the faces of a stretch; stretches come in order of time."""
        self._times = np.concatenate([self._times, track.times])
        self._found = np.concatenate([self._found, track.detected])
        for index in np.flatnonzero(track.detected):
            time = float(track.times[index])
            if not self._thumbnails or time - self._thumbnails[-1].time >= self._spacing:
                self._thumbnails.append(Thumbnail(time=time, crop=track.crops[index].copy()))
                if len(self._thumbnails) > self._most:
                    self._thumbnails = self._thumbnails[::2]
                    self._spacing *= 2

    def share(self, start: float, end: float) -> float:
        """Return the share of frames with a face; segments are asked for in order of time."""
        inside = (self._times >= start) & (self._times < end)
        share = float(self._found[inside].mean()) if inside.any() else 0.0
        keep = self._times >= start
        self._times, self._found = self._times[keep], self._found[keep]
        return share


class SeenExpressions:
    """What a network of faces made of the faces, for the little while until a segment is emitted."""

    def __init__(self) -> None:
        self._rows: list[Rows] = []
        self._first = 0
        self._is_face = False

    def add(self, rows: Rows, start: float, track: FaceTrack | None) -> None:
        """Take the next grid rows, from `start` seconds on, and the frames that they show."""
        frames = (track.times, track.detected) if track is not None else (np.zeros(0), np.zeros(0, dtype=bool))
        # Before the first of these frames the last one of the stretch before is still on show.
        detected = np.concatenate([[self._is_face], frames[1]])
        shown = np.searchsorted(frames[0], start + np.arange(len(rows)) / GRID_RATE, side="right")
        is_face = detected[shown]
        self._is_face = bool(detected[-1])
        self._rows.append(np.where(is_face[:, None], rows, np.float32(np.nan)))

    def mean(self, first: int, last: int) -> tuple[float, ...]:
        """Return the mean over the grid rows of a segment that show a face, empty where none does.

        Segments are asked for in order of time.
        """
        if not self._rows:
            return ()
        rows = np.concatenate(self._rows)[max(first - self._first, 0) :]
        self._rows, self._first = [rows], max(first, self._first)
        seen = rows[: last - self._first]
        seen = seen[~np.isnan(seen).any(axis=1)]
        return tuple(seen.mean(axis=0, dtype=np.float64).tolist()) if len(seen) else ()
