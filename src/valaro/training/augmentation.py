"""A stronger look at a sample: its spectra moved along the frequencies, a band and a stretch of them blanked."""

import torch
from jaxtyping import Float
from torch import Tensor

from valaro.networks.shapes import Modality
from valaro.training.crops import Crops

BAND_SHARE = 0.2
STRETCH_SHARE = 0.2


class Augmentation:
    """How labelled samples and second looks are seen: moved by up to `shift` bands, masked, or just as they are."""

    def __init__(
        self, modalities: tuple[Modality, ...], generator: torch.Generator, *, masks: bool, shift: int = 0
    ) -> None:
        self._spectra = frozenset(modality.name for modality in modalities if modality.spectrum)
        self._generator = generator
        self._masks = masks
        self._shift = shift

    def __call__(self, crops: Crops) -> Crops:
        """Return new crops; embeddings stay whole: their channels have no neighbours."""
        return {name: self._spectrum(crop) if name in self._spectra else crop for name, crop in crops.items()}

    def _spectrum(self, x: Float[Tensor, "n dim time"]) -> Float[Tensor, "n dim time"]:
        if self._shift:
            x = frequency_shift(x, self._shift, self._generator)
        return spec_augment(x, self._generator) if self._masks else x

    def state_dict(self) -> dict[str, Tensor]:
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self._generator.set_state(state["generator"])


def frequency_shift(
    x: Float[Tensor, "n dim time"], most: int, generator: torch.Generator
) -> Float[Tensor, "n dim time"]:
    """Move each spectrum by up to `most` bands up or down, as if a longer or shorter throat had spoken.

    On a mel scale a vocal tract of another length is about a shift (Jaitly & Hinton 2013). Bands that come in from
    beyond an edge repeat the outermost.
    """
    by = torch.randint(-most, most + 1, (len(x), 1), generator=generator, device=generator.device)
    source = (torch.arange(x.shape[1], device=generator.device) + by).clamp(0, x.shape[1] - 1).to(x.device)
    frames = x.transpose(1, 2)
    return frames.gather(2, source[:, None, :].expand_as(frames)).transpose(1, 2)


def spec_augment(x: Float[Tensor, "n dim time"], generator: torch.Generator) -> Float[Tensor, "n dim time"]:
    """Blank one band and one stretch of each spectrum, each up to a fifth of it (SpecAugment; Park et al. 2019).

    What is lost becomes 0, the mean after scaling.
    """
    bands, frames = (_kept(x, axis, share, generator) for axis, share in ((1, BAND_SHARE), (2, STRETCH_SHARE)))
    return x * bands[:, :, None] * frames[:, None, :]


def _kept(x: Tensor, axis: int, share: float, generator: torch.Generator) -> Tensor:
    """Return 0 in one stretch of an axis, up to `share` of it, and 1 elsewhere: `[n size]`."""
    size = x.shape[axis]
    width = torch.rand((len(x), 1), generator=generator, device=generator.device) * share * size
    start = torch.rand((len(x), 1), generator=generator, device=generator.device) * (size - width)
    position = torch.arange(size, device=generator.device)[None]
    return ((position < start) | (position >= start + width)).to(device=x.device, dtype=x.dtype)
