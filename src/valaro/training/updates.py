"""One gradient step."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from valaro import losses
from valaro.networks.fusion import FusionClassifier
from valaro.training.config import LossWeights, Schedule


def adam(network: nn.Module, schedule: Schedule, *, weight_decay: float = 0.0) -> torch.optim.AdamW:
    """Return Adam over the network's parameters with the schedule's rate and first momentum.

    A `weight_decay` is decoupled (Loshchilov & Hutter 2019); at 0 this is plain Adam. Each encoder of a classifier may
    learn at a share of the rate.
    """
    groups: list[dict[str, Any]] = []
    if isinstance(network, FusionClassifier):
        groups = [
            {
                "params": list(network.encoders[modality.name].parameters()),
                "share": schedule.encoder_lr_fraction if modality.spectrum else schedule.embedding_lr_fraction,
            }
            for modality in network.shape.modalities
        ]
    known = {id(parameter) for group in groups for parameter in group["params"]}
    groups.append({"params": [p for p in network.parameters() if id(p) not in known], "share": 1.0})
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=schedule.learning_rate,
        betas=(schedule.beta1, 0.999),
        weight_decay=weight_decay,
        fused=True,
    )


def optimizer_step(optimiser: torch.optim.Optimizer, loss: Tensor, *, rate: float, clip: float) -> None:
    """Take one step down `loss` at `rate`; gradients are clipped to norm `clip` unless that is 0."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    if clip > 0:
        nn.utils.clip_grad_norm_([p for group in optimiser.param_groups for p in group["params"]], clip)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]
    optimiser.step()


def labelled_term(terms: LossWeights) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the labelled term that the plan asks for beside a generator: over K+1 as printed, or over the K levels."""
    return losses.labelled_joint if terms.k_plus_one_softmax else losses.labelled_conditional


def head_l2(classifier: FusionClassifier, terms: LossWeights) -> Tensor | float:
    """Return the weighted squared length of the last layer's weights: few labels leave many directions open."""
    return terms.head_l2 * classifier.head.squared_length() if terms.head_l2 else 0.0
