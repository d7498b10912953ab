"""The image layout, as printed in the paper: a feature map is a picture, 5x5 convolutions of stride 2."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from valaro.networks.layer import Layer, convolve_all, draw_weights
from valaro.networks.noise import Noise
from valaro.networks.shapes import IMAGE_WIDTHS, Modality, NetworkShape, image_bands, scaled_widths

GENERATOR_WIDTHS = (512, 256, 128, 64)
_SHRINK = 2 ** len(IMAGE_WIDTHS)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return functional.conv2d(x, weight, bias, stride=2, padding=2)


class ImageEncoder(nn.Module):
    """One modality `[n bands frames]` -> features `[n f]`: the flattened activation of the fourth convolution."""

    def __init__(self, modality: Modality, shape: NetworkShape, *, generator: torch.Generator) -> None:
        super().__init__()
        self._regularisation = shape.regularisation
        self._padding = image_bands(modality.bands) - modality.bands
        widths = scaled_widths(IMAGE_WIDTHS, shape.width)
        self.layers = nn.ModuleList(
            Layer(_convolve, (o, i, 5, 5), weight_norm=shape.regularisation.weight_norm, generator=generator)
            for i, o in zip([1, *widths[:-1]], widths, strict=True)
        )
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.features = widths[-1] * (image_bands(modality.bands) // _SHRINK) * (shape.frames_of(modality) // _SHRINK)

    def forward(
        self, x: Float[Tensor, "n bands frames"], noise: Noise | None, *, start: bool = False
    ) -> Float[Tensor, "n f"]:
        x = functional.pad(x, (0, 0, 0, self._padding))[:, None]
        x = convolve_all(x, self.layers, self._regularisation, noise, start=start)
        return x.flatten(1)


class ImageGenerator(nn.Module):
    """z `[n 100]` -> one modality `[n bands frames]`: four transposed 5x5 convolutions, the padding cropped off."""

    def __init__(self, modality: Modality, shape: NetworkShape, *, latent: int, generator: torch.Generator) -> None:
        super().__init__()
        widths = scaled_widths(GENERATOR_WIDTHS, shape.width)
        self._bands = modality.bands
        self._first = (widths[0], image_bands(modality.bands) // _SHRINK, shape.frames_of(modality) // _SHRINK)
        self.project = nn.Linear(latent, torch.Size(self._first).numel())
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels in widths)
        self.layers = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 5, stride=2, padding=2, output_padding=1)
            for i, o in zip(widths, [*widths[1:], 1], strict=True)
        )
        draw_weights(self, generator)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def forward(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n bands frames"]:
        x = self.project(z).unflatten(1, self._first)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = layer(functional.relu(norm(x)))
        return x[:, 0, : self._bands]
