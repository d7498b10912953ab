"""Averaged weights, which are what is evaluated."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class EMA(Generic[Network]):
    """An exponential moving average of a network's weights: the `decay` of a step's weight in it."""

    def __init__(self, classifier: Network, *, decay: float) -> None:
        self.classifier = deepcopy(classifier).requires_grad_(False)
        self._decay = decay
        self._steps = 0

    @torch.no_grad()
    def update(self, classifier: Network) -> None:
        """Take one step's weights in; whole numbers, such as batch norm's count of batches, are copied."""
        self._steps += 1
        # Young averages lean on recent weights: else 160 steps of a 0.99 average would still be a fifth start values.
        keep = min(self._decay, self._steps / (10 + self._steps))
        pairs = list(zip(self.classifier.state_dict().values(), classifier.state_dict().values(), strict=True))
        averaged = [pair for pair in pairs if pair[0].is_floating_point()]
        # All at once: on a GPU a call for each of a DenseNet's 700 tensors would take as long as the step itself.
        torch._foreach_lerp_([mean for mean, _ in averaged], [new for _, new in averaged], 1 - keep)  # pyright: ignore[reportPrivateImportUsage, reportPrivateUsage]
        for mean, new in pairs:
            if not mean.is_floating_point():
                mean.copy_(new)

    def are_finite(self) -> bool:
        """Return whether every weight still is a number; in an average one that was not stays."""
        return all(bool(value.isfinite().all()) for value in self.classifier.state_dict().values())

    def state_dict(self) -> dict[str, object]:
        return {"weights": self.classifier.state_dict(), "steps": self._steps}

    def load_state_dict(self, state: Mapping[str, Mapping[str, Tensor] | int]) -> None:
        weights, steps = state["weights"], state["steps"]
        assert isinstance(weights, Mapping)
        assert isinstance(steps, int)
        self.classifier.load_state_dict(weights)
        self._steps = steps
