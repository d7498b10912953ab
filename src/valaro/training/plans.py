"""The numbers a training needs, in two presets."""

from dataclasses import dataclass

from valaro.networks.shapes import Regularisation
from valaro.normalise import Normalisation


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast: updates, samples a part of a batch, Adam's rate and first momentum.

    The rate falls linearly to 0 over the last `decay` share of the steps; gradients are clipped to norm `clip` (0:
    not); `average` is the decay of the averaged weights; validation is looked at every `evaluate_every` steps.
    """

    steps: int
    batch: int
    learning_rate: float
    beta1: float
    decay: float
    clip: float
    average: float
    evaluate_every: int

    def rate(self, step: int) -> float:
        """Return the learning rate of update `step` (from 0)."""
        if self.decay == 0:
            return self.learning_rate
        return self.learning_rate * min(1.0, (self.steps - step) / (self.decay * self.steps))


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Weights of Eq. 6's terms: "looks real" and "looks generated", consistency with its margin and ramp (steps).

    `joint`: the labelled term is normalised over K+1 as printed; `masks`: the labelled samples and the second pass of
    the real ones see masked spectra (see `views`), else the same samples as printed.
    """

    joint: bool
    real: float
    generated: float
    consistency: float
    margin: float
    ramp: int
    masks: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that decides a training besides the data and the seed."""

    layout: str
    width: float
    averaged_bands: int
    explicit_head: bool
    regularisation: Regularisation
    schedule: Schedule
    terms: Terms
    normalisation: Normalisation
    normalise_speakers: bool = False
    labels_per_level: int | None = None


DEFAULT = Plan(
    layout="temporal",
    width=1.0,
    averaged_bands=2,
    explicit_head=False,
    regularisation=Regularisation(input_noise=0.3, hidden_noise=0.3, dropout=0.0, weight_norm=True),
    schedule=Schedule(
        steps=160, batch=32, learning_rate=2e-3, beta1=0.5, decay=0.5, clip=5.0, average=0.99, evaluate_every=10
    ),
    terms=Terms(joint=False, real=1.0, generated=1.0, consistency=5.0, margin=0.0, ramp=100, masks=True),
    normalisation="auto",
)
"""What did best in trials before this code, within minutes on two cores; docs/results says how it does now."""

PAPER = Plan(
    layout="image",
    width=1.0,
    averaged_bands=1,
    explicit_head=False,
    regularisation=Regularisation(input_noise=0.0, hidden_noise=0.0, dropout=0.2, weight_norm=False),
    schedule=Schedule(
        steps=20_000, batch=64, learning_rate=2e-4, beta1=0.5, decay=0.0, clip=0.0, average=0.0, evaluate_every=200
    ),
    terms=Terms(joint=True, real=1.0, generated=1.0, consistency=1.0, margin=0.0, ramp=0, masks=False),
    normalisation="none",
)
"""Everything as printed (section IV-D); steps and momentum, which it does not print, from its reference codes."""

PRESETS = {"default": DEFAULT, "paper": PAPER}
