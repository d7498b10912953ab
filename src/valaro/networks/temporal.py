"""The temporal layout: features are channels, convolutions run over time alone; what a laptop trains."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from valaro.networks.layer import Layer, average_bands, convolve_all, draw_weights
from valaro.networks.noise import Noise
from valaro.networks.shapes import Modality, Regularisation
from valaro.records import CROP_FRAMES

WIDTHS = (32, 64, 128)
_KERNEL, _STRIDE, _PADDING = 4, 2, 1


def _convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return functional.conv1d(x, weight, bias, stride=_STRIDE, padding=_PADDING)


class TemporalEncoder(nn.Module):
    """One modality `[n dim time]` -> features `[n 2c]`: mean and deviation over time of the last convolution."""

    def __init__(
        self, modality: Modality, regularisation: Regularisation, *, width: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self._averaged = modality.averaged
        self._regularisation = regularisation
        widths = [max(4, round(channels * width)) for channels in WIDTHS]
        inputs = [modality.dim // modality.averaged, *widths[:-1]]
        self.layers = nn.ModuleList(
            Layer(_convolve, (o, i, _KERNEL), weight_norm=regularisation.weight_norm, generator=generator)
            for i, o in zip(inputs, widths, strict=True)
        )
        self.features = 2 * widths[-1]

    def forward(
        self, x: Float[Tensor, "n dim time"], noise: Noise | None, *, start: bool = False
    ) -> Float[Tensor, "n f"]:
        x = convolve_all(average_bands(x, self._averaged), self.layers, self._regularisation, noise, start=start)
        mean = x.mean(dim=2)
        # Tensor.var over the last axis is ten times slower than this on CPUs.
        variance = (x - mean[:, :, None]).square().mean(dim=2)
        return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)


class TemporalGenerator(nn.Module):
    """z `[n 100]` -> one modality `[n dim 128]`; batch norm inside, linear output (features are z-scored)."""

    def __init__(self, modality: Modality, *, latent: int, width: float, generator: torch.Generator) -> None:
        super().__init__()
        widths = [max(4, round(channels * width)) for channels in reversed(WIDTHS)]
        self._first = (widths[0], CROP_FRAMES // _STRIDE ** len(widths))
        outputs = [*widths[1:], modality.dim]
        self.project = nn.Linear(latent, self._first[0] * self._first[1])
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels) for channels in widths)
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(i, o, _KERNEL, stride=_STRIDE, padding=_PADDING)
            for i, o in zip(widths, outputs, strict=True)
        )
        draw_weights(self, generator)

    def forward(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n dim time"]:
        x = self.project(z).unflatten(1, self._first)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = layer(functional.relu(norm(x)))
        return x
