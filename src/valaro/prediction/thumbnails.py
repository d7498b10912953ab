"""A bounded number of face pictures, evenly spread over a recording of unknown length."""

import numpy as np

from valaro.records import FaceTrack, Thumbnail

MOST = 120


class Thumbnails:
    """Keeps a found face every `spacing` seconds; when there are too many, every other goes and the spacing doubles."""

    def __init__(self, *, spacing: float = 1.0, most: int = MOST) -> None:
        self._spacing = spacing
        self._most = most
        self._kept: list[Thumbnail] = []

    def add(self, track: FaceTrack) -> None:
        """Take the faces of a stretch; stretches come in order of time."""
        for index in np.flatnonzero(track.found):
            time = float(track.times[index])
            if not self._kept or time - self._kept[-1].time >= self._spacing:
                self._kept.append(Thumbnail(time=time, crop=track.crops[index].copy()))
                if len(self._kept) > self._most:
                    self._kept = self._kept[::2]
                    self._spacing *= 2

    def kept(self) -> tuple[Thumbnail, ...]:
        return tuple(self._kept)
