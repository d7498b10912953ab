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


class FaceRows:
    """The rows of several face features of one stretch that begins at `start` seconds."""

    def __init__(self, features: Sequence[FaceFeature], start: float) -> None:
        self._features = features
        self._grids = [GridHold(start, feature.dim) for feature in features]
        self._crops = np.zeros((0, 64, 64), np.uint8)
        self._times = np.zeros(0)
        self._last = -np.inf

    def push(self, crops: UInt8[np.ndarray, "t 64 64"], times: Float[np.ndarray, " t"]) -> list[Rows]:
        """Take the next crops with their times in seconds; return for each feature the grid rows that are settled."""
        kept = self._thinned(times)
        self._crops = np.concatenate([self._crops, crops[kept]])
        self._times = np.concatenate([self._times, times[kept]])
        rows = [[np.zeros((0, feature.dim), np.float32)] for feature in self._features]
        while len(self._crops) >= BATCH:
            self._embed(BATCH, rows)
        return [np.concatenate(parts) for parts in rows]

    def finish(self, count: int) -> list[Rows]:
        """Return for each feature the rows that are missing to `count` in all; the last face is held to the end."""
        rows = [[np.zeros((0, feature.dim), np.float32)] for feature in self._features]
        if len(self._crops):
            self._embed(len(self._crops), rows)
        for grid, parts in zip(self._grids, rows, strict=True):
            parts.append(grid.finish(count))
        return [np.concatenate(parts) for parts in rows]

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
