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
from valaro.training.batches import RecordingBatches
from valaro.training.consistent import (
    Unlabelled,
    averaged_teacher,
    consistency_alone,
    fit_consistent,
    soft_match,
)
from valaro.training.linear import Estimator, fit_linear, linear_svm, logistic_regression
from valaro.training.plans import Plan
from valaro.training.progress import Progress
from valaro.training.self_training import Selection, self_train, surest_by_threshold, surest_of_each_level
from valaro.training.streams import torch_stream
from valaro.training.supervised import fit_supervised, start_weights
from valaro.training.views import Look


@dataclass(frozen=True, kw_only=True)
class Bench:
    """All that a recipe works with; `stages` begins a loop's progress by its name and what it comes after."""

    classifier: FusionClassifier
    batches: RecordingBatches
    fuzzy: Float[np.ndarray, "n 3"]
    stages: Callable[[str, Progress | None], Progress]
    look: Look
    plan: Plan
    seed: int

    @cached_property
    def generator(self) -> FusionGenerator | FeatureGenerator:
        """G for the classifier, where it lies: weights of the stream of its own until a recipe trains it."""
        made = generator_for(self.classifier, generator=torch_stream(self.seed, "generator weights"))
        return made.to(self.classifier.device)


Fit = Callable[[Bench], Progress]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is made, and from what.

    `fused`: it joins all features; else it runs on one. None: on all by default, or on one that is named.
    `uses_pool`: it learns from unlabelled recordings. `is_shared`: validation chooses a checkpoint only, so that one
    training serves both directions of a session. `is_linear`: no network, whole utterances. `is_adversarial`: it trains
    the bench's generator. `labels_pool`: it takes its own answers on unlabelled recordings for labels. `terms`: those
    of a plan that it uses beyond the labelled ones, by name. `passes`: how many batches go through the classifier and
    back for an update, G's step counted as one; further stages count, too.
    """

    name: str
    fit: Fit
    fused: bool | None
    uses_pool: bool
    is_shared: bool = True
    is_linear: bool = False
    is_adversarial: bool = False
    labels_pool: bool = False
    passes: int = 1
    terms: frozenset[str] = frozenset()

    def pool_scaling(self, asked: Normalisation) -> Normalisation:
        """Return how its unlabelled recordings are scaled where `asked` is the plan's normalisation.

        Unscaled recordings lie many deviations off the labelled ones, and a network gives all of them one level with
        full confidence: a model that learns from such answers takes them scaled like the labelled ones.
        """
        return "shift" if self.labels_pool and asked == "none" else asked


def in_one_stage(bench: Bench, fit: Callable[..., None]) -> Progress:
    """Start the weights and let one of the loops fit them."""
    start_weights(bench.classifier, bench.batches, seed=bench.seed)
    progress = bench.stages("training", None)
    fit(
        bench.classifier,
        bench.batches,
        progress,
        schedule=bench.plan.schedule,
        terms=bench.plan.terms,
        look=bench.look,
        seed=bench.seed,
    )
    return progress


def _adversarial(bench: Bench) -> Progress:
    return in_one_stage(bench, partial(fit_adversarial, generator=bench.generator))


def _consistent(unlabelled: Unlabelled) -> Fit:
    return partial(in_one_stage, fit=partial(fit_consistent, unlabelled=unlabelled))


def _self_trained(bench: Bench, select: Callable[[Plan], Selection], rounds: Callable[[Plan], int]) -> Progress:
    start_weights(bench.classifier, bench.batches, seed=bench.seed)
    plan = bench.plan
    return self_train(
        bench.classifier,
        bench.batches,
        bench.stages,
        select(plan),
        rounds=rounds(plan),
        plan=plan,
        look=bench.look,
        seed=bench.seed,
    )


def _linear(bench: Bench, estimator: Estimator) -> Progress:
    progress = bench.stages("training", None)
    fit_linear(bench.classifier, bench.batches.labelled, bench.fuzzy, progress.bests, estimator)
    return progress


_CT_TERMS = frozenset({"consistency", "margin", "ramp"})
_GAN_TERMS = _CT_TERMS | {"joint", "real", "generated", "entropy", "covariance", "pull_away", "fresh"}
LABELLED_TERMS = frozenset({"ridge"})
"""What every network's labelled loss uses."""

_SUPERVISED = partial(in_one_stage, fit=fit_supervised)
_SSBASE = partial(
    _self_trained,
    select=lambda plan: surest_by_threshold(plan.self_training.threshold),
    rounds=lambda _: 1,
)
_CLASS_BALANCED = partial(
    _self_trained, select=lambda _: surest_of_each_level, rounds=lambda plan: plan.self_training.rounds
)

PAPER_MODELS = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="FSBase", fit=_SUPERVISED, fused=False, uses_pool=False),
        Recipe(name="MFSBase", fit=_SUPERVISED, fused=True, uses_pool=False),
        Recipe(name="SSBase", fit=_SSBASE, fused=False, uses_pool=True, is_shared=False, labels_pool=True, passes=2),
        Recipe(
            name="SSGAN",
            fit=_adversarial,
            fused=False,
            uses_pool=True,
            is_adversarial=True,
            passes=5,
            terms=_GAN_TERMS,
        ),
        Recipe(
            name="MSSGAN",
            fit=_adversarial,
            fused=True,
            uses_pool=True,
            is_adversarial=True,
            passes=5,
            terms=_GAN_TERMS,
        ),
    )
}
RIVALS = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="CT", fit=_consistent(consistency_alone), fused=None, uses_pool=True, passes=3, terms=_CT_TERMS),
        Recipe(
            name="MeanTeacher",
            fit=_consistent(averaged_teacher),
            fused=None,
            uses_pool=True,
            passes=3,
            terms=frozenset({"teacher", "ramp"}),
        ),
        Recipe(
            name="SoftMatch",
            fit=_consistent(soft_match),
            fused=None,
            uses_pool=True,
            labels_pool=True,
            passes=3,
            terms=frozenset({"pseudo", "ramp"}),
        ),
        Recipe(
            name="ClassBalanced",
            fit=_CLASS_BALANCED,
            fused=None,
            uses_pool=True,
            is_shared=False,
            labels_pool=True,
            passes=4,
        ),
    )
}
LINEAR = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="LR", fit=partial(_linear, estimator=logistic_regression), fused=None, uses_pool=False, is_linear=True
        ),
        Recipe(name="SVM", fit=partial(_linear, estimator=linear_svm), fused=None, uses_pool=False, is_linear=True),
    )
}
RECIPES = {**PAPER_MODELS, **RIVALS, **LINEAR}
MODEL_NAMES = tuple(RECIPES)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A recipe with the features it runs on; `label` is its row in a table."""

    label: str
    recipe: str
    features: tuple[str, ...]


def candidates(model: str, features: Sequence[str]) -> tuple[Candidate, ...]:
    """Return what the model's name stands for: a fused model takes all features, a single one each in turn.

    `NAME:feature` picks one. A rival takes all features, or the one picked.

    >>> [candidate.label for candidate in candidates("SSGAN", ["fbank", "face"])]
    ['SSGAN fbank', 'SSGAN face']
    >>> [candidate.label for candidate in candidates("SSGAN:face", ["fbank", "face"])]
    ['SSGAN face']
    >>> [candidate.features for candidate in candidates("MSSGAN", ["fbank", "face"])]
    [('fbank', 'face')]
    >>> [candidate.label for candidate in candidates("CT", ["fbank", "face"])]
    ['CT fbank+face']
    """
    name, colon, picked = model.partition(":")
    if name not in RECIPES:
        raise unknown_name("model", name, (*MODEL_NAMES, AUTO))
    fused = RECIPES[name].fused
    if fused and colon:
        raise ValaroError(f"model '{model}': {name} joins all features, expected its name alone")
    if fused and len(features) < 2:
        raise ValaroError(
            f"model '{model}' joins all features and needs at least two of them, got: {', '.join(features)}; of one "
            "feature there are FSBase, SSBase and SSGAN"
        )
    if fused:
        return (Candidate(label=name, recipe=name, features=tuple(features)),)
    if colon:
        _check_picked(model, picked, features)
    if fused is None and not colon:
        return (Candidate(label=f"{name} {'+'.join(features)}", recipe=name, features=tuple(features)),)
    return tuple(
        Candidate(label=f"{name} {feature}", recipe=name, features=(feature,))
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


def all_candidates(models: Iterable[str], features: Sequence[str]) -> tuple[Candidate, ...]:
    """Return the candidates of several models, `auto` among them, each label once, in order."""
    return tuple(
        {
            candidate.label: candidate
            for model in models
            for candidate in (
                (one for choice in choices([model], features) for one in choice.candidates)
                if model.partition(":")[0] == AUTO
                else candidates(model, features)
            )
        }.values()
    )


@dataclass(frozen=True, kw_only=True)
class AutoChoice:
    """What `auto` chooses among, the simplest first; `label` is its row in a table."""

    label: str
    candidates: tuple[Candidate, ...]


def choices(models: Iterable[str], features: Sequence[str]) -> tuple[AutoChoice, ...]:
    """Return what each `auto` among the models stands for: linear, supervised, consistent and adversarial models.

    Plain `auto` joins all features, `auto:face` takes one.

    >>> [[one.label for one in choice.candidates] for choice in choices(["auto"], ["fbank", "face"])]
    [['LR fbank+face', 'SVM fbank+face', 'MFSBase', 'CT fbank+face', 'MSSGAN']]
    >>> [[one.label for one in choice.candidates] for choice in choices(["auto:face"], ["fbank", "face"])]
    [['LR face', 'SVM face', 'FSBase face', 'CT face', 'SSGAN face']]
    """
    found: list[AutoChoice] = []
    for model in models:
        name, colon, picked = model.partition(":")
        if name != AUTO:
            continue
        if colon:
            _check_picked(model, picked, features)
        joined = [picked] if colon else list(features)
        kinds = (*LINEAR, "MFSBase", "CT", "MSSGAN") if len(joined) > 1 else (*LINEAR, "FSBase", "CT", "SSGAN")
        chosen = tuple(one for kind in kinds for one in candidates(kind, joined))
        found.append(AutoChoice(label=f"{AUTO} {'+'.join(joined)}", candidates=chosen))
    return tuple(found)


def linear_beside(chosen: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return a linear model of each kind for every set of features that `chosen` use: the rows to beat."""
    sets = dict.fromkeys(candidate.features for candidate in chosen)
    return tuple(
        Candidate(label=f"{name} {'+'.join(features)}", recipe=name, features=features)
        for features in sets
        for name in LINEAR
    )
