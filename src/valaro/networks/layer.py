"""Layers that both layouts are made of: weights plain or weight-normalised with a data-dependent start."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from valaro.networks.noise import Noise
from valaro.networks.shapes import SLOPE, Regularisation

Operation = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(input, weight, bias) -> output; channels in dimension 1."""


class Layer(nn.Module):
    """`operation` with a weight of `shape` (outputs first) and a bias an output.

    With `weight_norm`, the weight is g v / ||v||: `start` sets g and the bias so that the first batch leaves with mean
    0 and deviation 1 an output. From then on g stays fixed, or is learnt if `learns_gain`: improved-gan does so in the
    last layer alone (Salimans & Kingma 2016; Salimans et al. 2016).
    """

    gain: Tensor

    def __init__(
        self,
        operation: Operation,
        shape: tuple[int, ...],
        *,
        weight_norm: bool,
        generator: torch.Generator,
        learns_gain: bool = False,
    ) -> None:
        super().__init__()
        self._operation = operation
        self.weight_norm = weight_norm
        fan_in = torch.Size(shape[1:]).numel()
        # The length of v decides nothing but how fast Adam turns it: 0.1 is improved-gan's.
        deviation = 0.1 if weight_norm else fan_in**-0.5
        self.weight = nn.Parameter(torch.randn(shape, generator=generator) * deviation)
        self.bias = nn.Parameter(torch.zeros(shape[0]))
        if learns_gain and weight_norm:
            self.gain = nn.Parameter(torch.ones(shape[0]))
        else:
            self.register_buffer("gain", torch.ones(shape[0]))

    def forward(self, x: Float[Tensor, "n *inputs"]) -> Float[Tensor, "n *outputs"]:
        return self._operation(x, self._weight(), self.bias)

    def squared_length(self) -> Tensor:
        """Return the sum of the squared weights, as they are applied."""
        return self._weight().square().sum()

    @torch.no_grad()
    def start(self, x: Float[Tensor, "n *inputs"]) -> Float[Tensor, "n *outputs"]:
        """Set gain and bias from the batch `x` (weight norm only) and return the output for it."""
        if self.weight_norm:
            out = self.forward(x)
            axes = [0, *range(2, out.ndim)]
            scale = 1 / (out.std(dim=axes, unbiased=False) + 1e-6)
            self.gain.mul_(scale)
            self.bias.copy_(-out.mean(dim=axes) * scale)
        return self.forward(x)

    def _weight(self) -> Tensor:
        if not self.weight_norm:
            return self.weight
        gain = self.gain.reshape(-1, *[1] * (self.weight.ndim - 1))
        # The one kernel behind torch.nn.utils.weight_norm: a third of the time of norm, quotient and product.
        return torch._weight_norm(self.weight, gain, 0)  # noqa: SLF001  # pyright: ignore[reportPrivateImportUsage, reportPrivateUsage]


def convolve_all(
    x: Float[Tensor, "n *inputs"],
    layers: nn.ModuleList,
    regularisation: Regularisation,
    noise: Noise | None,
    *,
    start: bool,
    slope: float = SLOPE,
) -> Float[Tensor, "n *outputs"]:
    """Apply the layers with leaky ReLU of negative `slope`; noise and dropout stand BEFORE a layer.

    So none follows the last convolution: D_ is its activation before the last dropout, which is the head's.
    """
    for depth, layer in enumerate(layers):
        assert isinstance(layer, Layer)
        if noise is not None:
            x = noise.gaussian(x, regularisation.hidden_noise if depth else regularisation.input_noise)
            x = noise.dropout(x, regularisation.dropout if depth else 0.0)
        x = functional.leaky_relu(layer.start(x) if start else layer(x), slope)
    return x


def draw_weights(module: nn.Module, generator: torch.Generator) -> None:
    """Draw every weight from N(0, 1 / fan in) with `generator`; biases 0, batch norm left at identity."""
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Linear | nn.ConvTranspose1d | nn.ConvTranspose2d):
                # A transposed convolution of stride s sums over 1/s of its kernel positions a dimension.
                strides = part.stride if not isinstance(part, nn.Linear) else (1,)
                first = part.weight.shape[1] if isinstance(part, nn.Linear) else part.weight.shape[0]
                fan_in = first * part.weight[0, 0].numel() / torch.Size(strides).numel()
                part.weight.copy_(torch.randn(part.weight.shape, generator=generator) * fan_in**-0.5)
                if part.bias is not None:
                    part.bias.zero_()
