"""DenseNet-BC, whose 342 averaged features of a face are the paper's Dface."""

import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn
from torch.nn import functional

from valaro.features.densenet_graph import DenseShape


class Bottleneck(nn.Module):
    """BN, ReLU, 1x1 convolution to 4 k channels, BN, ReLU, 3x3 convolution to k channels, beside what came in."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.squeeze = nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.grow = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        new = self.squeeze(functional.relu(self.norm1(x), inplace=True))
        new = self.grow(functional.relu(self.norm2(new), inplace=True))
        return torch.cat([x, new], dim=1)


class Halving(nn.Module):
    """BN, ReLU, 1x1 convolution to half the channels, then the mean of each 2x2 pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.squeeze = nn.Conv2d(channels, channels // 2, 1, bias=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d i j"]:
        return functional.avg_pool2d(self.squeeze(functional.relu(self.norm(x), inplace=True)), 2)


class DenseNet(nn.Module):
    """Grey crops 0-255 -> (features, logits): standardised, a convolution, three dense blocks, averaged.

    The published network sees 32x32 pixels and keeps them in its first block. A face has 64x64, so the first
    convolution takes every second pixel: blocks at 32x32, 16x16 and 8x8, as published, at the published cost.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, shape: DenseShape, *, classes: int, mean: float, std: float, generator: torch.Generator) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 2 * shape.growth, 3, stride=2, padding=1, bias=False)
        stages = [
            Halving(channels) if is_halving else Bottleneck(channels, shape.growth)
            for is_halving, channels in shape.stages()
        ]
        self.stages = nn.ModuleList(stages)
        self.norm = nn.BatchNorm2d(shape.features)
        self.classify = nn.Linear(shape.features, classes)
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))
        _draw(self, generator)
        # What oneDNN computes in: a step takes three quarters of the time.
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def forward(
        self, crops: UInt8[Tensor, "n h w"] | Float32[Tensor, "n h w"]
    ) -> tuple[Float[Tensor, "n f"], Float[Tensor, "n k"]]:
        x = ((crops.float() - self.mean) / self.std)[:, None].contiguous(memory_format=torch.channels_last)
        x = self.first(x)
        for stage in self.stages:
            x = stage(x)
        features = functional.relu(self.norm(x), inplace=True).mean(dim=(2, 3))
        return features, self.classify(features)


def _draw(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the convolutions' weights from N(0, 2 / fan in) (He et al. 2015), the last layer's from N(0, 1 / fan in)."""
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                gain = 2.0 if isinstance(part, nn.Conv2d) else 1.0
                std = (gain / part.weight[0].numel()) ** 0.5
                part.weight.copy_(torch.randn(part.weight.shape, generator=generator) * std)
                if part.bias is not None:
                    part.bias.zero_()
