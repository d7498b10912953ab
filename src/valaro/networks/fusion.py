"""One classifier and one generator over any number of modalities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from valaro.errors import unknown_name
from valaro.networks.image import ImageEncoder, ImageGenerator
from valaro.networks.layer import Layer, draw_weights
from valaro.networks.noise import Noise
from valaro.networks.shapes import NetworkShape
from valaro.networks.stats_pooling import StatsPooling, moments
from valaro.networks.temporal import TemporalEncoder, TemporalGenerator

LATENT = 100
"""Length of z (paper, section IV-D)."""

Inputs = Mapping[str, Tensor]
"""A modality's name -> `[n bands frames]`; see `resolution` for how a crop becomes that."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What an encoder and a generator of one modality are; both are built from (modality, shape, torch generator)."""

    encoder: Callable[..., nn.Module]
    """It has a number `features` and is called with (x, noise, start=...)."""
    generator: Callable[..., nn.Module] | None = None
    """None: the layout classifies only."""


LAYOUTS = {
    "temporal": Layout(encoder=TemporalEncoder, generator=TemporalGenerator),
    "image": Layout(encoder=ImageEncoder, generator=ImageGenerator),
    "statistics": Layout(encoder=StatsPooling),
}
"""`statistics` is the linear model's: mean and deviation of each channel over time, nothing learnt before the head."""


@dataclass(frozen=True, kw_only=True)
class ClassifierOutput:
    """What the classifier thinks of n samples."""

    logits: Float[Tensor, "n outputs"]
    """Of K levels and "generated"."""
    features: Float[Tensor, "n f"]
    """All that the last layer sees, which G matches."""
    embedding: Float[Tensor, "n d"]
    """Those of the encoders, D_(x): without the statistics of the input, which no training changes."""


class FusionClassifier(nn.Module):
    """D: an encoder a modality, features concatenated, one linear layer (Eq. 6); one modality gives Eq. 4."""

    mean: Tensor
    std: Tensor
    owners: Tensor
    scales: Tensor

    def __init__(self, shape: NetworkShape, *, generator: torch.Generator, layout: Layout | None = None) -> None:
        super().__init__()
        self.shape = shape
        chosen = _layout(shape.layout) if layout is None else layout
        self.encoders = nn.ModuleDict(
            {modality.name: chosen.encoder(modality, shape, generator=generator) for modality in shape.modalities}
        )
        widths = [int(part.features) for part in self.encoders.values()]  # pyright: ignore[reportArgumentType]
        self._encoded = sum(widths)
        # Columns of the features and the modality that each is of, by its place.
        owners = [index for index, width in enumerate(widths) for _ in range(width)]
        if shape.statistics:
            owners += [index for index, modality in enumerate(shape.modalities) for _ in range(2 * modality.bands)]
        features = len(owners)
        self.register_buffer("owners", torch.tensor(owners), persistent=False)
        outputs = shape.classes + int(shape.explicit_head)
        weight_norm = shape.regularisation.weight_norm and not shape.zero_head
        self.head = Layer(
            functional.linear, (outputs, features), weight_norm=weight_norm, generator=generator, learns_gain=True
        )
        if shape.zero_head:
            nn.init.zeros_(self.head.weight)
        if shape.standardised:
            self.register_buffer("mean", torch.zeros(features))
            self.register_buffer("std", torch.ones(features))
        scales = torch.where(torch.arange(features) < self._encoded, shape.encoder_scale, 1.0)
        self.register_buffer("scales", scales, persistent=False)

    @property
    def device(self) -> torch.device:
        """What the weights lie on; inputs have to lie there too."""
        return self.head.weight.device

    def forward(self, inputs: Inputs, noise: Noise | None = None, *, start: bool = False) -> ClassifierOutput:
        """Judge samples; without `noise` deterministically. `start` sets weight-normalised layers from this batch."""
        if noise is not None:
            inputs = noise.without_modality(inputs, self.shape.regularisation.modality_dropout)
        features = torch.cat(
            [encoder(inputs[name], noise, start=start) for name, encoder in self.encoders.items()]
            + ([moments(inputs[name]) for name in self.encoders] if self.shape.statistics else []),
            dim=1,
        )
        if self.shape.standardised:
            features = self._standardised(features, start=start) * self._present(inputs)
        if self.shape.encoder_scale != 1.0:
            features = features * self.scales
        return self.classify(features, noise, start=start)

    def classify(
        self, features: Float[Tensor, "n f"], noise: Noise | None = None, *, start: bool = False
    ) -> ClassifierOutput:
        """Judge samples by their features, as the last layer does."""
        x = features
        if noise is not None:
            regularisation = self.shape.regularisation
            x = noise.dropout(noise.gaussian(x, regularisation.head_noise), regularisation.dropout)
        logits = self.head.start(x) if start else self.head(x)
        # Where products are taken in bfloat16, losses are not.
        logits, features, x = (value.to(self.head.weight.dtype) for value in (logits, features, x))
        if not self.shape.explicit_head:
            logits = functional.pad(logits, (0, 1))
        features = x if self.shape.features_after_dropout else features
        return ClassifierOutput(logits=logits, features=features, embedding=self._learnt(features))

    def _learnt(self, features: Float[Tensor, "n f"]) -> Float[Tensor, "n d"]:
        if not self.shape.statistics:
            return features
        return features[:, : self._encoded] / self.shape.encoder_scale

    def _present(self, inputs: Inputs) -> Float[Tensor, "n f"] | float:
        """Return 0 for the features of a modality that a sample lacks (its values are all 0), 1 for all others.

        Its mean is 0 as it should be, but not its deviation: 0 is far below that of any recording.
        """
        # Means tell as well as all values, in a tenth of the time: no recording has a mean of exactly 0 throughout.
        is_present = torch.stack([inputs[name].mean(dim=2).any(dim=1) for name in self.encoders], dim=1)
        return 1.0 if bool(is_present.all()) else is_present[:, self.owners].to(self.head.weight.dtype)

    def _standardised(self, features: Float[Tensor, "n f"], *, start: bool) -> Float[Tensor, "n f"]:
        if start:
            self.mean.copy_(features.detach().mean(dim=0))
            self.std.copy_(features.detach().std(dim=0, unbiased=False).clamp_min(1e-3))
        return (features - self.mean) / self.std


Fake = dict[str, Tensor] | Tensor
"""What a generator makes: a modality's name -> `[n bands frames]`, or D's features `[n f]` themselves."""


class FusionGenerator(nn.Module):
    """G: a generator a modality, all fed with the same z, so that modalities agree (Eq. 6 and 7)."""

    def __init__(self, shape: NetworkShape, *, generator: torch.Generator, layout: Layout | None = None) -> None:
        super().__init__()
        part = (_layout(shape.layout) if layout is None else layout).generator
        if part is None:
            raise ValueError(f"layout '{shape.layout}' generates nothing")
        self.parts = nn.ModuleDict(
            {modality.name: part(modality, shape, latent=LATENT, generator=generator) for modality in shape.modalities}
        )

    def forward(self, z: Float[Tensor, "n latent"]) -> dict[str, Tensor]:
        return {name: part(z) for name, part in self.parts.items()}


class FeatureGenerator(nn.Module):
    """G in feature space: z -> the features of D's last layer, scaled as it sees them, by two hidden layers.

    G need not learn through D's encoders, nor can a detail of the inputs on which no level depends betray it (feature
    generating networks: Xian et al. 2018).
    """

    WIDTH = 256

    def __init__(self, classifier: FusionClassifier, *, generator: torch.Generator) -> None:
        super().__init__()
        widths = (LATENT, self.WIDTH, self.WIDTH)
        self.hidden = nn.ModuleList(nn.Linear(i, o, bias=False) for i, o in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(o) for o in widths[1:])
        self.last = nn.Linear(self.WIDTH, classifier.head.weight.shape[1])
        draw_weights(self, generator)

    def forward(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n f"]:
        for layer, norm in zip(self.hidden, self.norms, strict=True):
            z = functional.relu(norm(layer(z)))
        return self.last(z)


def generator_for(classifier: FusionClassifier, *, generator: torch.Generator) -> FusionGenerator | FeatureGenerator:
    """Return the kind of generator that the classifier's shape asks for."""
    if classifier.shape.generates == "features":
        return FeatureGenerator(classifier, generator=generator)
    return FusionGenerator(classifier.shape, generator=generator)


def _layout(name: str) -> Layout:
    if name not in LAYOUTS:
        raise unknown_name("layout", name, LAYOUTS)
    return LAYOUTS[name]
