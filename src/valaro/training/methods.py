"""The models by their names: the five of the paper, and the rivals that every one of them has to beat."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from jaxtyping import Float

from valaro.errors import ValaroError, unknown_name
from valaro.features.table import FEATURE_NAMES
from valaro.networks.fusion import FeatureGenerator, FusionClassifier, FusionGenerator, generator_for
from valaro.records import AUTO, Normalisation
from valaro.training.adversarial import fit_adversarial
from valaro.training.augmentation import Augmentation
from valaro.training.batches import RecordingBatches
from valaro.training.config import TrainConfig
from valaro.training.consistent import (
    Unlabelled,
    averaged_teacher,
    consistency_alone,
    fit_consistent,
    soft_match,
)
from valaro.training.linear import Estimator, fit_linear, linear_svm, logistic_regression
from valaro.training.loop import TrainingLoop
from valaro.training.rng import torch_stream
from valaro.training.self_training import Selection, self_train, surest_by_threshold, surest_of_each_level
from valaro.training.supervised import data_dependent_init, fit_supervised


@dataclass(frozen=True, kw_only=True)
class TrainerContext:
    """All that a recipe works with; `stages` begins a loop's progress by its name and what it comes after."""

    classifier: FusionClassifier
    batches: RecordingBatches
    soft_labels: Float[np.ndarray, "n 3"]
    stages: Callable[[str, TrainingLoop | None], TrainingLoop]
    augment: Augmentation
    config: TrainConfig
    seed: int

    @cached_property
    def generator(self) -> FusionGenerator | FeatureGenerator:
        """G for the classifier, where it lies: weights of the stream of its own until a recipe trains it."""
        fake = generator_for(self.classifier, generator=torch_stream(self.seed, "generator weights"))
        return fake.to(self.classifier.device)


Fit = Callable[[TrainerContext], TrainingLoop]


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a model is made, and from what.

    `fused`: it joins all features; else it runs on one. None: on all by default, or on one that is named.
    `is_semi_supervised`: it learns from unlabelled data. `is_shared`: validation chooses a checkpoint only, so that one
    training serves both directions of a session. `is_linear`: no network, whole utterances. `is_adversarial`: it trains
    the generator. `labels_unlabelled`: it takes its own answers on unlabelled recordings for labels. `terms`: those
    of a plan that it uses beyond the labelled ones, by name. `passes`: how many batches go through the classifier and
    back for an update, G's step counted as one; further stages count, too.
    """

    name: str
    fit: Fit
    fused: bool | None
    is_semi_supervised: bool
    is_shared: bool = True
    is_linear: bool = False
    is_adversarial: bool = False
    labels_unlabelled: bool = False
    passes: int = 1
    terms: frozenset[str] = frozenset()

    def pool_scaling(self, asked: Normalisation) -> Normalisation:
        """Return how its unlabelled recordings are scaled where `asked` is the plan's normalisation.

        Unscaled recordings lie many deviations off the labelled ones, and a network gives all of them one level with
        full confidence: a model that learns from such answers takes them scaled like the labelled ones.
        """
        return "shift" if self.labels_unlabelled and asked == "none" else asked


def in_one_stage(context: TrainerContext, fit: Callable[..., None]) -> TrainingLoop:
    """Start the weights and let one of the loops fit them."""
    data_dependent_init(context.classifier, context.batches, seed=context.seed)
    loop = context.stages("training", None)
    fit(
        context.classifier,
        context.batches,
        loop,
        schedule=context.config.schedule,
        terms=context.config.terms,
        augment=context.augment,
        seed=context.seed,
    )
    return loop


def _adversarial(context: TrainerContext) -> TrainingLoop:
    return in_one_stage(context, partial(fit_adversarial, generator=context.generator))


def _consistent(unlabelled: Unlabelled) -> Fit:
    return partial(in_one_stage, fit=partial(fit_consistent, unlabelled=unlabelled))


def _self_trained(
    context: TrainerContext, select: Callable[[TrainConfig], Selection], rounds: Callable[[TrainConfig], int]
) -> TrainingLoop:
    data_dependent_init(context.classifier, context.batches, seed=context.seed)
    config = context.config
    return self_train(
        context.classifier,
        context.batches,
        context.stages,
        select(config),
        rounds=rounds(config),
        config=config,
        augment=context.augment,
        seed=context.seed,
    )


def _linear(context: TrainerContext, estimator: Estimator) -> TrainingLoop:
    loop = context.stages("training", None)
    fit_linear(context.classifier, context.batches.labelled, context.soft_labels, loop.bests, estimator)
    return loop


_CT_TERMS = frozenset({"consistency", "margin", "ramp_up_steps"})
_GAN_TERMS = _CT_TERMS | {"k_plus_one_softmax", "real", "fake", "entropy", "covariance", "pull_away", "resample_for_g"}
LABELLED_TERMS = frozenset({"head_l2"})
"""What every network's labelled loss uses."""

_SUPERVISED = partial(in_one_stage, fit=fit_supervised)
_SSBASE = partial(
    _self_trained,
    select=lambda config: surest_by_threshold(config.self_training.threshold),
    rounds=lambda _: 1,
)
_CLASS_BALANCED = partial(
    _self_trained, select=lambda _: surest_of_each_level, rounds=lambda config: config.self_training.rounds
)

PAPER_MODELS = {
    method.name: method
    for method in (
        Method(name="FSBase", fit=_SUPERVISED, fused=False, is_semi_supervised=False),
        Method(name="MFSBase", fit=_SUPERVISED, fused=True, is_semi_supervised=False),
        Method(
            name="SSBase",
            fit=_SSBASE,
            fused=False,
            is_semi_supervised=True,
            is_shared=False,
            labels_unlabelled=True,
            passes=2,
        ),
        Method(
            name="SSGAN",
            fit=_adversarial,
            fused=False,
            is_semi_supervised=True,
            is_adversarial=True,
            passes=5,
            terms=_GAN_TERMS,
        ),
        Method(
            name="MSSGAN",
            fit=_adversarial,
            fused=True,
            is_semi_supervised=True,
            is_adversarial=True,
            passes=5,
            terms=_GAN_TERMS,
        ),
    )
}
BASELINES = {
    method.name: method
    for method in (
        Method(
            name="CT",
            fit=_consistent(consistency_alone),
            fused=None,
            is_semi_supervised=True,
            passes=3,
            terms=_CT_TERMS,
        ),
        Method(
            name="MeanTeacher",
            fit=_consistent(averaged_teacher),
            fused=None,
            is_semi_supervised=True,
            passes=3,
            terms=frozenset({"teacher", "ramp_up_steps"}),
        ),
        Method(
            name="SoftMatch",
            fit=_consistent(soft_match),
            fused=None,
            is_semi_supervised=True,
            labels_unlabelled=True,
            passes=3,
            terms=frozenset({"pseudo", "ramp_up_steps"}),
        ),
        Method(
            name="ClassBalanced",
            fit=_CLASS_BALANCED,
            fused=None,
            is_semi_supervised=True,
            is_shared=False,
            labels_unlabelled=True,
            passes=4,
        ),
    )
}
LINEAR = {
    method.name: method
    for method in (
        Method(
            name="LR",
            fit=partial(_linear, estimator=logistic_regression),
            fused=None,
            is_semi_supervised=False,
            is_linear=True,
        ),
        Method(
            name="SVM", fit=partial(_linear, estimator=linear_svm), fused=None, is_semi_supervised=False, is_linear=True
        ),
    )
}
METHODS = {**PAPER_MODELS, **BASELINES, **LINEAR}
MODEL_NAMES = tuple(METHODS)


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A method with the features it runs on; `label` is its row in a table."""

    label: str
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
    """What `auto` chooses among, the simplest first; `label` is its row in a table, without what `varied` says."""

    label: str
    model_specs: tuple[ModelSpec, ...]
    varied: tuple[tuple[str, str], ...] = ()
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
