"""One classifier and one generator over any number of modalities."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from valaro.errors import unknown_name
from valaro.networks.image import ImageEncoder, ImageGenerator
from valaro.networks.layer import Layer
from valaro.networks.noise import Noise
from valaro.networks.shapes import Modality, Regularisation
from valaro.networks.temporal import TemporalEncoder, TemporalGenerator
from valaro.records import LEVELS

LATENT = 100
"""Length of z (paper, section IV-D)."""

Inputs = Mapping[str, Tensor]
"""A modality's name -> `[n dim time]`."""


@dataclass(frozen=True, kw_only=True)
class NetworkShape:
    """All that is needed to build the networks again: modalities, layout, width, regularisation, kind of head."""

    modalities: tuple[Modality, ...]
    layout: str
    width: float
    regularisation: Regularisation
    explicit_head: bool


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the classifier thinks of n samples: `logits` of K levels and "generated", `features` D_(x)."""

    logits: Float[Tensor, "n outputs"]
    features: Float[Tensor, "n f"]


_LAYOUTS = {"temporal": (TemporalEncoder, TemporalGenerator), "image": (ImageEncoder, ImageGenerator)}
LAYOUTS = tuple(_LAYOUTS)


class FusionClassifier(nn.Module):
    """D: an encoder a modality, features concatenated, one linear layer (Eq. 6); one modality gives Eq. 4."""

    def __init__(self, shape: NetworkShape, *, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = shape
        encoder, _ = _layout(shape.layout)
        self.encoders = nn.ModuleDict(
            {
                modality.name: encoder(modality, shape.regularisation, width=shape.width, generator=generator)
                for modality in shape.modalities
            }
        )
        features = sum(int(part.features) for part in self.encoders.values())  # pyright: ignore[reportArgumentType]
        outputs = len(LEVELS) + int(shape.explicit_head)
        weight_norm = shape.regularisation.weight_norm
        self.head = Layer(functional.linear, (outputs, features), weight_norm=weight_norm, generator=generator)

    def forward(self, inputs: Inputs, noise: Noise | None = None, *, start: bool = False) -> Judgement:
        """Judge samples; without `noise` deterministically. `start` sets weight-normalised layers from this batch."""
        features = torch.cat(
            [encoder(inputs[name], noise, start=start) for name, encoder in self.encoders.items()], dim=1
        )
        x = features
        if noise is not None:
            # The head sees dropout alone: Gaussian noise on pooled statistics would drown the deviations.
            x = noise.dropout(x, self.shape.regularisation.dropout)
        logits = self.head.start(x) if start else self.head(x)
        if not self.shape.explicit_head:
            logits = functional.pad(logits, (0, 1))
        return Judgement(logits=logits, features=features)


class FusionGenerator(nn.Module):
    """G: a generator a modality, all fed with the same z, so that modalities agree (Eq. 6 and 7)."""

    def __init__(self, shape: NetworkShape, *, generator: torch.Generator) -> None:
        super().__init__()
        _, part = _layout(shape.layout)
        self.parts = nn.ModuleDict(
            {
                modality.name: part(modality, latent=LATENT, width=shape.width, generator=generator)
                for modality in shape.modalities
            }
        )

    def forward(self, z: Float[Tensor, "n latent"]) -> dict[str, Tensor]:
        return {name: part(z) for name, part in self.parts.items()}


def _layout(
    name: str,
) -> tuple[type[TemporalEncoder] | type[ImageEncoder], type[TemporalGenerator] | type[ImageGenerator]]:
    if name not in _LAYOUTS:
        raise unknown_name("layout", name, _LAYOUTS)
    return _LAYOUTS[name]
