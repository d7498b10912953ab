"""Utterances in memory, cut into random crops and into the windows on which they are judged."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from valaro.normalise import Scale
from valaro.records import CROP_FRAMES, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.config import Short

Crops = dict[str, Tensor]
"""A modality's name -> scaled crops `[n dim 128]`."""

JUDGED_HOP = CROP_FRAMES // 4
"""Frames between the windows on which an utterance is judged."""


class Recordings:
    """Utterances with all their modalities at hand, scaled, ready to be cut."""

    def __init__(
        self,
        store: FeatureStore,
        utterances: Sequence[Utterance],
        names: Sequence[str],
        scale_of: Callable[[Utterance], Scale],
        *,
        short: Short = "repeat",
    ) -> None:
        self.utterances = tuple(utterances)
        self.names = tuple(names)
        self._short = short
        self._dims = {name: store.dim(name) for name in names}
        self._values = [
            {name: store.values(u.id, name) for name in names if store.has(u.id, name)} for u in self.utterances
        ]
        scales = [scale_of(utterance) for utterance in self.utterances]
        # x * factor + offset is one pass over a crop, (x - mean) / deviation two.
        self._factors = {name: torch.from_numpy(1 / _table(scales, name, "deviation")) for name in names}
        self._offsets = {name: torch.from_numpy(-_table(scales, name, "mean")) * self._factors[name] for name in names}

    def __len__(self) -> int:
        return len(self.utterances)

    def length(self, index: int) -> int:
        """Return the frames that all modalities of utterance `index` have, 0 where nothing could be extracted.

        Features extracted on different days may differ by a frame where sound and picture end apart.
        """
        return min((len(values) for values in self._values[index].values() if len(values)), default=0)

    def cut(self, indices: Int[np.ndarray, " n"], starts: Int[np.ndarray, " n"]) -> Crops:
        """Return the crops of 128 frames that begin at `starts`; all modalities are cut at the same place.

        Shorter utterances repeat, or go on with their own mean. A modality that an utterance lacks is 0 everywhere, the
        mean after scaling.
        """
        rows = torch.from_numpy(indices)
        crops: Crops = {}
        for name in self.names:
            raw = np.zeros((len(indices), CROP_FRAMES, self._dims[name]), dtype=np.float16)
            present = np.zeros(len(indices), dtype=bool)
            for row, (index, start) in enumerate(zip(indices.tolist(), starts.tolist(), strict=True)):
                values = self._values[index].get(name)
                if values is None or len(values) == 0:
                    continue
                present[row] = True
                if start + CROP_FRAMES <= len(values):
                    raw[row] = values[start : start + CROP_FRAMES]
                elif self._short == "repeat":
                    raw[row] = values[(start + np.arange(CROP_FRAMES)) % self.length(index)]
                else:
                    raw[row] = values.mean(axis=0, dtype=np.float32)
                    raw[row, : self.length(index)] = values[: self.length(index)]
            scaled = torch.addcmul(
                self._offsets[name][rows, None], torch.from_numpy(raw).float(), self._factors[name][rows, None]
            )
            if not present.all():
                scaled[torch.from_numpy(~present)] = 0.0
            crops[name] = scaled.transpose(1, 2)
        return crops

    def draw(self, indices: Int[np.ndarray, " n"], rng: np.random.Generator) -> Crops:
        """Return a crop at a uniformly random place of each utterance in `indices`."""
        room = np.array([max(self.length(int(index)) - CROP_FRAMES, 0) for index in indices])
        return self.cut(indices, rng.integers(0, room + 1))

    def windows(self, index: int) -> tuple[Int[np.ndarray, " w"], Float[np.ndarray, " w"]]:
        """Return the starts of the windows to be judged, and how much each counts (`shares_of`)."""
        starts = window_starts(self.length(index), JUDGED_HOP)
        return starts, shares_of(starts)

    def centre(self, index: int) -> tuple[Int[np.ndarray, " w"], Float[np.ndarray, " w"]]:
        """Return the start of the middle 128 frames, as the one place of a list, which counts in full."""
        return np.array([max(self.length(index) - CROP_FRAMES, 0) // 2]), np.ones(1)

    def whole(self, index: int) -> Crops:
        """Return all frames of an utterance, `[1 dim time]` a modality; one that it lacks is 0 in a single frame."""
        crops: Crops = {}
        for name in self.names:
            values = self._values[index].get(name)
            if values is None or len(values) == 0:
                crops[name] = torch.zeros((1, self._dims[name], 1))
                continue
            raw = torch.from_numpy(np.asarray(values[: self.length(index)], dtype=np.float32))
            crops[name] = torch.addcmul(self._offsets[name][index], raw, self._factors[name][index]).T[None]
        return crops


def window_starts(length: int, hop: int) -> Int[np.ndarray, " w"]:
    """Return where windows of 128 frames begin in a sequence of `length`: every `hop`, the last one right-aligned."""
    last = max(length - CROP_FRAMES, 0)
    starts = np.arange(0, last + 1, hop)
    return starts if starts[-1] == last else np.append(starts, last)


def shares_of(starts: Int[np.ndarray, " w"]) -> Float[np.ndarray, " w"]:
    """Return the weights of the trapezoid rule over `starts`, with sum 1.

    A random crop begins anywhere with the same chance, so it hardly ever holds a recording's first or last frame; an
    equal-weight mean over a few windows would give both ends, often silence that no crop has shown, far more weight
    than they had in training.

    >>> window_starts(300, 64).tolist(), shares_of(window_starts(300, 64)).round(2).tolist()
    ([0, 64, 128, 172], [0.19, 0.37, 0.31, 0.13])
    """
    gaps = np.diff(starts) / 2
    widths = np.append(gaps, 0.0) + np.insert(gaps, 0, 0.0)
    return widths / widths.sum() if len(starts) > 1 else np.ones(1)


def _table(scales: Sequence[Scale], name: str, field: str) -> Float[np.ndarray, "n dim"]:
    rows = [getattr(scale[name], field) for scale in scales]
    return np.stack(rows) if rows else np.zeros((0, 1), np.float32)
