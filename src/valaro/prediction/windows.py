"""A stream of feature rows to a stream of level probabilities."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from valaro.networks.fusion import Inputs
from valaro.normalise import Scale
from valaro.records import CROP_FRAMES
from valaro.training.classify import level_probabilities
from valaro.training.trained_model import TrainedModel

HOP = CROP_FRAMES // 2


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Level probabilities of grid rows `first` up to `last` (exclusive)."""

    first: int
    last: int
    probabilities: Float[np.ndarray, " 3"]


class SlidingWindowPredictor:
    """Judges windows of 128 rows, hop 64, as rows arrive; what is kept does not grow with the recording.

    A segment of 64 rows gets the mean over the windows that cover it; there is none before the first window with
    anything of the model's features. The last window is right-aligned; a recording shorter than a window is filled up
    as in training. (Whole utterances are judged on denser windows: see `training.crops`.)
    """

    def __init__(self, model: TrainedModel, scale: Scale) -> None:
        self._model = model
        self._scale = scale
        self._rows: dict[str, Float[np.ndarray, "t dim"]] = {}
        self._first = 0
        self._total = 0
        self._next = 0
        self._judged: deque[tuple[int, Float[np.ndarray, " 3"]]] = deque()
        self._told = 0
        self._given_from = math.inf  # the first row of which a feature was given

    def push(self, rows: Mapping[str, np.ndarray], count: int) -> list[Segment]:
        """Take `count` more rows of each modality (`[count dim]`; a missing one counts as its mean)."""
        if any(name in rows for name in self._model.features):
            self._given_from = min(self._given_from, self._total)
        for name in self._model.features:
            statistics = self._scale[name]
            if name in rows:
                # The store keeps half precision: round here too, so that both paths feed the same numbers.
                new = (rows[name].astype(np.float16).astype(np.float32) - statistics.mean) / statistics.deviation
            else:
                new = np.zeros((count, len(statistics.mean)), np.float32)
            old = self._rows.get(name)
            self._rows[name] = new if old is None else np.concatenate([old, new])
        self._total += count
        starts: list[int] = []
        while self._next + CROP_FRAMES <= self._total:
            starts.append(self._next)
            self._next += HOP
        self._judge(starts)
        # The right-aligned last window, whenever it comes, begins no earlier than here.
        self._forget(self._total - CROP_FRAMES)
        # It may still cover the last regular window's first half: what lies before that is settled.
        return self._tell(self._next - HOP)

    def finish(self) -> list[Segment]:
        """Judge the right-aligned last window and return the remaining segments."""
        if self._total == 0:
            return []
        last = max(self._total - CROP_FRAMES, 0)
        if not self._judged or self._judged[-1][0] != last:
            self._judge([last])
        return self._tell(self._total)

    def _judge(self, starts: Sequence[int]) -> None:
        if not starts:
            return
        places = np.array(starts)[:, None] - self._first + np.arange(CROP_FRAMES)
        inputs: Inputs = {
            name: torch.from_numpy(self._filled(rows)[places]).transpose(1, 2) for name, rows in self._rows.items()
        }
        self._judged.extend(zip(starts, level_probabilities(self._model.classifier, inputs), strict=True))

    def _filled(self, rows: Float[np.ndarray, "t dim"]) -> Float[np.ndarray, "longer dim"]:
        """Fill a recording that is shorter than a window up to one, as the model was trained."""
        lacking = CROP_FRAMES - len(rows)
        if lacking <= 0:
            return rows
        if self._model.short == "repeat":
            return rows[np.arange(CROP_FRAMES) % len(rows)]
        return np.concatenate([rows, np.broadcast_to(rows.mean(axis=0), (lacking, rows.shape[1]))])

    def _tell(self, until: int) -> list[Segment]:
        """Return the segments that end by `until`."""
        segments: list[Segment] = []
        while self._told < until:
            first, last = self._told, min(self._told + HOP, until)
            covering = [(start, p) for start, p in self._judged if start < last and start + CROP_FRAMES > first]
            if any(start + CROP_FRAMES > self._given_from for start, _ in covering):
                probabilities = np.mean([p for _, p in covering], axis=0)
                segments.append(Segment(first=first, last=last, probabilities=probabilities))
            self._told = last
        while len(self._judged) > 1 and self._judged[0][0] + CROP_FRAMES <= self._told:
            self._judged.popleft()
        return segments

    def _forget(self, before: int) -> None:
        drop = before - self._first
        if drop > 0:
            self._rows = {name: rows[drop:] for name, rows in self._rows.items()}
            self._first = before
