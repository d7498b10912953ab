"""Averaged weights, which are what is evaluated."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Generic, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


class EMA(Generic[Network]):
    """`network` is an exponential moving average of another one's weights: `decay` of it stays in each step."""

    def __init__(self, live: Network, *, decay: float) -> None:
        self.network = deepcopy(live).requires_grad_(False)
        self._decay = decay
        self._steps = 0
        # Both networks keep these tensors for good, and to list a DenseNet's 700 takes as long as to average them.
        pairs = list(zip(self.network.state_dict().values(), live.state_dict().values(), strict=True))
        self._floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self) -> None:
        """Take one step's weights in; whole numbers, such as batch norm's count of batches, are copied."""
        self._steps += 1
        # Young averages lean on recent weights: else 160 steps of a 0.99 average would still be a fifth start values.
        keep = min(self._decay, self._steps / (10 + self._steps))
        # All at once: on a GPU a call for each tensor would take as long as the step itself.
        means, values = zip(*self._floats, strict=True)
        torch._foreach_lerp_(means, values, 1 - keep)  # pyright: ignore[reportPrivateImportUsage, reportPrivateUsage]
        for mean, value in self._counts:
            mean.copy_(value)

    def is_finite(self) -> bool:
        """Return whether every weight still is a number; in an average one that was not stays."""
        return all(bool(value.isfinite().all()) for value, _ in self._floats)

    def state_dict(self) -> dict[str, Any]:
        return {"weights": self.network.state_dict(), "steps": self._steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.network.load_state_dict(state["weights"])
        self._steps = state["steps"]
