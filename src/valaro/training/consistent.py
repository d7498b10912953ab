"""Semi-supervised training without a generator: the rivals CT, MeanTeacher and SoftMatch."""

from collections.abc import Callable

import torch
from torch import Tensor

from valaro import losses
from valaro.networks.fusion import FusionClassifier, Judgement
from valaro.networks.noise import Noise
from valaro.training.adversarial import together
from valaro.training.batches import Batches
from valaro.training.plans import Schedule, Terms
from valaro.training.progress import Progress
from valaro.training.soft_weights import SoftWeights
from valaro.training.streams import torch_stream
from valaro.training.updates import adam, descend, ridge
from valaro.training.views import Look

Unlabelled = Callable[[Judgement, Judgement, Callable[[], Judgement], Terms, SoftWeights], Tensor]
"""(first look, second look, the averaged teacher's first look, weights, SoftMatch's memory) -> the weighted term."""


def consistency_alone(
    first: Judgement, second: Judgement, _: Callable[[], Judgement], terms: Terms, __: SoftWeights
) -> Tensor:
    """CT (Wei et al. 2018) as in Eq. 6, and no generator."""
    logits, features = (first.logits, second.logits), (first.learnt, second.learnt)
    return terms.consistency * losses.consistency(logits, features, margin=terms.margin)


def averaged_teacher(
    _: Judgement, second: Judgement, teacher: Callable[[], Judgement], terms: Terms, __: SoftWeights
) -> Tensor:
    """Mean Teacher (Tarvainen & Valpola 2017): the second look agrees with the averaged weights' first."""
    return terms.teacher * losses.agreement(second.logits, teacher().logits)


def soft_match(
    first: Judgement, second: Judgement, _: Callable[[], Judgement], terms: Terms, memory: SoftWeights
) -> Tensor:
    """SoftMatch (Chen et al. 2023): the second look learns the first one's level, weighted by how sure that is."""
    weak = first.logits.detach()
    return terms.pseudo * losses.pseudo_labelled(second.logits, weak, memory.weigh(weak[:, :-1].softmax(dim=1)))


def fit_consistent(
    classifier: FusionClassifier,
    batches: Batches,
    progress: Progress,
    unlabelled: Unlabelled,
    *,
    schedule: Schedule,
    terms: Terms,
    look: Look,
    seed: int,
) -> None:
    """Train on the labelled term and one unlabelled term over two looks at the real samples.

    Nothing is generated, so the labelled term is that of Eq. 1, over the K levels.
    """
    noise = Noise(torch_stream(seed, "noise", classifier.device))
    memory = SoftWeights(classes=classifier.shape.classes)
    optimiser = adam(classifier, schedule, weight_decay=schedule.weight_decay)

    for step in progress.steps(batches=batches, look=look, noise=noise, memory=memory, optimiser=optimiser):
        batch = batches.draw()
        labelled, first, second = together(classifier, [look(batch.labelled), batch.real, look(batch.again)], noise)

        @torch.no_grad()
        def teacher(real: dict[str, Tensor] = batch.real) -> Judgement:
            return progress.averages.classifier(real, noise)

        found = {
            "labelled": losses.labelled_conditional(labelled.logits, batch.fuzzy),
            "unlabelled": unlabelled(first, second, teacher, terms, memory),
        }
        total = found["labelled"] + terms.share(step) * found["unlabelled"] + ridge(classifier, terms)
        descend(optimiser, total, rate=schedule.rate(step), clip=schedule.clip)
        progress.follow(step, found, {"real": first})
