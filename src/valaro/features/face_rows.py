"""Face crops turned into rows of the 100 Hz grid, each video frame embedded once, in batches that never vary."""

from collections.abc import Sequence

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
        rows = [[np.zeros((0, feature.dim), np.float32)] for feature in self._features]
        while count := self._whole_batch():
            self._embed(count, rows)
        return [np.concatenate(parts) for parts in rows]

    def hold(self, until: float) -> list[Rows]:
        """Return for each feature the rows before `until` seconds: no frame comes before, nor came in LONGEST_HOLD."""
        rows = [[np.zeros((0, feature.dim), np.float32)] for feature in self._features]
        self._begin(until)
        if len(self._crops):
            self._embed(len(self._crops), rows)
        for grid, parts in zip(self._grids, rows, strict=True):
            parts.append(grid.hold(until))
        return [np.concatenate(parts) for parts in rows]

    def finish(self, count: int) -> list[Rows]:
        """Return for each feature the rows that are missing to `count` in all; the last face is held to the end."""
        rows = [[np.zeros((0, feature.dim), np.float32)] for feature in self._features]
        if len(self._crops):
            self._embed(len(self._crops), rows)
        for grid, parts in zip(self._grids, rows, strict=True):
            parts.append(grid.finish(count))
        return [np.concatenate(parts) for parts in rows]

    def _begin(self, first: float) -> None:
        """Put an empty crop before the first frame, or the moment until which there is none, if that is long."""
        if not self._is_begun and first - self._start > LONGEST_HOLD:
            self._crops = np.zeros((1, *self._crops.shape[1:]), np.uint8)
            self._times = np.array([self._start])
        self._is_begun = True

    def _whole_batch(self) -> int:
        """Return how many crops make the next batch, 0: not yet known. A long pause ends a batch, as `hold` does."""
        pauses = np.flatnonzero(np.diff(self._times[: BATCH + 1]) > LONGEST_HOLD)
        return int(pauses[0]) + 1 if len(pauses) else BATCH * (len(self._crops) >= BATCH)

    def _embed(self, count: int, rows: list[list[Rows]]) -> None:
        for feature, grid, parts in zip(self._features, self._grids, rows, strict=True):
            parts.append(grid.push(feature(self._crops[:count]), self._times[:count]))
        self._crops, self._times = self._crops[count:], self._times[count:]

    def _thinned(self, times: Float[np.ndarray, " t"]) -> list[int]:
        chosen: list[int] = []
        for index, time in enumerate(times.tolist()):
            # A tenth off, so that 30 frames a second with rounded times all stay.
            if time - self._last >= 0.9 / MOST_A_SECOND:
                chosen.append(index)
                self._last = time
        return chosen
