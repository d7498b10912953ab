"""What was seen of faces in a recording of unknown length: how often one was found, and some pictures of them."""

import numpy as np

from valaro.records import FaceTrack, Thumbnail

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
