"""One gradient step."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from valaro import losses
from valaro.training.plans import Schedule, Terms


def adam(network: nn.Module, schedule: Schedule, *, weight_decay: float = 0.0) -> torch.optim.AdamW:
    """Return Adam over the network's parameters with the schedule's rate and first momentum.

    A `weight_decay` is decoupled (Loshchilov & Hutter 2019); at 0 this is plain Adam.
    """
    return torch.optim.AdamW(
        network.parameters(),
        lr=schedule.learning_rate,
        betas=(schedule.beta1, 0.999),
        weight_decay=weight_decay,
        fused=True,
    )


def descend(optimiser: torch.optim.Optimizer, loss: Tensor, *, rate: float, clip: float) -> None:
    """Take one step down `loss` at `rate`; gradients are clipped to norm `clip` unless that is 0."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    for group in optimiser.param_groups:
        group["lr"] = rate
        if clip > 0:
            nn.utils.clip_grad_norm_(group["params"], clip)
    optimiser.step()


def labelled_term(terms: Terms) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the labelled term that the plan asks for: over K+1 as printed, or over the K levels."""
    return losses.labelled_joint if terms.joint else losses.labelled_conditional
