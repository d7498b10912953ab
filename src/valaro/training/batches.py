"""Batches of random crops: labelled ones, and real ones of labelled and unlabelled recordings together."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from valaro.errors import ValaroError
from valaro.training.config import Sampling
from valaro.training.crops import Crops, Recordings


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one update sees."""

    labelled: Crops
    """Crops of labelled utterances."""
    soft_labels: Float[Tensor, "n levels"]
    """Their labels."""
    real: Crops
    """Crops of the union of labelled and unlabelled recordings."""
    second_view: Crops
    """The real ones for the second look: the same crops, or others of the same utterances."""


@runtime_checkable
class Batches(Protocol):
    """What a training draws from: supervised ones labelled batches alone."""

    def draw_labelled(self) -> tuple[Crops, Tensor]: ...

    def draw(self) -> Batch: ...


class RecordingBatches:
    """An endless supply of batches: every labelled utterance once an epoch, real ones from the union of both.

    `see` turns crops into what a network takes (`networks.resolution`); without it they stay as they are.
    """

    def __init__(
        self,
        labelled: Recordings,
        soft_labels: Float[np.ndarray, "n 3"],
        unlabelled: Recordings | None,
        *,
        size: int,
        sampling: Sampling,
        rng: np.random.Generator,
        see: Callable[[Crops], Crops] = dict,
    ) -> None:
        if len(labelled) == 0:
            raise ValaroError("no labelled recording to learn from")
        self.labelled = labelled
        self.unlabelled = unlabelled
        self.soft_labels = soft_labels
        self._size = size
        self._sampling = sampling
        self._rng = rng
        self._see = see
        self._begin(np.arange(len(labelled)))

    def draw_labelled(self) -> tuple[Crops, Float[Tensor, "n 3"]]:
        """Return random crops of the next labelled utterances and their soft labels."""
        indices = self._known[self._labelled_order.take(self._size)]
        crops, order = self._draw(indices)
        soft_labels = torch.from_numpy(self.soft_labels[indices[order]].astype(np.float32))
        return crops, soft_labels.to(next(iter(crops.values())).device)

    def draw(self) -> Batch:
        """Return the next batch: as many real crops as labelled ones."""
        labelled, soft_labels = self.draw_labelled()
        indices = self._real_order.take(self._size)
        real, _ = self._draw(indices)
        second_view = self._draw(indices)[0] if self._sampling.views == 2 else real
        return Batch(labelled=labelled, soft_labels=soft_labels, real=real, second_view=second_view)

    def level_ratio(self) -> Float[np.ndarray, " 3"]:
        """Return the share of each level among the labelled utterances."""
        return self.soft_labels[: len(self.labelled)].astype(np.float32).mean(axis=0, dtype=np.float64)

    def with_pseudo_labels(self, levels: Int[np.ndarray, " m"], chosen: Bool[np.ndarray, " m"]) -> "RecordingBatches":
        """Return batches in which the `chosen` unlabelled recordings are labelled too, with `levels` (0-2)."""
        extended = copy(self)
        pseudo_labels = np.eye(self.soft_labels.shape[1])[levels]
        extended.soft_labels = np.concatenate([self.soft_labels[: len(self.labelled)], pseudo_labels])
        extended._begin(np.append(np.arange(len(self.labelled)), len(self.labelled) + np.flatnonzero(chosen)))  # noqa: SLF001 - its own
        return extended

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

    def _begin(self, known: Int[np.ndarray, " n"]) -> None:
        """Begin an epoch in which `known` are labelled: unlabelled recordings have indices where the labelled end."""
        self._known = known
        positions = np.arange(len(known))
        levels = self.soft_labels[known].astype(np.float32).argmax(axis=1)
        groups = [positions[levels == level] for level in np.unique(levels)] if self._sampling.balanced else [positions]
        self._labelled_order = _Epochs(groups, self._rng)
        total = len(self.labelled) + (len(self.unlabelled) if self.unlabelled else 0)
        self._real_order = _Epochs([np.arange(total)], self._rng)

    def _draw(self, indices: Int[np.ndarray, " n"]) -> tuple[Crops, Int[np.ndarray, " n"]]:
        """Return random crops, unlabelled ones behind the labelled, and where in `indices` each comes from."""
        is_labelled = indices < len(self.labelled)
        sources = ((self.labelled, indices[is_labelled]), (self.unlabelled, indices[~is_labelled] - len(self.labelled)))
        parts = [
            self._see(recordings.draw(rows, self._rng)) for recordings, rows in sources if recordings and len(rows)
        ]
        crops = parts[0] if len(parts) == 1 else {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        return crops, np.argsort(~is_labelled, kind="stable")


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
