"""One training: a fold, a pool, a plan and a seed become a model."""

import time
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

from valaro.errors import ValaroError
from valaro.evaluation.folds import Fold, few_labels, limited, unlabelled_pool
from valaro.features.table import SOUND_FEATURES
from valaro.labels.fuzzy import correct_levels, fuzzy_labels
from valaro.networks.fusion import FusionClassifier
from valaro.networks.resolution import as_seen
from valaro.networks.shapes import NOTHING_RANDOM, Modality, NetworkShape
from valaro.normalise import Scales, far_corpora, fit_scales, speaker_scales
from valaro.records import Alarm, CorpusNote, Dimension, HistoryPoint, Utterance
from valaro.seeds import numpy_stream
from valaro.store.feature_store import FeatureStore
from valaro.training.batches import RecordingBatches, Recordings
from valaro.training.best_model import BestModel
from valaro.training.journal import Journal
from valaro.training.judging import Seen
from valaro.training.keeper import Keeper, Trail
from valaro.training.machine import suited_to
from valaro.training.plans import Choice, Plan
from valaro.training.progress import Progress
from valaro.training.recipes import RECIPES, Bench, Candidate, Recipe
from valaro.training.streams import torch_stream
from valaro.training.trained_model import TrainedModel
from valaro.training.views import Look


@dataclass(frozen=True, kw_only=True)
class Training:
    """A model and how it came about; counts are of utterances."""

    model: TrainedModel
    history: tuple[HistoryPoint, ...]
    best_step: int
    alarms: tuple[Alarm, ...]
    seconds: float
    labelled: int
    unlabelled: int
    excluded: int


def train_model(
    candidate: Candidate,
    store: FeatureStore,
    fold: Fold,
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    plan: Plan,
    trail: Trail | None = None,
) -> Training:
    """Train `candidate` on the fold's training part and on `unlabelled` less everything held out.

    Statistics, weights and the few labels that count come from training speakers alone; validation speakers choose the
    checkpoint; the fold's test part is not opened. `trail` says what a training leaves on disk as it goes.
    """
    return train_folds(candidate, store, [fold], unlabelled, dimension=dimension, seed=seed, plan=plan, trail=trail)[0]


def train_folds(
    candidate: Candidate,
    store: FeatureStore,
    folds: Sequence[Fold],
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    plan: Plan,
    trail: Trail | None = None,
) -> tuple[Training, ...]:
    """Train once for several folds that train on the same utterances and hold out the same people.

    They differ in which of these validate: each keeps the weights that its own validation speakers like best, exactly
    as if it had been trained alone.
    """
    begun = time.perf_counter()
    recipe = RECIPES[candidate.recipe]
    material = _material(candidate, store, folds, unlabelled, dimension=dimension, seed=seed, plan=plan)
    bench = _bench(
        recipe,
        material,
        network_shape(candidate.features, store, plan, is_linear=recipe.is_linear),
        seed=seed,
        plan=plan,
        trail=trail or Trail(),
    )
    with suited_to(plan.layout, plan.schedule.precision):
        progress = recipe.fit(bench)
    used_pool = material.pool if recipe.uses_pool else ()
    seconds = (time.perf_counter() - begun) / len(folds)
    return tuple(
        Training(
            model=TrainedModel(
                label=candidate.label,
                dimension=dimension,
                classifier=_with_weights(progress.averages.classifier, best),
                seen=_seen(recipe, plan),
                features=candidate.features,
                feature_versions=tuple(store.version(name) for name in candidate.features),
                scale=material.scales.default,
                normalise_speakers=plan.normalise_speakers,
                short=plan.sampling.short,
                acquainted=frozenset(u.speaker for u in (*fold.train, *material.pool, *fold.validation)),
                notes=_notes(store, (*material.labelled, *validation, *used_pool)),
            ),
            history=tuple(best.history),
            best_step=best.step,
            alarms=(*(_pool_alarms(material, plan) if used_pool else ()), *progress.alarms.raised),
            seconds=seconds,
            labelled=len(material.labelled),
            unlabelled=len(used_pool),
            excluded=material.excluded,
        )
        for fold, validation, best in zip(folds, material.validations, progress.bests, strict=True)
    )


@dataclass(frozen=True, kw_only=True)
class _Material:
    """What a training learns from, and by whom it is judged on the way: one set of validation utterances a fold."""

    store: FeatureStore
    features: tuple[str, ...]
    dimension: Dimension
    labelled: tuple[Utterance, ...]
    pool: tuple[Utterance, ...]
    validations: tuple[tuple[Utterance, ...], ...]
    excluded: int
    scales: Scales


def _material(
    candidate: Candidate,
    store: FeatureStore,
    folds: Sequence[Fold],
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    plan: Plan,
) -> _Material:
    labelled, pool, excluded = _parts(candidate, store, folds, unlabelled, dimension=dimension, seed=seed, plan=plan)
    scales = fit_scales(store, labelled, pool, candidate.features, normalisation=plan.normalisation)
    validations = tuple(_validation(fold, dimension) for fold in folds)
    if plan.normalise_speakers:
        judged = [utterance for validation in validations for utterance in validation]
        scales = replace(scales, speakers=speaker_scales(store, [*labelled, *pool, *judged], candidate.features))
    return _Material(
        store=store,
        features=candidate.features,
        dimension=dimension,
        labelled=labelled,
        pool=pool,
        validations=validations,
        excluded=excluded,
        scales=scales,
    )


def _pool_alarms(material: _Material, plan: Plan) -> list[Alarm]:
    """Say which corpora of the pool lie so far off that this alone tells them from the labelled recordings."""
    if plan.normalisation in {"auto", "self"}:
        return []
    return [
        Alarm(
            step=0,
            what=f"the unlabelled recordings of '{corpus}' lie {distance:.1f} deviations off the labelled in '{name}'",
            advice="study.normalisation = 'self' scales each corpus by itself",
        )
        for corpus, name, distance in far_corpora(material.store, material.pool, material.scales, material.features)
    ]


def _bench(recipe: Recipe, material: _Material, shape: NetworkShape, *, seed: int, plan: Plan, trail: Trail) -> Bench:
    """Lay out all that the recipe works with."""
    dimension, scales, schedule = material.dimension, material.scales, plan.schedule
    recordings = partial(Recordings, material.store, names=material.features, short=plan.sampling.short)
    fuzzy = fuzzy_labels(material.labelled, dimension)
    classifier = FusionClassifier(shape, generator=torch_stream(seed, "classifier weights"))
    panels = [
        (recordings(validation, scale_of=scales.of), correct_levels(fuzzy_labels(validation, dimension)))
        for validation in material.validations
    ]
    # A linear model is tried in several strengths, none of which is the last word.
    choose: Choice = "likelihood" if recipe.is_linear and schedule.choose == "last" else schedule.choose
    seen = _seen(recipe, plan)

    def stages(name: str, after: Progress | None) -> Progress:
        bests = [BestModel(*panel, choose=choose, patience=schedule.patience, seen=seen) for panel in panels]
        return Progress(
            classifier,
            after.bests if after else bests,
            schedule=schedule,
            journal=Journal(trail.losses(name)),
            keeper=Keeper(trail.state(name), seconds=trail.seconds),
            is_stage=not recipe.is_shared,
            after=after,
        )

    return Bench(
        classifier=classifier,
        batches=RecordingBatches(
            recordings(material.labelled, scale_of=scales.of),
            fuzzy,
            recordings(material.pool, scale_of=scales.of_pool) if material.pool else None,
            size=schedule.batch,
            sampling=plan.sampling,
            rng=numpy_stream(seed, "crops"),
            see=partial(as_seen, shape=shape),
        ),
        fuzzy=fuzzy,
        stages=stages,
        look=Look(shape.modalities, torch_stream(seed, "masks"), masks=plan.sampling.masks, shift=plan.sampling.shift),
        plan=plan,
        seed=seed,
    )


def _seen(recipe: Recipe, plan: Plan) -> Seen:
    return "whole" if recipe.is_linear else "centre" if plan.centre_crop else "windows"


def _validation(fold: Fold, dimension: Dimension) -> tuple[Utterance, ...]:
    validation = tuple(utterance for utterance in fold.validation if utterance.is_labelled(dimension))
    if not validation:
        raise ValaroError(f"fold '{fold.name}': no validation utterance has a {dimension} label")
    return validation


def _with_weights(classifier: FusionClassifier, best: BestModel) -> FusionClassifier:
    finished = deepcopy(classifier)
    finished.load_state_dict(best.weights)
    return finished


def _notes(store: FeatureStore, utterances: Iterable[Utterance]) -> tuple[CorpusNote, ...]:
    corpora = {utterance.corpus for utterance in utterances}
    return tuple(note for note in store.notes if note.corpus in corpora)


def network_shape(features: Sequence[str], store: FeatureStore, plan: Plan, *, is_linear: bool = False) -> NetworkShape:
    """Return the shape of the networks for these features; bands are averaged in spectra only."""
    uneven = [name for name in features if name in SOUND_FEATURES and store.dim(name) % plan.averaged_bands]
    if uneven and not is_linear:
        raise ValaroError(
            f"network.averaged_bands = {plan.averaged_bands} does not divide the {store.dim(uneven[0])} bands of "
            f"'{uneven[0]}'"
        )

    def modalities(averaged: int) -> tuple[Modality, ...]:
        return tuple(
            Modality(
                name=name,
                dim=store.dim(name),
                spectrum=name in SOUND_FEATURES,
                averaged=averaged if name in SOUND_FEATURES else 1,
            )
            for name in features
        )

    if is_linear:
        return NetworkShape(
            modalities=modalities(averaged=1),
            layout="statistics",
            width=1.0,
            regularisation=NOTHING_RANDOM,
            standardised=True,
        )
    return NetworkShape.of(plan, modalities(plan.averaged_bands))


def _parts(
    candidate: Candidate,
    store: FeatureStore,
    folds: Sequence[Fold],
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    plan: Plan,
) -> tuple[tuple[Utterance, ...], tuple[Utterance, ...], int]:
    """Return the labelled utterances, the pool, and how many recordings of held-out people stayed out of it."""
    fold = folds[0]
    for other in folds[1:]:
        if (other.train, _held_out(other)) != (fold.train, _held_out(fold)):
            raise ValaroError(f"folds '{fold.name}' and '{other.name}' cannot share a training: they hold out others")

    def complete(utterances: Iterable[Utterance]) -> tuple[Utterance, ...]:
        return tuple(u for u in utterances if all(store.has(u.id, name) for name in candidate.features))

    # Only what has all features counts among the few: a missing face must not cost a label.
    labelled, rest = few_labels(complete(fold.train), dimension, per_level=plan.labels_per_level, seed=seed)
    # What the fold has with its label, or stripped of it, must not come twice.
    known = {utterance.id for utterance in fold.train}
    pool = unlabelled_pool(fold, [utterance for utterance in unlabelled if utterance.id not in known])
    if not labelled:
        raise ValaroError(
            f"fold '{fold.name}': no training utterance has a {dimension} label and all of: "
            f"{', '.join(candidate.features)}. Were these features extracted for it?"
        )
    return labelled, limited((*rest, *complete(pool.utterances)), plan.pool_size, seed=seed), len(pool.excluded)


def _held_out(fold: Fold) -> frozenset[str]:
    return frozenset(utterance.id for utterance in (*fold.validation, *fold.test))
