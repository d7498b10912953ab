"""Rows that come at a camera's pace, put on the 100 Hz grid: each grid row holds the last frame seen."""

import numpy as np
from jaxtyping import Float, Float32

from valaro.records import GRID_RATE

_NEAR = 1e-6  # seconds: a frame at a grid row's own time counts as seen


class GridHold:
    """Grid row k shows the latest frame at or before `start` + k / 100 s; before the first frame, the first one."""

    def __init__(self, start: float, dim: int) -> None:
        self._start = start
        self.empty = np.zeros((0, dim), np.float32)
        self._held = self.empty  # the frame on show, if any, and those after it
        self._times = np.zeros(0)
        self._rows = 0

    def push(self, rows: Float32[np.ndarray, "t dim"], times: Float[np.ndarray, " t"]) -> Float32[np.ndarray, "n dim"]:
        """Take the next frames' rows and times in seconds; return the grid rows that no later frame can change."""
        self._held = np.concatenate([self._held, rows])
        self._times = np.concatenate([self._times, times])
        if not len(self._times):
            return self._held
        # A later frame comes after the last one, so every grid row up to that time is settled.
        last = int(np.floor((float(self._times[-1]) - self._start + _NEAR) * GRID_RATE)) + 1
        return self._up_to(max(last, self._rows))

    def hold(self, until: float) -> Float32[np.ndarray, "n dim"]:
        """Return the grid rows that are settled because no frame comes before `until` seconds."""
        return self.finish(int(np.floor((until - self._start) * GRID_RATE)))

    def finish(self, count: int) -> Float32[np.ndarray, "n dim"]:
        """Return the rows that are missing to `count` grid rows in all; the last frame is held to the end."""
        return self._up_to(max(count, self._rows)) if len(self._times) else self._held

    def _up_to(self, count: int) -> Float32[np.ndarray, "n dim"]:
        moments = self._start + np.arange(self._rows, count) / GRID_RATE
        shown = np.maximum(np.searchsorted(self._times, moments + _NEAR, side="right") - 1, 0)
        rows = self._held[shown]
        self._rows = count
        keep = int(shown[-1]) if len(shown) else 0
        self._held, self._times = self._held[keep:], self._times[keep:]
        return rows
