"""Successive samples cut into overlapping 25 ms windows, one every 10 ms."""

import numpy as np
from jaxtyping import Float32

from valaro.features.protocols import HOP, WINDOW

BLOCK = 64
"""Windows given out at a time, counted from the first sample: the same sums, to the last bit, however sound arrives."""

# An anonymous axis: the blocks of one list differ in length.
Windows = Float32[np.ndarray, "_ 400"]


class Framer:
    """Window k covers the samples from 160 k to 160 k + 400; silence stands in after the last sample."""

    def __init__(self) -> None:
        self._kept = np.zeros(0, np.float32)
        self._samples = 0
        self._windows = 0

    def push(self, samples: Float32[np.ndarray, " n"]) -> list[Windows]:
        """Take the next samples; return the blocks of windows that are complete."""
        self._samples += len(samples)
        self._kept = np.concatenate([self._kept, samples])
        blocks: list[Windows] = []
        while len(self._kept) >= (BLOCK - 1) * HOP + WINDOW:
            blocks.append(self._cut(BLOCK))
        return blocks

    def finish(self) -> list[Windows]:
        """Return the last windows, padded with silence: ceil(samples / 160) windows in all."""
        left = -(-self._samples // HOP) - self._windows
        self._kept = np.pad(self._kept, (0, max(0, (left - 1) * HOP + WINDOW - len(self._kept))))
        blocks: list[Windows] = []
        while left > 0:
            blocks.append(self._cut(min(BLOCK, left)))
            left -= len(blocks[-1])
        return blocks

    def _cut(self, count: int) -> Windows:
        windows = np.lib.stride_tricks.sliding_window_view(self._kept, WINDOW)[: count * HOP : HOP]
        self._kept = self._kept[count * HOP :]
        self._windows += count
        return windows
