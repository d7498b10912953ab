"""What decides a network's shape."""

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Len, Lt

from valaro.limits import LIMITS
from valaro.records import CROP_FRAMES, LEVELS

Generates = Literal["inputs", "features"]
Layout = Literal["temporal", "image"]
Weight = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Lt(1)]

TEMPORAL_WIDTHS, IMAGE_WIDTHS = (32, 64, 128), (128, 256, 512, 1024)
"""Channels of the encoders' convolutions at width 1."""

PROBABILITIES = "probabilities"
"""The output of a classifier that is written down as a graph."""

SLOPE = 0.2
"""Of leaky ReLU below 0."""

VARIANCE_FLOOR = 1e-6
"""Added to a variance before its root is taken."""


def scaled_widths(channels: tuple[int, ...], width: float) -> list[int]:
    """Return the channels of convolutions at this width."""
    return [max(4, round(count * width)) for count in channels]


def image_bands(bands: int) -> int:
    """Return the bands of a picture, rounded up so that its four halvings leave no remainder (342 -> 352)."""
    shrink = 2 ** len(IMAGE_WIDTHS)
    return -(-bands // shrink) * shrink


@dataclass(frozen=True, kw_only=True)
class Modality:
    """A feature as a network takes it."""

    name: str
    dim: Annotated[int, Ge(1), Le(LIMITS.most_feature_channels)]
    """Its channels."""
    spectrum: bool = False
    """Neighbouring channels are neighbouring frequencies, so that bands may be averaged and masked."""
    averaged: Annotated[int, Ge(1)] = 1
    """So many neighbouring channels become one band (of a spectrum only)."""
    held: Annotated[int, Ge(1), Le(CROP_FRAMES)] = 1
    """Frames of the grid for which a value stands: so many become one, however finely the others are seen."""

    @property
    def bands(self) -> int:
        """Channels that a network takes."""
        return self.dim // self.averaged


@dataclass(frozen=True, kw_only=True)
class Regularisation:
    """What keeps the classifier stochastic, and whether weight norm holds."""

    input_noise: Weight
    """Standard deviation of the Gaussian noise that is added to a network's input."""
    hidden_noise: Weight
    """Standard deviation of the Gaussian noise that is added after each convolution."""
    dropout: Annotated[float, Ge(0), Le(0.95)]
    """Dropout rate after each convolution."""
    weight_norm: bool
    """Whether the weights of the classifier are normalised."""
    head_noise: Weight = 0.0
    """Standard deviation of the Gaussian noise that is added before the last layer."""
    modality_dropout: Fraction = 0.0
    """Chance that a sample loses one of several modalities."""


NOTHING_RANDOM = Regularisation(input_noise=0.0, hidden_noise=0.0, dropout=0.0, weight_norm=False)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """How networks are built, whatever the features are."""

    layout: str
    """A `Layout`, or "statistics" for linear models."""
    width: Annotated[float, Gt(0), Le(LIMITS.largest_width)]
    """How many times as wide as the paper's networks."""
    regularisation: Regularisation
    explicit_head: bool = False
    """The head gives K+1 outputs; otherwise K, and the logit of "generated" is 0."""
    averaged_frames: Literal[1, 2, 4] = 1
    """So many neighbouring frames become one."""
    statistics: bool = False
    """The head also sees the input's own mean and standard deviation."""
    standardised: bool = False
    """Features are brought to mean 0 and standard deviation 1 over the batch that starts the weights, and left so."""
    encoder_scale: Annotated[float, Gt(0)] = 1.0
    """Factor on the encoders' features after that; below 1 the last layer turns to the statistics first."""
    zero_head: bool = False
    """The last layer starts at 0, without weight norm, instead of at random."""
    features_after_dropout: bool = False
    """D_(x) is taken after the last dropout instead of before it."""
    generates: Generates = "inputs"
    """What G makes: inputs, as printed, or the features of D's last layer."""


@dataclass(frozen=True, kw_only=True)
class NetworkShape(NetworkConfig):
    """All that is needed to build the networks again."""

    modalities: Annotated[tuple[Modality, ...], Len(1, LIMITS.most_modalities)]
    classes: int = len(LEVELS)

    def averaged_frames_of(self, modality: Modality) -> int:
        """Return how many frames of the grid become one of this modality's."""
        return max(self.averaged_frames, modality.held)

    def frames_of(self, modality: Modality) -> int:
        """Return the frames of a crop as a network takes this modality."""
        return CROP_FRAMES // self.averaged_frames_of(modality)

    @classmethod
    def of(cls, build: NetworkConfig, modalities: tuple[Modality, ...]) -> "NetworkShape":
        """Return the shape of networks built like that for these features."""
        return cls(modalities=modalities, **{part.name: getattr(build, part.name) for part in fields(NetworkConfig)})


def shape_faults(shape: NetworkShape) -> list[str]:
    """Return what keeps a classifier of levels from having this shape, beyond the bounds of single fields."""
    names = [modality.name for modality in shape.modalities]
    faults = [
        f"channels averaged of {modality.averaged}, expected 1 to {modality.dim}"
        for modality in shape.modalities
        if modality.averaged > modality.dim
    ]
    faults += [] if shape.classes == len(LEVELS) else [f"levels: a number of {shape.classes}, expected {len(LEVELS)}"]
    return faults + [f"the modality '{name}' twice" for name in dict.fromkeys(names) if names.count(name) > 1]
