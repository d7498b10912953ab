"""How finely a network looks: neighbouring bands of a spectrum and neighbouring frames are averaged before it."""

import torch
from jaxtyping import Float
from torch import Tensor

from valaro.networks.fusion import Inputs
from valaro.networks.shapes import NetworkShape


def as_seen(inputs: Inputs, shape: NetworkShape, device: torch.device | None = None) -> dict[str, Tensor]:
    """Return crops `[n dim time]` as a network of this shape takes them: `[n bands frames]` a modality, on `device`."""
    return {
        modality.name: _average(
            _average(inputs[modality.name], 1, modality.averaged), 2, shape.averaged_frames_of(modality)
        ).to(device)
        for modality in shape.modalities
    }


def _average(x: Float[Tensor, "n dim time"], axis: int, count: int) -> Tensor:
    """Average every `count` neighbours along `axis`."""
    if count == 1:
        return x
    # Slices added up: a mean over the short new axis of x.unflatten(1, (-1, count)) takes four times as long on CPUs.
    parts = [x[:, offset::count] if axis == 1 else x[:, :, offset::count] for offset in range(count)]
    return sum(parts[1:], parts[0]) / count
