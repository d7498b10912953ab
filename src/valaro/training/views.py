"""A stronger second view of a sample: a band of frequencies and a stretch of time are blanked."""

import torch
from torch import Tensor

from valaro.networks.shapes import Modality
from valaro.training.batches import Crops

BAND_SHARE = 0.2
STRETCH_SHARE = 0.2


def masked(crops: Crops, modalities: tuple[Modality, ...], generator: torch.Generator) -> Crops:
    """Return a copy in which each spectrum lost one band and one stretch, each up to a fifth of it (SpecAugment).

    What is lost becomes 0, the mean after scaling. Embeddings stay whole: their channels have no neighbours.
    """
    spectra = {modality.name for modality in modalities if modality.spectrum}
    return {name: _mask(crop, generator) if name in spectra else crop for name, crop in crops.items()}


def _mask(x: Tensor, generator: torch.Generator) -> Tensor:
    for axis, share in ((1, BAND_SHARE), (2, STRETCH_SHARE)):
        size = x.shape[axis]
        width = torch.rand((len(x), 1), generator=generator) * share * size
        start = torch.rand((len(x), 1), generator=generator) * (size - width)
        place = torch.arange(size)[None]
        lost = (place >= start) & (place < start + width)
        x = x.masked_fill(lost[:, :, None] if axis == 1 else lost[:, None, :], 0.0)
    return x
