"""Supervised training: FSBase and MFSBase."""

import torch

from valaro import losses
from valaro.networks.fusion import FusionClassifier
from valaro.networks.noise import Noise
from valaro.training.augmentation import Augmentation
from valaro.training.batches import LabelledBatches
from valaro.training.config import LossWeights, Schedule
from valaro.training.loop import TrainingLoop
from valaro.training.rng import torch_stream
from valaro.training.updates import adam, head_l2, optimizer_step


def fit_supervised(
    classifier: FusionClassifier,
    batches: LabelledBatches,
    loop: TrainingLoop,
    *,
    schedule: Schedule,
    terms: LossWeights,
    augment: Augmentation,
    seed: int,
) -> None:
    """Train on labelled samples alone, by Eq. 1: nothing is generated, so the softmax is over the K levels.

    `loop` ends up with the result.
    """
    noise = Noise(torch_stream(seed, "noise", classifier.device))
    optimiser = adam(classifier, schedule, weight_decay=schedule.weight_decay)

    for step in loop.steps(batches=batches, noise=noise, augment=augment, optimiser=optimiser):
        crops, soft_labels = batches.draw_labelled()
        labelled = losses.labelled_conditional(classifier(augment(crops), noise).logits, soft_labels)
        optimizer_step(
            optimiser, labelled + head_l2(classifier, terms), rate=schedule.rate(step), clip=schedule.grad_clip_norm
        )
        loop.after_step(step, {"labelled": labelled})


@torch.no_grad()
def data_dependent_init(classifier: FusionClassifier, batches: LabelledBatches, *, seed: int) -> None:
    """Set weight-normalised layers from one batch of labelled samples (Salimans & Kingma 2016), noise included."""
    classifier(batches.draw_labelled()[0], Noise(torch_stream(seed, "start noise", classifier.device)), start=True)
