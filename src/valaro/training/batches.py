"""Batches of random crops: labelled ones, and real ones of labelled and unlabelled recordings together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from valaro.errors import ValaroError
from valaro.training.config import Sampling
from valaro.training.crops import Crops, Recordings
from valaro.training.runtime import CPU


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one update sees: labelled crops with their fuzzy labels, and crops of the union of both corpora.

    `second_view` are the real ones for the second look: the same crops, or others of the same utterances.
    """

    labelled: Crops
    soft_labels: Float[Tensor, "n levels"]
    real: Crops
    second_view: Crops


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


class RecordingBatches:
    """An endless supply of batches: every labelled utterance once an epoch, real ones from the union of both.

    `see` turns crops into what a network takes (`networks.resolution`); without it they stay as they are.
    """

    def __init__(
        self,
        labelled: Recordings,
        soft_labels: Float[np.ndarray, "n 3"],
        pool: Recordings | None,
        *,
        size: int,
        sampling: Sampling,
        rng: np.random.Generator,
        see: Callable[[Crops], Crops] = dict,
        device: torch.device = CPU,
    ) -> None:
        if len(labelled) == 0:
            raise ValaroError("no labelled recording to learn from")
        self.labelled = labelled
        self.pool = pool
        self._fuzzy = soft_labels.astype(np.float32)
        self._size = size
        self._sampling = sampling
        self._rng = rng
        self._see = see
        self._device = device
        # Pseudo-labels make recordings of the pool count as labelled ones: indices go on where the labelled end.
        self._known = np.arange(len(labelled))
        self._labelled_order = self._order()
        self._real_order = _Epochs([np.arange(len(labelled) + (len(pool) if pool else 0))], rng)

    def draw_labelled(self) -> tuple[Crops, Float[Tensor, "n 3"]]:
        """Return random crops of the next labelled utterances and their fuzzy labels."""
        indices = self._known[self._labelled_order.take(self._size)]
        crops, order = self._draw(indices)
        return crops, torch.from_numpy(self._fuzzy[indices[order]]).to(self._device)

    def draw(self) -> Batch:
        """Return the next batch: as many real crops as labelled ones."""
        labelled, soft_labels = self.draw_labelled()
        indices = self._real_order.take(self._size)
        real, _ = self._draw(indices)
        second_view = self._draw(indices)[0] if self._sampling.views == 2 else real
        return Batch(labelled=labelled, soft_labels=soft_labels, real=real, second_view=second_view)

    def level_ratio(self) -> Float[np.ndarray, " 3"]:
        """Return the share of each level among the labelled utterances."""
        return self._fuzzy[: len(self.labelled)].mean(axis=0, dtype=np.float64)

    def with_pseudo_labels(self, levels: Int[np.ndarray, " m"], chosen: Bool[np.ndarray, " m"]) -> "RecordingBatches":
        """Return batches in which the `chosen` recordings of the pool are labelled too, with `levels` (0-2)."""
        assert self.pool is not None
        fake = RecordingBatches(
            self.labelled,
            np.concatenate([self._fuzzy[: len(self.labelled)], np.eye(self._fuzzy.shape[1])[levels]]),
            self.pool,
            size=self._size,
            sampling=self._sampling,
            rng=self._rng,
            see=self._see,
            device=self._device,
        )
        fake._known = np.concatenate([fake._known, len(self.labelled) + np.flatnonzero(chosen)])
        fake._labelled_order = fake._order()
        return fake

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
            return self._crops(self.labelled, indices), labelled
        parts = [
            self._crops(self.labelled, indices[labelled]),
            self._crops(self.pool, indices[pooled] - len(self.labelled)),
        ]
        crops = {name: torch.cat([part[name] for part in parts]) for name in self.labelled.names}
        return crops, np.concatenate([labelled, pooled])

    def _crops(self, recordings: Recordings, indices: Int[np.ndarray, " n"]) -> Crops:
        """Return random crops as the network sees them, on the device where it learns."""
        crops = self._see(recordings.draw(indices, self._rng))
        return {name: crop.to(self._device) for name, crop in crops.items()}


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
