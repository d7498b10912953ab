"""What decides a network's shape."""

from dataclasses import dataclass


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
    """What keeps the classifier stochastic: deviations of Gaussian noise, dropout rate, weight norm."""

    input_noise: float
    hidden_noise: float
    dropout: float
    weight_norm: bool
