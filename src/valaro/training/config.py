"""The numbers a training needs, in two presets."""

from dataclasses import dataclass, fields, is_dataclass
from typing import Literal

from valaro.networks.shapes import NetworkConfig, Regularisation
from valaro.records import Normalisation
from valaro.windows import PadMode, WindowSpec

Precision = Literal["auto", "single", "bfloat16"]
"""`auto`: bfloat16 for the image layout where the processor or GPU multiplies it in hardware, else single precision."""

DeviceName = Literal["cpu", "cuda"]
Choice = Literal["uar", "likelihood", "last"]
FaceRate = Literal["grid", "native"]
"""Faces on the acoustic grid of 100 Hz, each held until the next picture, or one frame a picture (of 25 a second)."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast: updates, samples a part of a batch, Adam's rate and first momentum.

    The rate falls linearly to 0 over the last `lr_decay_fraction` of the steps; gradients are clipped to
    `grad_clip_norm` (0: not); `ema_decay` is that of the averaged weights; validation is looked at every
    `evaluate_every` steps, and after `patience` looks without a better one training ends early (0: never). `monitor`
    says which look is the best one: that of the highest UAR, of the highest likelihood of the right levels, or simply
    the last. `weight_decay` is AdamW's, on the classifier, whose encoders learn at `encoder_lr_fraction` of the rate if
    they read spectra, at `embedding_lr_fraction` if they read what another network has learnt already (faces).
    `precision` is that of convolutions and matrix products; `device` is what networks are trained on.
    """

    steps: int
    batch_size: int
    learning_rate: float
    beta1: float
    lr_decay_fraction: float
    grad_clip_norm: float
    ema_decay: float
    evaluate_every: int
    patience: int = 0
    monitor: Choice = "uar"
    weight_decay: float = 0.0
    encoder_lr_fraction: float = 1.0
    embedding_lr_fraction: float = 1.0
    precision: Precision = "auto"
    device: DeviceName = "cpu"

    def rate(self, step: int) -> float:
        """Return the learning rate of update `step` (from 0)."""
        if self.lr_decay_fraction == 0:
            return self.learning_rate
        return self.learning_rate * min(1.0, (self.steps - step) / (self.lr_decay_fraction * self.steps))


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weights of Eq. 6's terms and of their alternatives.

    `k_plus_one_softmax`: beside a generator the labelled term is normalised over K+1 as printed; where nothing is
    generated it is over the K levels (Eq. 1) in any case. `real`, `fake`: "looks real" and "looks generated".
    `consistency` with its `margin` M' reaches its full weight after `ramp_up_steps`, as do the rivals' unlabelled
    terms `teacher` (Mean Teacher) and `pseudo` (SoftMatch). Remedies for a generator that does not cover the data:
    conditional `entropy` of unlabelled samples, `pull_away` of generated features, `covariance` matching. `head_l2`
    weighs the squared length of the last layer's weights, as 1/(2 C n) does in a logistic regression on n
    utterances. `resample_for_g`: the generator's update draws its own z and real samples instead of those of the
    classifier's.
    """

    k_plus_one_softmax: bool
    real: float
    fake: float
    consistency: float
    margin: float
    ramp_up_steps: int
    teacher: float = 1.0
    pseudo: float = 1.0
    entropy: float = 0.0
    pull_away: float = 0.0
    covariance: float = 0.0
    head_l2: float = 0.0
    resample_for_g: bool = False

    def share(self, step: int) -> float:
        """Return how much of an unlabelled term's weight counts at update `step` (from 0)."""
        return min(1.0, (step + 1) / self.ramp_up_steps) if self.ramp_up_steps else 1.0


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How samples are drawn.

    `views`: the second look at a real sample is the same crop as printed (1) or another crop of the same utterance
    (2). `spec_augment`: labelled samples and second looks lose a band and a stretch of their spectra;
    `frequency_shift`: their spectra are moved by up to so many bands (see `augmentation`). `balanced`: labelled
    samples are drawn from each level equally often. `pad_mode`: an utterance shorter than a crop repeats, or is
    padded with its mean.
    """

    views: Literal[1, 2]
    spec_augment: bool
    frequency_shift: int = 0
    balanced: bool = False
    pad_mode: PadMode = "repeat"


@dataclass(frozen=True, kw_only=True)
class SelfTraining:
    """Pseudo-labels of SSBase: the confidence from which they count, and the rate's share at which they are learnt."""

    threshold: float = 0.9
    lr_fraction: float = 0.1
    rounds: int = 3
    """Of the class-balanced rival: it takes the surest share 1/rounds, 2/rounds, ... of each level in turn."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig(NetworkConfig):
    """Everything that decides a training besides the data and the seed."""

    averaged_bands: int
    face_rate: FaceRate = "grid"
    schedule: Schedule
    terms: LossWeights
    sampling: Sampling
    normalisation: Normalisation
    self_training: SelfTraining = SelfTraining()
    centre_crop: bool = False
    """Judge an utterance by its middle 128 frames alone instead of all its windows."""
    normalise_speakers: bool = False
    labels_per_class: int | None = None
    max_unlabelled: int | None = None
    """At most so many unlabelled recordings, drawn by the seed."""
    unlabelled_fraction: float = 1.0
    """The share (0-1) of these that is used; a greater share contains what a smaller one had."""

    @property
    def asks_for_none(self) -> bool:
        """Whether no unlabelled recording is wanted at all."""
        return self.max_unlabelled == 0 or self.unlabelled_fraction == 0

    @property
    def window(self) -> WindowSpec:
        """How its networks take an utterance."""
        return WindowSpec(
            pad_mode=self.sampling.pad_mode,
            weighting="centre" if self.centre_crop else "trapezoid",
            scaling="speaker" if self.normalise_speakers else "training",
        )


DEFAULT = TrainConfig(
    layout="temporal",
    width=0.25,
    averaged_bands=2,
    averaged_frames=2,
    explicit_head=False,
    statistics=True,
    standardised=True,
    encoder_scale=0.5,
    zero_head=True,
    generates="features",
    regularisation=Regularisation(input_noise=0.3, hidden_noise=0.3, dropout=0.0, weight_norm=True),
    schedule=Schedule(
        steps=160,
        batch_size=32,
        learning_rate=2e-3,
        embedding_lr_fraction=0.1,
        beta1=0.5,
        lr_decay_fraction=0.5,
        grad_clip_norm=5.0,
        ema_decay=0.99,
        evaluate_every=20,
    ),
    terms=LossWeights(
        k_plus_one_softmax=False,
        real=0.3,
        fake=0.3,
        consistency=1.0,
        margin=0.0,
        ramp_up_steps=100,
        pseudo=0.3,
        covariance=1.0,
        head_l2=0.3,
    ),
    sampling=Sampling(views=2, spec_augment=False, frequency_shift=2, balanced=True),
    normalisation="auto",
)
"""What did best on a few hundred recordings, within a minute on two cores; docs/results says how it was chosen."""

PAPER = TrainConfig(
    layout="image",
    width=1.0,
    averaged_bands=1,
    explicit_head=False,
    regularisation=Regularisation(input_noise=0.0, hidden_noise=0.0, dropout=0.2, weight_norm=False),
    schedule=Schedule(
        steps=20_000,
        batch_size=64,
        learning_rate=2e-4,
        beta1=0.5,
        lr_decay_fraction=0.0,
        grad_clip_norm=0.0,
        ema_decay=0.0,
        evaluate_every=200,
    ),
    terms=LossWeights(k_plus_one_softmax=True, real=1.0, fake=1.0, consistency=1.0, margin=0.0, ramp_up_steps=0),
    sampling=Sampling(views=1, spec_augment=False),
    normalisation="none",
    max_unlabelled=20_000,
)
"""Everything as printed (section IV-D); steps and momentum, which it does not print, from its reference codes."""

PRESETS = {"default": DEFAULT, "paper": PAPER}


@dataclass(frozen=True, kw_only=True)
class ConfigValue:
    """One value of a plan, by the name that settings give it."""

    name: str
    value: float | str | bool | None


def config_values(config: TrainConfig) -> tuple[ConfigValue, ...]:
    """Return every value of a plan, those of its parts among them; no name stands in two parts.

    >>> [named.value for named in config_values(PAPER) if named.name in {"layout", "dropout", "steps"}]
    ['image', 0.2, 20000]
    """
    homes = [config, *(part for field in fields(config) if is_dataclass(part := getattr(config, field.name)))]
    return tuple(
        ConfigValue(name=field.name, value=value)
        for home in homes
        for field in fields(home)
        if not is_dataclass(value := getattr(home, field.name))
    )
