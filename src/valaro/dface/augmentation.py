"""Pictures of faces moved a little, each in its own way."""

import math

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.nn import functional

from valaro.dface.config import FaceAugmentation


def augment_faces(
    crops: UInt8[Tensor, "n h w"], augmentation: FaceAugmentation, *, std: float, generator: torch.Generator
) -> Float32[Tensor, "n h w"]:
    """Return the crops mirrored (every other one), turned, scaled, shifted, and with other light; still 0-255.

    What comes in from outside a picture is its edge repeated, as in a crop that reaches beyond a frame. Draws are made
    where `generator` is and used where the crops are: a processor's stream serves a GPU as well.
    """
    count = len(crops)
    draws = (torch.rand((7, count), generator=generator) * 2 - 1).to(crops.device)
    mirrored = torch.where(draws[0] < 0, -1.0, 1.0)
    angle = draws[1] * (augmentation.rotation * math.pi / 180)
    size = 1 + draws[2] * augmentation.scale
    # A grid spans -1 to 1: a shift of a part of the side is twice that.
    across, down = draws[3] * (2 * augmentation.shift), draws[4] * (2 * augmentation.shift)
    cosine, sine = torch.cos(angle) / size, torch.sin(angle) / size
    moves = torch.stack(
        [
            torch.stack([cosine * mirrored, -sine * mirrored, across], dim=1),
            torch.stack([sine, cosine, down], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(moves, [count, 1, *crops.shape[1:]], align_corners=False)
    moved = functional.grid_sample(crops[:, None].float(), grid, padding_mode="border", align_corners=False)[:, 0]
    contrast = (1 + draws[5] * augmentation.contrast)[:, None, None]
    light = (draws[6] * augmentation.brightness * std)[:, None, None]
    middle = moved.mean(dim=(1, 2), keepdim=True)
    lit = ((moved - middle) * contrast + middle + light).clamp_(0, 255)
    return _erased(lit, augmentation.erased, generator) if augmentation.erased else lit


def _erased(x: Float32[Tensor, "n h w"], largest: float, generator: torch.Generator) -> Float32[Tensor, "n h w"]:
    """Blank a square anywhere in each picture with its mean grey, its side up to `largest` of the picture's."""
    draws = torch.rand((3, len(x)), generator=generator).to(x.device)
    half = draws[0] * largest / 2
    axes = [torch.linspace(0, 1, size, device=x.device) for size in x.shape[1:]]
    down, across = (
        (axis - middle[:, None]).abs() < half[:, None] for axis, middle in zip(axes, draws[1:], strict=True)
    )
    return torch.where(down[:, :, None] & across[:, None, :], x.mean(dim=(1, 2), keepdim=True), x)
