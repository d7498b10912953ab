"""Face crops turned into rows of the 100 Hz grid, each video frame embedded once, in batches that never vary."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Float32, UInt8

from valaro.features.grid import GridHold
from valaro.features.protocols import FaceFeature

BATCH = 32
"""Crops embedded at a time, counted from the first: the fastest, and the same numbers however the frames arrive."""

# Anonymous axes: each feature has a width of its own, each part of its rows a length.
Rows = Float32[np.ndarray, "_ _"]

MOST_A_SECOND = 30.0
"""Frames a second that are embedded; a faster camera's are thinned."""


LONGEST_HOLD = 10.0
"""Seconds without a frame after which the faces so far are embedded, and before the first frame rows without a face."""


class FaceRows:
    """The rows of several face features of one stretch that begins at `start` seconds."""

    def __init__(self, features: Sequence[FaceFeature], start: float) -> None:
        self._features = features
        self._grids = [GridHold(start, feature.dim) for feature in features]
        self._crops = np.zeros((0, 64, 64), np.uint8)
        self._times = np.zeros(0)
        self._last = -np.inf
        self._start = start
        self._is_begun = False

    def push(self, crops: UInt8[np.ndarray, "t 64 64"], times: Float[np.ndarray, " t"]) -> list[Rows]:
        """Take the next crops with their times in seconds; return for each feature the grid rows that are settled."""
        kept = self._thinned(times)
        if kept:
            self._begin(float(times[kept[0]]))
        self._crops = np.concatenate([self._crops, crops[kept]])
        self._times = np.concatenate([self._times, times[kept]])
        batches = list(self._whole_batches())
        return [np.concatenate([grid.empty, *parts]) for grid, *parts in zip(self._grids, *batches, strict=True)]

    def hold(self, until: float) -> list[Rows]:
        """Return for each feature the rows before `until` seconds: no frame comes before, nor came in LONGEST_HOLD."""
        self._begin(until)
        embedded = self._embed(len(self._crops))
        return [np.concatenate([rows, grid.hold(until)]) for grid, rows in zip(self._grids, embedded, strict=True)]

    def finish(self, count: int) -> list[Rows]:
        """Return for each feature the rows that are missing to `count` in all; the last face is held to the end."""
        embedded = self._embed(len(self._crops))
        return [np.concatenate([rows, grid.finish(count)]) for grid, rows in zip(self._grids, embedded, strict=True)]

    def _begin(self, first: float) -> None:
        """Put an empty crop before the first frame, or the moment until which there is none, if that is long."""
        if not self._is_begun and first - self._start > LONGEST_HOLD:
            self._crops = np.zeros((1, *self._crops.shape[1:]), np.uint8)
            self._times = np.array([self._start])
        self._is_begun = True

    def _whole_batches(self) -> Iterator[list[Rows]]:
        """Embed batch after batch while the next one's size is known: a long pause ends a batch, as `hold` does."""
        while True:
            pauses = np.flatnonzero(np.diff(self._times[: BATCH + 1]) > LONGEST_HOLD)
            count = int(pauses[0]) + 1 if len(pauses) else BATCH
            if len(self._crops) < count:
                return
            yield self._embed(count)

    def _embed(self, count: int) -> list[Rows]:
        """Return for each feature the rows that the next `count` crops settle."""
        crops, times = self._crops[:count], self._times[:count]
        self._crops, self._times = self._crops[count:], self._times[count:]
        pairs = zip(self._features, self._grids, strict=True)
        return [grid.push(feature(crops), times) if count else grid.empty for feature, grid in pairs]

    def _thinned(self, times: Float[np.ndarray, " t"]) -> list[int]:
        chosen: list[int] = []
        for index, time in enumerate(times.tolist()):
            # A tenth off, so that 30 frames a second with rounded times all stay.
            if time - self._last >= 0.9 / MOST_A_SECOND:
                chosen.append(index)
                self._last = time
        return chosen
