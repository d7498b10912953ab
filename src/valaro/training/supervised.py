"""Supervised training: FSBase and MFSBase."""

import torch

from valaro import losses
from valaro.networks.fusion import FusionClassifier
from valaro.networks.noise import Noise
from valaro.training.batches import Batches
from valaro.training.context import TrainerContext
from valaro.training.rng import torch_stream
from valaro.training.updates import adam, head_l2, optimizer_step


def fit_supervised(context: TrainerContext[Batches]) -> None:
    """Train on labelled samples alone, by Eq. 1: nothing is generated, so the softmax is over the K levels."""
    classifier, loop, schedule = context.classifier, context.loop, context.schedule
    noise = loop.register("noise", Noise(torch_stream(context.seed, "noise", classifier.device)))
    optimiser = loop.register("optimiser", adam(classifier, schedule, weight_decay=schedule.weight_decay))

    for step in loop.steps():
        crops, soft_labels = context.batches.draw_labelled()
        labelled = losses.labelled_conditional(classifier(context.augment(crops), noise).logits, soft_labels)
        total = labelled + head_l2(classifier, context.terms)
        optimizer_step(optimiser, total, rate=schedule.rate(step), clip=schedule.grad_clip_norm)
        loop.after_step({"labelled": labelled})


@torch.no_grad()
def data_dependent_init(classifier: FusionClassifier, batches: Batches, *, seed: int) -> None:
    """Set weight-normalised layers from one batch of labelled samples (Salimans & Kingma 2016), noise included."""
    classifier(batches.draw_labelled()[0], Noise(torch_stream(seed, "start noise", classifier.device)), start=True)
