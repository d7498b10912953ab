"""The models by their names: the five of the paper, and the baselines that every one of them has to beat."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from valaro.errors import ValaroError, unknown_name
from valaro.features.table import FEATURE_NAMES
from valaro.records import AUTO, Normalisation
from valaro.training.adversarial import fit_adversarial
from valaro.training.batches import RecordingBatches
from valaro.training.config import SelfTraining
from valaro.training.consistent import Unlabelled, averaged_teacher, consistency_alone, fit_consistent, soft_match
from valaro.training.context import TrainerContext
from valaro.training.linear import Estimator, fit_linear, linear_svm, logistic_regression
from valaro.training.self_training import self_train, surest_by_threshold, surest_of_each_level
from valaro.training.supervised import fit_supervised

Fit = Callable[[TrainerContext[RecordingBatches], SelfTraining], None]
"""Trains the classifier of a context; how pseudo-labels are taken matters to self-training alone."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a model is made, and from what."""

    name: str
    fit: Fit
    fused: bool | None = None
    """Whether it joins all features or runs on one; None: on all by default, or on one that is named."""
    is_semi_supervised: bool = False
    """It learns from unlabelled data."""
    is_shared: bool = True
    """Validation chooses a checkpoint only, so that one training serves both directions of a session."""
    is_linear: bool = False
    """No network, whole utterances."""
    is_adversarial: bool = False
    """It trains the generator."""
    labels_unlabelled: bool = False
    """It takes its own answers on unlabelled recordings for labels."""
    passes: int = 1
    """Batches that go through the classifier and back for an update, G's step counted as one; stages count, too."""
    terms: frozenset[str] = frozenset()
    """The weights of losses that it uses beyond the labelled ones, by name."""

    def unlabelled_scaling(self, asked: Normalisation) -> Normalisation:
        """Return how its unlabelled recordings are scaled where `asked` is the normalisation of the settings.

        Unscaled recordings lie many deviations off the labelled ones, and a network gives all of them one level with
        full confidence: a model that learns from such answers takes them scaled like the labelled ones.
        """
        return "shift" if self.labels_unlabelled and asked == "none" else asked


def _ssbase(context: TrainerContext[RecordingBatches], settings: SelfTraining) -> None:
    self_train(context, settings, surest_by_threshold(settings.threshold), rounds=1)


def _class_balanced(context: TrainerContext[RecordingBatches], settings: SelfTraining) -> None:
    self_train(context, settings, surest_of_each_level, rounds=settings.rounds)


_GAN_TERMS = frozenset(
    {"consistency", "margin", "ramp_up_steps", "k_plus_one_softmax", "real", "fake", "entropy", "covariance"}
    | {"pull_away", "resample_for_g"}
)
LABELLED_TERMS = frozenset({"head_l2"})
"""What every network's labelled loss uses."""

_supervised = partial(Method, fit=lambda context, _: fit_supervised(context))
_adversarial = partial(
    Method,
    fit=lambda context, _: fit_adversarial(context, context.generator),
    is_semi_supervised=True,
    is_adversarial=True,
    passes=5,
    terms=_GAN_TERMS,
)
_self_trained = partial(Method, is_semi_supervised=True, is_shared=False, labels_unlabelled=True)


def _consistent(name: str, unlabelled: Unlabelled, *terms: str, labels_unlabelled: bool = False) -> Method:
    return Method(
        name=name,
        fit=lambda context, _: fit_consistent(context, unlabelled),
        is_semi_supervised=True,
        labels_unlabelled=labels_unlabelled,
        passes=3,
        terms=frozenset({*terms, "ramp_up_steps"}),
    )


def _linear(name: str, estimator: Estimator) -> Method:
    return Method(name=name, fit=lambda context, _: fit_linear(context, estimator), is_linear=True)


def _by_name(*methods: Method) -> dict[str, Method]:
    return {method.name: method for method in methods}


PAPER_MODELS = _by_name(
    _supervised(name="FSBase", fused=False),
    _supervised(name="MFSBase", fused=True),
    _self_trained(name="SSBase", fit=_ssbase, fused=False, passes=2),
    _adversarial(name="SSGAN", fused=False),
    _adversarial(name="MSSGAN", fused=True),
)
BASELINES = _by_name(
    _consistent("CT", consistency_alone, "consistency", "margin"),
    _consistent("MeanTeacher", averaged_teacher, "teacher"),
    _consistent("SoftMatch", soft_match, "pseudo", labels_unlabelled=True),
    _self_trained(name="ClassBalanced", fit=_class_balanced, passes=4),
)
LINEAR = _by_name(_linear("LR", logistic_regression), _linear("SVM", linear_svm))
METHODS = {**PAPER_MODELS, **BASELINES, **LINEAR}
MODEL_NAMES = tuple(METHODS)


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A method with the features it runs on."""

    label: str
    """Its row in a table."""
    method: str
    features: tuple[str, ...]
    varied: tuple[tuple[str, str], ...] = ()
    """The varied settings that its label names, as (section.name, value)."""
    unvaried: str = ""
    """Its label without these; empty: the label names none."""


def model_specs(model: str, features: Sequence[str]) -> tuple[ModelSpec, ...]:
    """Return what the model's name stands for: a fused model takes all features, a single one each in turn.

    `NAME:feature` picks one. A rival takes all features, or the one picked.

    >>> [spec.label for spec in model_specs("SSGAN", ["fbank", "face"])]
    ['SSGAN fbank', 'SSGAN face']
    >>> [spec.label for spec in model_specs("SSGAN:face", ["fbank", "face"])]
    ['SSGAN face']
    >>> [spec.features for spec in model_specs("MSSGAN", ["fbank", "face"])]
    [('fbank', 'face')]
    >>> [spec.label for spec in model_specs("CT", ["fbank", "face"])]
    ['CT fbank+face']
    """
    name, colon, picked = model.partition(":")
    if name not in METHODS:
        raise unknown_name("model", name, (*MODEL_NAMES, AUTO))
    fused = METHODS[name].fused
    if fused and colon:
        raise ValaroError(f"model '{model}': {name} joins all features, expected its name alone")
    if fused and len(features) < 2:
        raise ValaroError(
            f"model '{model}' joins all features and needs at least two of them, got: {', '.join(features)}; of one "
            "feature there are FSBase, SSBase and SSGAN"
        )
    if fused:
        return (ModelSpec(label=name, method=name, features=tuple(features)),)
    if colon:
        _check_picked(model, picked, features)
    if fused is None and not colon:
        return (ModelSpec(label=f"{name} {'+'.join(features)}", method=name, features=tuple(features)),)
    return tuple(
        ModelSpec(label=f"{name} {feature}", method=name, features=(feature,))
        for feature in ([picked] if colon else features)
    )


def _check_picked(model: str, picked: str, features: Sequence[str]) -> None:
    if picked in features:
        return
    if picked not in FEATURE_NAMES:
        raise unknown_name(f"feature in '{model}'", picked, features)
    raise ValaroError(
        f"model '{model}' runs on '{picked}', which is not among the features named: {', '.join(features)}. "
        f"Name '{picked}' there too (study.features), or choose another feature for the model"
    )


def all_model_specs(models: Iterable[str], features: Sequence[str]) -> tuple[ModelSpec, ...]:
    """Return the candidates of several models, `auto` among them, each label once, in order."""
    return tuple(
        {
            spec.label: spec
            for model in models
            for spec in (
                (member for choice in choices([model], features) for member in choice.model_specs)
                if model.partition(":")[0] == AUTO
                else model_specs(model, features)
            )
        }.values()
    )


@dataclass(frozen=True, kw_only=True)
class AutoChoice:
    """What `auto` chooses among."""

    label: str
    """Its row in a table."""
    model_specs: tuple[ModelSpec, ...]
    """The simplest first."""
    varied: tuple[tuple[str, str], ...] = ()
    """As that of a `ModelSpec`, and so is `unvaried`."""
    unvaried: str = ""


def choices(models: Iterable[str], features: Sequence[str]) -> tuple[AutoChoice, ...]:
    """Return what each `auto` among the models stands for: linear, supervised, consistent and adversarial models.

    Plain `auto` joins all features, `auto:face` takes one.

    >>> [[spec.label for spec in choice.model_specs] for choice in choices(["auto"], ["fbank", "face"])]
    [['LR fbank+face', 'SVM fbank+face', 'MFSBase', 'CT fbank+face', 'MSSGAN']]
    >>> [[spec.label for spec in choice.model_specs] for choice in choices(["auto:face"], ["fbank", "face"])]
    [['LR face', 'SVM face', 'FSBase face', 'CT face', 'SSGAN face']]
    """
    auto_choices: list[AutoChoice] = []
    for model in models:
        name, colon, picked = model.partition(":")
        if name != AUTO:
            continue
        if colon:
            _check_picked(model, picked, features)
        joined = [picked] if colon else list(features)
        kinds = (*LINEAR, "MFSBase", "CT", "MSSGAN") if len(joined) > 1 else (*LINEAR, "FSBase", "CT", "SSGAN")
        chosen = tuple(spec for kind in kinds for spec in model_specs(kind, joined))
        auto_choices.append(AutoChoice(label=f"{AUTO} {'+'.join(joined)}", model_specs=chosen))
    return tuple(auto_choices)


def linear_beside(chosen: Sequence[ModelSpec]) -> tuple[ModelSpec, ...]:
    """Return a linear model of each kind for every set of features that `chosen` use: the rows to beat."""
    sets = dict.fromkeys(spec.features for spec in chosen)
    return tuple(
        ModelSpec(label=f"{name} {'+'.join(features)}", method=name, features=features)
        for features in sets
        for name in LINEAR
    )
