"""The numbers a training needs, in two presets."""

from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from valaro.limits import LIMITS
from valaro.networks.shapes import Fraction, Layout, NetworkConfig, Regularisation, Weight
from valaro.records import Normalisation
from valaro.windows import PadMode, WindowSpec

Precision = Literal["auto", "single", "bfloat16"]
"""`auto`: bfloat16 for the image layout where the processor or GPU multiplies it in hardware, else single precision."""

DeviceName = Literal["cpu", "cuda"]
Choice = Literal["uar", "likelihood", "last"]
FaceRate = Literal["grid", "native"]
"""Faces on the acoustic grid of 100 Hz, each held until the next picture, or one frame a picture (of 25 a second)."""


Part = Annotated[float, Gt(0), Le(1)]
Steps = Annotated[int, Ge(0)]
Count = Annotated[int, Ge(1)]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast a network learns, and which evaluation is kept."""

    steps: Annotated[int, Ge(1), Le(LIMITS.most_steps)]
    """Updates of a training."""
    batch_size: Annotated[int, Ge(2), Le(LIMITS.largest_batch)]
    """Samples of each part of a batch: labelled, unlabelled, generated."""
    learning_rate: Annotated[float, Gt(0)]
    """Adam's learning rate."""
    beta1: Fraction
    """Adam's decay of the first moment."""
    lr_decay_fraction: Annotated[float, Ge(0), Le(1)]
    """The learning rate falls linearly to 0 over this last share of the steps."""
    grad_clip_norm: Weight
    """Gradients are clipped to this norm; 0: they are not."""
    ema_decay: Fraction
    """Decay of the averaged weights that are evaluated; 0: the weights themselves are."""
    evaluate_every: Count
    """Steps between two evaluations on the validation speakers."""
    patience: Steps = 0
    """After so many evaluations without a better one training ends early; 0: never."""
    monitor: Choice = "uar"
    """Which evaluation is kept: highest UAR, highest likelihood of the right levels, or the last."""
    weight_decay: Weight = 0.0
    """AdamW's weight decay, on the classifier."""
    encoder_lr_fraction: Part = 1.0
    """Share of the learning rate at which encoders of spectra learn."""
    embedding_lr_fraction: Part = 1.0
    """Share of the learning rate at which encoders of what another network learnt (faces) learn."""
    precision: Precision = "auto"
    """Precision of convolutions and matrix products; auto: bfloat16 for the image layout where hardware has it."""
    device: DeviceName = "cpu"
    """What networks are trained on."""

    def rate(self, step: int) -> float:
        """Return the learning rate of update `step` (from 0)."""
        if self.lr_decay_fraction == 0:
            return self.learning_rate
        return self.learning_rate * min(1.0, (self.steps - step) / (self.lr_decay_fraction * self.steps))


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weights of Eq. 6's terms and of their alternatives."""

    k_plus_one_softmax: bool
    """Beside a generator the labelled term is normalised over K+1 as printed; without one it is over K (Eq. 1)."""
    real: Weight
    """Weight of "unlabelled samples look real"."""
    fake: Weight
    """Weight of "generated samples look generated"."""
    consistency: Weight
    """Weight of the consistency term once it is ramped up."""
    margin: Weight
    """The margin M' of the consistency term."""
    ramp_up_steps: Steps
    """Steps after which unlabelled terms have their full weight."""
    teacher: Weight = 1.0
    """Weight of Mean Teacher's unlabelled term."""
    pseudo: Weight = 1.0
    """Weight of SoftMatch's unlabelled term."""
    entropy: Weight = 0.0
    """Against collapse: weight of the conditional entropy of unlabelled samples."""
    pull_away: Weight = 0.0
    """Against collapse: weight of the pull-away term of generated features."""
    covariance: Weight = 0.0
    """Against collapse: weight of matching the features' covariance."""
    head_l2: Weight = 0.0
    """Weight of the last layer's squared length, as 1/(2 C n) in a logistic regression on n utterances."""
    resample_for_g: bool = False
    """The generator's update draws its own noise and real samples instead of the classifier's."""

    def share(self, step: int) -> float:
        """Return how much of an unlabelled term's weight counts at update `step` (from 0)."""
        return min(1.0, (step + 1) / self.ramp_up_steps) if self.ramp_up_steps else 1.0


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How samples are drawn."""

    views: Literal[1, 2]
    """The second view of a real sample is the same crop as printed (1), or another of the same utterance (2)."""
    spec_augment: bool
    """Labelled samples and second views lose a band and a stretch of their spectra."""
    frequency_shift: Steps = 0
    """The spectra of labelled samples and second views are moved by up to so many bands."""
    balanced: bool = False
    """Labelled samples are drawn from each level equally often."""
    pad_mode: PadMode = "repeat"
    """An utterance that is shorter than a crop repeats, or is padded with its mean."""


@dataclass(frozen=True, kw_only=True)
class SelfTraining:
    """How pseudo-labels are taken."""

    threshold: Fraction = 0.9
    """SSBase: the confidence from which a pseudo-label counts."""
    lr_fraction: Part = 0.1
    """Share of the learning rate at which pseudo-labels are learnt."""
    rounds: Annotated[int, Ge(1), Le(LIMITS.most_rounds)] = 3
    """ClassBalanced: it takes the surest share 1/rounds, 2/rounds, ... of each level in turn."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig(NetworkConfig):
    """Everything that decides a training besides the data and the seed."""

    layout: Layout
    """Convolutions along time, or the paper's over an image of time and channels."""
    averaged_bands: Count
    """So many neighbouring bands of a spectrum become one."""
    face_rate: FaceRate = "grid"
    """Faces on the acoustic grid of 100 Hz, or one frame for each picture."""
    schedule: Schedule
    terms: LossWeights
    sampling: Sampling
    normalisation: Normalisation
    """How unlabelled recordings are scaled; auto: shift within a labelled corpus, else self."""
    self_training: SelfTraining = SelfTraining()
    centre_crop: bool = False
    """Judge an utterance by its middle 128 frames alone instead of all its windows."""
    normalise_speakers: bool = False
    """Scale each speaker by their own unlabelled recordings, test speakers too; every report says so."""
    labels_per_class: Count | None = None
    """At most so many labelled utterances of each level are learnt from; the others count as unlabelled."""
    max_unlabelled: Steps | None = None
    """At most so many unlabelled recordings, drawn by the seed."""
    unlabelled_fraction: Annotated[float, Ge(0), Le(1)] = 1.0
    """Share of these that is used; a greater share contains what a smaller one had."""

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
    """One value of a configuration, by the name that settings give it."""

    name: str
    value: float | str | bool | None


def config_values(config: TrainConfig) -> tuple[ConfigValue, ...]:
    """Return every value of a configuration, those of its parts among them; no name stands in two parts.

    >>> [item.value for item in config_values(PAPER) if item.name in {"layout", "dropout", "steps"}]
    ['image', 0.2, 20000]
    """
    homes = [config, *(part for field in fields(config) if is_dataclass(part := getattr(config, field.name)))]
    return tuple(
        ConfigValue(name=field.name, value=value)
        for home in homes
        for field in fields(home)
        if not is_dataclass(value := getattr(home, field.name))
    )
