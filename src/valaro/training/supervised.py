"""Supervised training: FSBase and MFSBase."""

import torch

from valaro import losses
from valaro.networks.fusion import FusionClassifier
from valaro.networks.noise import Noise
from valaro.training.batches import Batches
from valaro.training.best_model import BestModel
from valaro.training.plans import Schedule, Terms
from valaro.training.streams import torch_stream
from valaro.training.updates import adam, descend
from valaro.training.views import masked


def fit_supervised(
    classifier: FusionClassifier, batches: Batches, best: BestModel, *, schedule: Schedule, terms: Terms, seed: int
) -> None:
    """Train on labelled samples alone: the first line of Eq. 4 and 6. `best` ends up with the result."""
    noise = Noise(torch_stream(seed, "noise"))
    masks = torch_stream(seed, "masks")
    modalities = classifier.shape.modalities
    labelled_term = losses.labelled_joint if terms.joint else losses.labelled_conditional
    optimiser = adam(classifier, schedule)

    for step in range(schedule.steps):
        crops, fuzzy = batches.draw_labelled()
        if terms.masks:
            crops = masked(crops, modalities, masks)
        labelled = labelled_term(classifier(crops, noise).logits, fuzzy)
        descend(optimiser, labelled, rate=schedule.rate(step), clip=schedule.clip)
        best.follow(classifier, {"labelled": labelled.detach()})


@torch.no_grad()
def start_weights(classifier: FusionClassifier, batches: Batches) -> None:
    """Set weight-normalised layers from one batch of labelled samples (Salimans & Kingma 2016)."""
    classifier(batches.draw_labelled()[0], start=True)
