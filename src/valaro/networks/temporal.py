"""The temporal layout: features are channels, convolutions run over time alone; what a laptop trains."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from valaro.networks.layer import Layer, convolve_all, draw_weights
from valaro.networks.noise import Noise
from valaro.networks.shapes import TEMPORAL_WIDTHS, Modality, NetworkShape, scaled_widths
from valaro.networks.stats_pooling import moments

_KERNEL, _STRIDE, _PADDING = 4, 2, 1


# A 2-d convolution over pictures of height 1: unlike `conv1d` it takes channels that lie side by side in memory, as a
# recording's frames do in the store, without copying them (a third of the time on CPUs). The values are the same.


def _convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return functional.conv2d(x[:, :, None], weight[:, :, None], bias, stride=(1, _STRIDE), padding=(0, _PADDING))[
        :, :, 0
    ]


def _convolve_transposed(x: Tensor, layer: nn.ConvTranspose1d) -> Tensor:
    weight = layer.weight[:, :, None]
    return functional.conv_transpose2d(x[:, :, None], weight, layer.bias, stride=(1, _STRIDE), padding=(0, _PADDING))[
        :, :, 0
    ]


class TemporalEncoder(nn.Module):
    """One modality `[n bands frames]` -> features `[n 2c]`: mean and deviation over time of the last convolution."""

    def __init__(self, modality: Modality, shape: NetworkShape, *, generator: torch.Generator) -> None:
        super().__init__()
        self._regularisation = shape.regularisation
        widths = scaled_widths(TEMPORAL_WIDTHS, shape.width)
        inputs = [modality.bands, *widths[:-1]]
        self.layers = nn.ModuleList(
            Layer(_convolve, (o, i, _KERNEL), weight_norm=shape.regularisation.weight_norm, generator=generator)
            for i, o in zip(inputs, widths, strict=True)
        )
        self.features = 2 * widths[-1]

    def forward(
        self, x: Float[Tensor, "n bands frames"], noise: Noise | None, *, start: bool = False
    ) -> Float[Tensor, "n f"]:
        return moments(convolve_all(x, self.layers, self._regularisation, noise, start=start))


class TemporalGenerator(nn.Module):
    """z `[n 100]` -> one modality `[n bands frames]`; batch norm inside, linear output (features are z-scored)."""

    def __init__(self, modality: Modality, shape: NetworkShape, *, latent: int, generator: torch.Generator) -> None:
        super().__init__()
        widths = scaled_widths(TEMPORAL_WIDTHS[::-1], shape.width)
        self._first = (widths[0], shape.frames_of(modality) // _STRIDE ** len(widths))
        outputs = [*widths[1:], modality.bands]
        self.project = nn.Linear(latent, self._first[0] * self._first[1])
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels in widths)
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(i, o, _KERNEL, stride=_STRIDE, padding=_PADDING)
            for i, o in zip(widths, outputs, strict=True)
        )
        draw_weights(self, generator)

    def forward(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n bands frames"]:
        x = self.project(z).unflatten(1, self._first[::-1]).transpose(1, 2)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            assert isinstance(layer, nn.ConvTranspose1d)
            x = _convolve_transposed(functional.relu(norm(x[:, :, None])[:, :, 0]), layer)
        return x
