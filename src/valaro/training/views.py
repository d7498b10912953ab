"""A stronger look at a sample: a band of frequencies and a stretch of time are blanked."""

import torch
from torch import Tensor

from valaro.networks.shapes import Modality
from valaro.training.batches import Crops

BAND_SHARE = 0.2
STRETCH_SHARE = 0.2


class Look:
    """How labelled samples and second looks are seen: masked (SpecAugment) or, without `masks`, as they are."""

    def __init__(self, modalities: tuple[Modality, ...], generator: torch.Generator, *, masks: bool) -> None:
        self._modalities = modalities
        self._generator = generator
        self._masks = masks

    def __call__(self, crops: Crops) -> Crops:
        return masked(crops, self._modalities, self._generator) if self._masks else crops

    def state_dict(self) -> dict[str, Tensor]:
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self._generator.set_state(state["generator"])


def masked(crops: Crops, modalities: tuple[Modality, ...], generator: torch.Generator) -> Crops:
    """Return a copy in which each spectrum lost one band and one stretch, each up to a fifth of it (SpecAugment).

    What is lost becomes 0, the mean after scaling. Embeddings stay whole: their channels have no neighbours.
    """
    spectra = {modality.name for modality in modalities if modality.spectrum}
    return {name: _mask(crop, generator) if name in spectra else crop for name, crop in crops.items()}


def _mask(x: Tensor, generator: torch.Generator) -> Tensor:
    bands, frames = (_kept(x, axis, share, generator) for axis, share in ((1, BAND_SHARE), (2, STRETCH_SHARE)))
    return x * bands[:, :, None] * frames[:, None, :]


def _kept(x: Tensor, axis: int, share: float, generator: torch.Generator) -> Tensor:
    """Return 0 in one stretch of an axis, up to `share` of it, and 1 elsewhere: `[n size]`."""
    size = x.shape[axis]
    width = torch.rand((len(x), 1), generator=generator, device=generator.device) * share * size
    start = torch.rand((len(x), 1), generator=generator, device=generator.device) * (size - width)
    place = torch.arange(size, device=generator.device)[None]
    return ((place < start) | (place >= start + width)).to(device=x.device, dtype=x.dtype)
