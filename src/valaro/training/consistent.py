"""Semi-supervised training without a generator: the rivals CT, MeanTeacher and SoftMatch."""

from collections.abc import Callable

import torch
from torch import Tensor

from valaro import losses
from valaro.networks.fusion import ClassifierOutput
from valaro.networks.noise import Noise
from valaro.training.adversarial import together
from valaro.training.batches import Batches
from valaro.training.config import LossWeights
from valaro.training.context import TrainerContext
from valaro.training.rng import torch_stream
from valaro.training.soft_weights import SoftWeights
from valaro.training.updates import adam, head_l2, optimizer_step

Unlabelled = Callable[
    [ClassifierOutput, ClassifierOutput, Callable[[], ClassifierOutput], LossWeights, SoftWeights], Tensor
]
"""(first look, second look, the averaged teacher's first look, weights, SoftMatch's memory) -> the weighted term."""


def consistency_alone(
    first: ClassifierOutput,
    second: ClassifierOutput,
    _: Callable[[], ClassifierOutput],
    terms: LossWeights,
    __: SoftWeights,
) -> Tensor:
    """CT (Wei et al. 2018) as in Eq. 6, and no generator."""
    logits, features = (first.logits, second.logits), (first.embedding, second.embedding)
    return terms.consistency * losses.consistency(logits, features, margin=terms.margin)


def averaged_teacher(
    _: ClassifierOutput,
    second: ClassifierOutput,
    teacher: Callable[[], ClassifierOutput],
    terms: LossWeights,
    __: SoftWeights,
) -> Tensor:
    """Mean Teacher (Tarvainen & Valpola 2017): the second look agrees with the averaged weights' first."""
    return terms.teacher * losses.agreement(second.logits, teacher().logits)


def soft_match(
    first: ClassifierOutput,
    second: ClassifierOutput,
    _: Callable[[], ClassifierOutput],
    terms: LossWeights,
    memory: SoftWeights,
) -> Tensor:
    """SoftMatch (Chen et al. 2023): the second look learns the first one's level, weighted by how sure that is."""
    weak = first.logits.detach()
    return terms.pseudo * losses.pseudo_labelled(second.logits, weak, memory.weigh(weak[:, :-1].softmax(dim=1)))


def fit_consistent(context: TrainerContext[Batches], unlabelled: Unlabelled) -> None:
    """Train on the labelled term and one unlabelled term over two looks at the real samples.

    Nothing is generated, so the labelled term is that of Eq. 1, over the K levels.
    """
    classifier, batches, augment = context.classifier, context.batches, context.augment
    loop, schedule, terms = context.loop, context.schedule, context.terms
    noise = loop.register("noise", Noise(torch_stream(context.seed, "noise", classifier.device)))
    memory = loop.register("memory", SoftWeights(classes=classifier.shape.classes))
    optimiser = loop.register("optimiser", adam(classifier, schedule, weight_decay=schedule.weight_decay))

    for step in loop.steps():
        batch = batches.draw()
        labelled, first, second = together(
            classifier, [augment(batch.labelled), batch.real, augment(batch.second_view)], noise
        )

        @torch.no_grad()
        def teacher(real: dict[str, Tensor] = batch.real) -> ClassifierOutput:
            return loop.ema.network(real, noise)

        loss_terms = {
            "labelled": losses.labelled_conditional(labelled.logits, batch.soft_labels),
            "unlabelled": unlabelled(first, second, teacher, terms, memory),
        }
        total = loss_terms["labelled"] + terms.share(step) * loss_terms["unlabelled"] + head_l2(classifier, terms)
        optimizer_step(optimiser, total, rate=schedule.rate(step), clip=schedule.grad_clip_norm)
        loop.after_step(loss_terms, {"real": first.embedding})
