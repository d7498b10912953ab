"""Averaged weights, which are what is evaluated."""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor

from valaro.networks.fusion import FusionClassifier


class Averages:
    """An exponential moving average of a classifier's weights: the `decay` of a step's weight in it."""

    def __init__(self, classifier: FusionClassifier, *, decay: float) -> None:
        self.classifier = deepcopy(classifier).requires_grad_(False)
        self._decay = decay
        self._steps = 0

    @torch.no_grad()
    def follow(self, classifier: FusionClassifier) -> None:
        """Take one step's weights in."""
        self._steps += 1
        # Young averages lean on recent weights: else 160 steps of a 0.99 average would still be a fifth start values.
        keep = min(self._decay, self._steps / (10 + self._steps))
        for mean, new in zip(self.classifier.state_dict().values(), classifier.state_dict().values(), strict=True):
            mean.lerp_(new, 1 - keep)

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
