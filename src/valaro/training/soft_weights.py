"""SoftMatch's memory: how sure the classifier usually is, and how often it says each level."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

MOMENTUM = 0.99
"""The method's 0.999 is for 2^20 updates; runs here are hundreds to thousands long."""


class SoftWeights:
    """Running mean and variance of the confidence, and the running share of each level (Chen et al. 2023, Eq. 5-8)."""

    def __init__(self, *, classes: int) -> None:
        self._mean = 1 / classes
        self._variance = 1.0
        self._shares = torch.full((classes,), 1 / classes)

    def weigh(self, p: Float[Tensor, "n k"]) -> Float[Tensor, " n"]:
        """Return the weight of each sample's pseudo-label.

        c is the confidence after `p` is aligned to equal shares of the levels. The weight is 1 from the usual
        confidence up and exp(-(c - mean)^2 / (2 variance / 4)) below (n_sigma = 2).
        """
        shares = p.mean(dim=0).cpu()
        self._shares = MOMENTUM * self._shares + (1 - MOMENTUM) * shares
        confidence = p.max(dim=1).values
        variance = float(confidence.var(unbiased=True)) if len(p) > 1 else 0.0
        self._mean = MOMENTUM * self._mean + (1 - MOMENTUM) * float(confidence.mean())
        self._variance = MOMENTUM * self._variance + (1 - MOMENTUM) * variance
        aligned = p / self._shares.to(p.device)
        aligned = aligned / aligned.sum(dim=1, keepdim=True)
        below = (aligned.max(dim=1).values - self._mean).clamp_max(0)
        return torch.exp(-below.square() / (2 * self._variance / 4))

    def state_dict(self) -> dict[str, Any]:
        return {"mean": self._mean, "variance": self._variance, "shares": self._shares}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._mean, self._variance, self._shares = state["mean"], state["variance"], state["shares"]
