"""A stream of feature rows to a stream of level probabilities."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from valaro.model import ExportedModel
from valaro.normalise import Scale
from valaro.windows import cut_window, trapezoid_weights

SEGMENT = 64
"""Rows of a segment of a timeline: 0.64 s. A segment needs no window of its own."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Level probabilities of grid rows `first` up to `last` (exclusive)."""

    first: int
    last: int
    probabilities: Float[np.ndarray, " 3"]


class SlidingWindowPredictor:
    """Judges windows as rows arrive, by the model's `WindowSpec`; what is kept does not grow with the recording.

    Windows begin every `hop` rows; the last one is right-aligned, a recording shorter than a window is padded: as an
    utterance is evaluated. A segment gets the mean over the windows that cover it, weighed as evaluation weighs those
    of an utterance; there is none before the first window with anything of the model's features.
    """

    def __init__(self, model: ExportedModel, scale: Scale) -> None:
        self._model = model
        self._scale = scale
        self._length = model.window.length
        self._rows = {name: np.zeros((0, len(scale[name].mean)), np.float16) for name in model.features}
        self._first = 0  # the row that the kept ones begin with
        self._total = 0
        self._next = 0
        self._judged: deque[tuple[int, Float[np.ndarray, " 3"]]] = deque()
        self._emitted_until = 0
        self._given_from = math.inf  # the first row of which a feature was given

    def push(self, rows: Mapping[str, np.ndarray], count: int) -> list[Segment]:
        """Take `count` more rows of each modality (`[count dim]`; a missing one counts as its mean)."""
        if any(name in rows for name in self._model.features):
            self._given_from = min(self._given_from, self._total)
        for name, kept in self._rows.items():
            # Half precision, as in the store, so that training and prediction see the same numbers.
            new = rows[name].astype(np.float16) if name in rows else np.full((count, kept.shape[1]), np.nan, np.float16)
            self._rows[name] = np.concatenate([kept, new])
        self._total += count
        starts = range(self._next, self._total - self._length + 1, self._model.window.hop)
        self._judge(starts)
        self._next += len(starts) * self._model.window.hop
        # No window that is still to come, the right-aligned last one included, begins before here.
        settled = self._total - self._length
        self._forget(settled)
        return self._emit(settled - settled % SEGMENT)

    def finish(self) -> list[Segment]:
        """Judge the right-aligned last window and return the remaining segments."""
        if self._total == 0:
            return []
        last = max(self._total - self._length, 0)
        if not self._judged or self._judged[-1][0] != last:
            self._judge([last])
        return self._emit(self._total)

    def _judge(self, starts: Sequence[int]) -> None:
        if not starts:
            return
        inputs: dict[str, np.ndarray] = {}
        for name, rows in self._rows.items():
            windows = np.stack([cut_window(rows, start - self._first, self._model.window) for start in starts])
            scaled = windows.astype(np.float32) * self._scale[name].factor + self._scale[name].offset
            # What was not given is NaN up to here, and then the mean.
            inputs[name] = np.ascontiguousarray(np.nan_to_num(scaled, copy=False, nan=0.0).transpose(0, 2, 1))
        self._judged.extend(zip(starts, self._model.probabilities(inputs), strict=True))

    def _emit(self, until: int) -> list[Segment]:
        """Return the segments that end by `until`."""
        segments: list[Segment] = []
        while self._emitted_until < until:
            first, last = self._emitted_until, min(self._emitted_until + SEGMENT, until)
            covering = [(start, p) for start, p in self._judged if start < last and start + self._length > first]
            starts = np.array([start for start, _ in covering])
            if starts.max() + self._length > self._given_from:
                probabilities = trapezoid_weights(starts) @ np.stack([p for _, p in covering])
                segments.append(Segment(first=first, last=last, probabilities=probabilities))
            self._emitted_until = last
        while len(self._judged) > 1 and self._judged[0][0] + self._length <= self._emitted_until:
            self._judged.popleft()
        return segments

    def _forget(self, before: int) -> None:
        drop = before - self._first
        if drop > 0:
            self._rows = {name: rows[drop:] for name, rows in self._rows.items()}
            self._first = before
