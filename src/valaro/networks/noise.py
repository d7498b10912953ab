"""Randomness inside a network, as an argument: a network called without it is deterministic."""

import torch
from jaxtyping import Float
from torch import Tensor


class Noise:
    """Gaussian noise and dropout drawn from one generator; `None` in its place means neither."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator

    def gaussian(self, x: Float[Tensor, "*shape"], deviation: float) -> Float[Tensor, "*shape"]:
        """Add noise of standard deviation `deviation`."""
        if deviation == 0:
            return x
        return x + deviation * torch.randn(x.shape, generator=self._generator, device=x.device, dtype=x.dtype)

    def dropout(self, x: Float[Tensor, "*shape"], rate: float) -> Float[Tensor, "*shape"]:
        """Zero each value with probability `rate` and scale the others up."""
        if rate == 0:
            return x
        # A byte mask with a threshold is twice as fast as nn.Dropout on CPUs; 1/256 is fine enough for a rate.
        mask = torch.empty(x.shape, dtype=torch.uint8, device=x.device)
        mask.random_(0, 256, generator=self._generator)
        threshold = round(rate * 256)
        return x * (mask >= threshold) * (256 / (256 - threshold))
