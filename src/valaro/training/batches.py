"""From the feature store to batches of random crops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from valaro.errors import ValaroError
from valaro.normalise import Scale
from valaro.records import CROP_FRAMES, Utterance
from valaro.store.feature_store import FeatureStore

Crops = dict[str, Tensor]
"""A modality's name -> scaled crops `[n dim 128]`."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one update sees: labelled crops with their fuzzy labels, and crops of the union of both corpora."""

    labelled: Crops
    fuzzy: Float[Tensor, "n 3"]
    real: Crops


class Recordings:
    """Utterances with all their modalities at hand, scaled, ready to be cut."""

    def __init__(
        self,
        store: FeatureStore,
        utterances: Sequence[Utterance],
        names: Sequence[str],
        scale_of: Callable[[Utterance], Scale],
    ) -> None:
        self.utterances = tuple(utterances)
        self.names = tuple(names)
        self._dims = {name: store.dim(name) for name in names}
        self._values = [
            {name: store.values(u.id, name) for name in names if store.has(u.id, name)} for u in self.utterances
        ]
        scales = [scale_of(utterance) for utterance in self.utterances]
        self._means = {name: torch.from_numpy(_table(scales, name, "mean")) for name in names}
        self._deviations = {name: torch.from_numpy(_table(scales, name, "deviation")) for name in names}

    def __len__(self) -> int:
        return len(self.utterances)

    def length(self, index: int) -> int:
        """Return the frames that all modalities of utterance `index` have, 0 where nothing could be extracted.

        Features extracted on different days may differ by a frame where sound and picture end apart.
        """
        return min((len(values) for values in self._values[index].values() if len(values)), default=0)

    def cut(self, indices: Int[np.ndarray, " n"], starts: Int[np.ndarray, " n"]) -> Crops:
        """Return the crops of 128 frames that begin at `starts`; all modalities are cut at the same place.

        Shorter utterances repeat. A modality that an utterance lacks is 0 everywhere, the mean after scaling.
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
                else:
                    raw[row] = values[(start + np.arange(CROP_FRAMES)) % self.length(index)]
            scaled = (torch.from_numpy(raw).float() - self._means[name][rows, None]) / self._deviations[name][
                rows, None
            ]
            scaled[torch.from_numpy(~present)] = 0.0
            crops[name] = scaled.transpose(1, 2)
        return crops

    def draw(self, indices: Int[np.ndarray, " n"], rng: np.random.Generator) -> Crops:
        """Return a crop at a uniformly random place of each utterance in `indices`."""
        room = np.array([max(self.length(int(index)) - CROP_FRAMES, 0) for index in indices])
        return self.cut(indices, rng.integers(0, room + 1))

    def windows(self, index: int) -> Int[np.ndarray, " w"]:
        """Return the starts of the test windows: every 64 frames, the last one right-aligned.

        >>> window_starts(300).tolist()
        [0, 64, 128, 172]
        """
        return window_starts(self.length(index))


def window_starts(length: int) -> Int[np.ndarray, " w"]:
    """Return where windows of 128 frames begin in a sequence of `length`: hop 64, the last one right-aligned."""
    last = max(length - CROP_FRAMES, 0)
    starts = np.arange(0, last + 1, CROP_FRAMES // 2)
    return starts if starts[-1] == last else np.append(starts, last)


class Batches:
    """An endless supply of batches: every labelled utterance once an epoch, real ones from the union of both."""

    def __init__(
        self,
        labelled: Recordings,
        fuzzy: Float[np.ndarray, "n 3"],
        pool: Recordings | None,
        *,
        size: int,
        rng: np.random.Generator,
    ) -> None:
        if len(labelled) == 0:
            raise ValaroError("no labelled recording to learn from")
        self.labelled = labelled
        self.pool = pool
        self._fuzzy = torch.from_numpy(fuzzy.astype(np.float32))
        self._size = size
        self._rng = rng
        self._labelled_order = _Epochs(len(labelled), rng)
        self._real_order = _Epochs(len(labelled) + (len(pool) if pool else 0), rng)

    def draw_labelled(self, size: int | None = None) -> tuple[Crops, Float[Tensor, "n 3"]]:
        """Return random crops of the next labelled utterances and their fuzzy labels."""
        indices = self._labelled_order.take(self._size if size is None else size)
        return self.labelled.draw(indices, self._rng), self._fuzzy[torch.from_numpy(indices)]

    def draw(self) -> Batch:
        """Return the next batch: as many real crops as labelled ones."""
        labelled, fuzzy = self.draw_labelled()
        indices = self._real_order.take(self._size)
        from_pool = indices[indices >= len(self.labelled)] - len(self.labelled)
        parts = [self.labelled.draw(indices[indices < len(self.labelled)], self._rng)]
        if self.pool is not None:
            parts.append(self.pool.draw(from_pool, self._rng))
        real = {name: torch.cat([part[name] for part in parts]) for name in self.labelled.names}
        return Batch(labelled=labelled, fuzzy=fuzzy, real=real)


class _Epochs:
    """Indices in random order without replacement, epoch after epoch."""

    def __init__(self, count: int, rng: np.random.Generator) -> None:
        self._count = count
        self._rng = rng
        self._left = np.zeros(0, dtype=np.int64)

    def take(self, size: int) -> Int[np.ndarray, " n"]:
        while len(self._left) < size:
            self._left = np.concatenate([self._left, self._rng.permutation(self._count)])
        taken, self._left = self._left[:size], self._left[size:]
        return taken


def _table(scales: Sequence[Scale], name: str, field: str) -> Float[np.ndarray, "n dim"]:
    rows = [getattr(scale[name], field) for scale in scales]
    return np.stack(rows) if rows else np.zeros((0, 1), np.float32)
