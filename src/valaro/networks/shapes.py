"""What decides a network's shape."""

from dataclasses import dataclass

from valaro.records import LEVELS


@dataclass(frozen=True, kw_only=True)
class Modality:
    """A feature's name and channels; `averaged` neighbouring channels are merged first (bins of a spectrum only).

    `spectrum` says that neighbouring channels are neighbouring frequencies, so that bands may be averaged and masked.
    """

    name: str
    dim: int
    spectrum: bool = False
    averaged: int = 1


@dataclass(frozen=True, kw_only=True)
class Regularisation:
    """What keeps the classifier stochastic: deviations of Gaussian noise, dropout rates; and whether weight norm holds.

    `head_noise` is added before the last layer; `modality_dropout` is the chance that a sample loses one of several
    modalities.
    """

    input_noise: float
    hidden_noise: float
    dropout: float
    weight_norm: bool
    head_noise: float = 0.0
    modality_dropout: float = 0.0


@dataclass(frozen=True, kw_only=True)
class NetworkShape:
    """All that is needed to build the networks again.

    `statistics` hands the head the inputs' own mean and deviation beside the encoders' features; `standardised` brings
    each feature to mean 0 and deviation 1 over the batch that starts the weights, and leaves it at that; `zero_head`
    starts the last layer at 0, without weight norm, instead of at random; D_(x) is taken before the last dropout unless
    `features_after_dropout`.
    """

    modalities: tuple[Modality, ...]
    layout: str
    width: float
    regularisation: Regularisation
    explicit_head: bool
    statistics: bool = False
    standardised: bool = False
    zero_head: bool = False
    features_after_dropout: bool = False
    classes: int = len(LEVELS)
