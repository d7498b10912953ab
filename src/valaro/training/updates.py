"""One gradient step."""

import torch
from torch import Tensor, nn

from valaro.training.plans import Schedule


def adam(network: nn.Module, schedule: Schedule) -> torch.optim.Adam:
    """Return Adam over the network's parameters with the schedule's rate and first momentum."""
    return torch.optim.Adam(network.parameters(), lr=schedule.learning_rate, betas=(schedule.beta1, 0.999))


def descend(optimiser: torch.optim.Optimizer, loss: Tensor, *, rate: float, clip: float) -> None:
    """Take one step down `loss` at `rate`; gradients are clipped to norm `clip` unless that is 0."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    for group in optimiser.param_groups:
        group["lr"] = rate
        if clip > 0:
            nn.utils.clip_grad_norm_(group["params"], clip)
    optimiser.step()
