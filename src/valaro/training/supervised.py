"""Supervised training: FSBase and MFSBase."""

import torch

from valaro import losses
from valaro.networks.fusion import FusionClassifier
from valaro.networks.noise import Noise
from valaro.training.batches import LabelledBatches
from valaro.training.plans import Schedule, Terms
from valaro.training.progress import Progress
from valaro.training.streams import torch_stream
from valaro.training.updates import adam, descend, ridge
from valaro.training.views import Look


def fit_supervised(
    classifier: FusionClassifier,
    batches: LabelledBatches,
    progress: Progress,
    *,
    schedule: Schedule,
    terms: Terms,
    look: Look,
    seed: int,
) -> None:
    """Train on labelled samples alone, by Eq. 1: nothing is generated, so the softmax is over the K levels.

    `progress` ends up with the result.
    """
    noise = Noise(torch_stream(seed, "noise", classifier.device))
    optimiser = adam(classifier, schedule, weight_decay=schedule.weight_decay)

    for step in progress.steps(batches=batches, noise=noise, look=look, optimiser=optimiser):
        crops, fuzzy = batches.draw_labelled()
        labelled = losses.labelled_conditional(classifier(look(crops), noise).logits, fuzzy)
        descend(optimiser, labelled + ridge(classifier, terms), rate=schedule.rate(step), clip=schedule.clip)
        progress.follow(step, {"labelled": labelled})


@torch.no_grad()
def start_weights(classifier: FusionClassifier, batches: LabelledBatches, *, seed: int) -> None:
    """Set weight-normalised layers from one batch of labelled samples (Salimans & Kingma 2016), noise included."""
    classifier(batches.draw_labelled()[0], Noise(torch_stream(seed, "start noise", classifier.device)), start=True)
