"""From the feature store to batches of random crops."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from valaro.errors import ValaroError
from valaro.normalise import Scale
from valaro.records import CROP_FRAMES, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.plans import Sampling, Short

Crops = dict[str, Tensor]
"""A modality's name -> scaled crops `[n dim 128]`."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one update sees: labelled crops with their fuzzy labels, and crops of the union of both corpora.

    `again` are the real ones for the second look: the same crops, or others of the same utterances.
    """

    labelled: Crops
    fuzzy: Float[Tensor, "n levels"]
    real: Crops
    again: Crops


@runtime_checkable
class LabelledBatches(Protocol):
    """What supervised training draws from."""

    def draw_labelled(self) -> tuple[Crops, Tensor]: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Any, /) -> None: ...  # noqa: ANN401


@runtime_checkable
class Batches(LabelledBatches, Protocol):
    """What semi-supervised training draws from."""

    def draw(self) -> Batch: ...


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


class RecordingBatches:
    """An endless supply of batches: every labelled utterance once an epoch, real ones from the union of both.

    `see` turns crops into what a network takes (`networks.resolution`); without it they stay as they are.
    """

    def __init__(
        self,
        labelled: Recordings,
        fuzzy: Float[np.ndarray, "n 3"],
        pool: Recordings | None,
        *,
        size: int,
        sampling: Sampling,
        rng: np.random.Generator,
        see: Callable[[Crops], Crops] = dict,
    ) -> None:
        if len(labelled) == 0:
            raise ValaroError("no labelled recording to learn from")
        self.labelled = labelled
        self.pool = pool
        self._fuzzy = fuzzy.astype(np.float32)
        self._size = size
        self._sampling = sampling
        self._rng = rng
        self._see = see
        # Pseudo-labels make recordings of the pool count as labelled ones: indices go on where the labelled end.
        self._known = np.arange(len(labelled))
        self._labelled_order = self._order()
        self._real_order = _Epochs([np.arange(len(labelled) + (len(pool) if pool else 0))], rng)

    def draw_labelled(self) -> tuple[Crops, Float[Tensor, "n 3"]]:
        """Return random crops of the next labelled utterances and their fuzzy labels."""
        indices = self._known[self._labelled_order.take(self._size)]
        crops, order = self._draw(indices)
        return crops, torch.from_numpy(self._fuzzy[indices[order]])

    def draw(self) -> Batch:
        """Return the next batch: as many real crops as labelled ones."""
        labelled, fuzzy = self.draw_labelled()
        indices = self._real_order.take(self._size)
        real, _ = self._draw(indices)
        again = self._draw(indices)[0] if self._sampling.views == 2 else real
        return Batch(labelled=labelled, fuzzy=fuzzy, real=real, again=again)

    def level_ratio(self) -> Float[np.ndarray, " 3"]:
        """Return the share of each level among the labelled utterances."""
        return self._fuzzy[: len(self.labelled)].mean(axis=0, dtype=np.float64)

    def with_pseudo_labels(self, levels: Int[np.ndarray, " m"], chosen: Bool[np.ndarray, " m"]) -> "RecordingBatches":
        """Return batches in which the `chosen` recordings of the pool are labelled too, with `levels` (0-2)."""
        assert self.pool is not None
        made = RecordingBatches(
            self.labelled,
            np.concatenate([self._fuzzy[: len(self.labelled)], np.eye(self._fuzzy.shape[1])[levels]]),
            self.pool,
            size=self._size,
            sampling=self._sampling,
            rng=self._rng,
            see=self._see,
        )
        made._known = np.concatenate([made._known, len(self.labelled) + np.flatnonzero(chosen)])
        made._labelled_order = made._order()
        return made

    def state_dict(self) -> dict[str, Any]:
        return {
            "rng": self._rng.bit_generator.state,
            "labelled": self._labelled_order.state_dict(),
            "real": self._real_order.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._rng.bit_generator.state = state["rng"]
        self._labelled_order.load_state_dict(state["labelled"])
        self._real_order.load_state_dict(state["real"])

    def _order(self) -> "_Epochs":
        places = np.arange(len(self._known))
        if not self._sampling.balanced:
            return _Epochs([places], self._rng)
        levels = self._fuzzy[self._known].argmax(axis=1)
        return _Epochs([places[levels == level] for level in np.unique(levels)], self._rng)

    def _draw(self, indices: Int[np.ndarray, " n"]) -> tuple[Crops, Int[np.ndarray, " n"]]:
        """Return crops, those of the pool behind the labelled ones, and the places in `indices` that they are of."""
        labelled, pooled = np.flatnonzero(indices < len(self.labelled)), np.flatnonzero(indices >= len(self.labelled))
        if len(pooled) == 0 or self.pool is None:
            return self._see(self.labelled.draw(indices, self._rng)), labelled
        parts = [
            self._see(self.labelled.draw(indices[labelled], self._rng)),
            self._see(self.pool.draw(indices[pooled] - len(self.labelled), self._rng)),
        ]
        crops = {name: torch.cat([part[name] for part in parts]) for name in self.labelled.names}
        return crops, np.concatenate([labelled, pooled])


class _Epochs:
    """The numbers of each group in random order without replacement, epoch after epoch; the groups take turns."""

    def __init__(self, groups: Sequence[Int[np.ndarray, " _"]], rng: np.random.Generator) -> None:
        self._groups = tuple(groups)
        self._rng = rng
        self._left = [np.zeros(0, dtype=np.int64) for _ in groups]
        self._turn = 0

    def take(self, size: int) -> Int[np.ndarray, " n"]:
        count = len(self._groups)
        turns = (self._turn + np.arange(size)) % count
        self._turn = (self._turn + size) % count
        taken = np.empty(size, dtype=np.int64)
        for group in range(count):
            mine = turns == group
            taken[mine] = self._take(group, int(mine.sum()))
        return taken

    def state_dict(self) -> dict[str, Any]:
        return {"left": [left.tolist() for left in self._left], "turn": self._turn}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._left = [np.array(left, dtype=np.int64) for left in state["left"]]
        self._turn = state["turn"]

    def _take(self, group: int, size: int) -> Int[np.ndarray, " n"]:
        left = self._left[group]
        while len(left) < size:
            left = np.concatenate([left, self._rng.permutation(self._groups[group])])
        taken, self._left[group] = left[:size], left[size:]
        return taken


def _table(scales: Sequence[Scale], name: str, field: str) -> Float[np.ndarray, "n dim"]:
    rows = [getattr(scale[name], field) for scale in scales]
    return np.stack(rows) if rows else np.zeros((0, 1), np.float32)
