"""One training: a fold, a pool, a plan and a seed become a model."""

import time
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

from valaro.errors import ValaroError
from valaro.evaluation.folds import Fold
from valaro.features.face_network import FaceNetwork
from valaro.features.table import FACE_FEATURES, SOUND_FEATURES
from valaro.labels.fuzzy import correct_levels, fuzzy_labels
from valaro.networks.fusion import FeatureGenerator, FusionClassifier, FusionGenerator
from valaro.networks.resolution import as_seen
from valaro.networks.shapes import NOTHING_RANDOM, Modality, NetworkShape
from valaro.records import PICTURE_FRAMES, Alarm, CorpusNote, Dimension, HistoryPoint, Utterance
from valaro.seeds import numpy_stream
from valaro.store.feature_store import FeatureStore
from valaro.training.batches import RecordingBatches
from valaro.training.best_model import BestModel
from valaro.training.crops import Recordings
from valaro.training.journal import Journal
from valaro.training.keeper import Keeper, Trail
from valaro.training.machine import device_called, suited_to
from valaro.training.material import Material, distant_corpora, gather, missing_levels
from valaro.training.plans import Choice, Plan, Seen
from valaro.training.progress import Progress
from valaro.training.recipes import RECIPES, Bench, Candidate, Recipe
from valaro.training.streams import torch_stream
from valaro.training.trained_model import TrainedModel
from valaro.training.views import Look


@dataclass(frozen=True, kw_only=True)
class Adversaries:
    """G as its training left it, and D's averaged weights at that time, where G's samples are to be looked at.

    Those of the checkpoint that validation chose may be much older, and G's samples fit them no more.
    """

    classifier: FusionClassifier
    generator: FusionGenerator | FeatureGenerator
    step: int


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
    material: Material
    adversaries: Adversaries | None = None
    """None where nothing was generated."""

    @property
    def validation_uar(self) -> float:
        """That of the weights that were kept, 0-1: optimistic, for it chose them."""
        return next(point.validation_uar for point in self.history if point.step == self.best_step)


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
    material = gather(candidate, store, folds, unlabelled, dimension=dimension, seed=seed, plan=plan)
    bench = lay_out(
        recipe,
        material,
        network_shape(candidate.features, store, plan, is_linear=recipe.is_linear),
        seed=seed,
        plan=plan,
        trail=trail or Trail(),
    )
    with suited_to(plan.layout, plan.schedule.precision, bench.classifier.device):
        progress = recipe.fit(bench)
    used_pool = material.pool if recipe.uses_pool else ()
    distant = distant_corpora(material) if used_pool else []
    alarms = (*missing_levels(material), *distant, *progress.alarms.raised)
    seconds = (time.perf_counter() - begun) / len(folds)
    return tuple(
        Training(
            model=TrainedModel(
                label=candidate.label,
                dimension=dimension,
                classifier=_with_weights(progress.averages.classifier, best),
                seen="whole" if recipe.is_linear else plan.seen,
                features=candidate.features,
                feature_versions=tuple(store.version(name) for name in candidate.features),
                scale=material.scales.default,
                normalise_speakers=plan.normalise_speakers,
                short=plan.sampling.short,
                acquainted=frozenset(u.speaker for u in (*fold.train, *material.pool, *fold.validation)),
                notes=_notes(store, (*material.labelled, *validation, *used_pool)),
                network=_network(store, candidate.features),
            ),
            history=tuple(best.history),
            best_step=best.step,
            alarms=alarms,
            seconds=seconds,
            labelled=len(material.labelled),
            unlabelled=len(used_pool),
            excluded=material.excluded,
            material=material,
            adversaries=_adversaries(recipe, bench, progress),
        )
        for fold, validation, best in zip(folds, material.validations, progress.bests, strict=True)
    )


def lay_out(recipe: Recipe, material: Material, shape: NetworkShape, *, seed: int, plan: Plan, trail: Trail) -> Bench:
    """Return all that the recipe works with: a network not yet started, batches, what validates it."""
    dimension, scales, schedule = material.dimension, material.scales, plan.schedule
    recordings = partial(Recordings, material.store, names=material.features, short=plan.sampling.short)
    fuzzy = fuzzy_labels(material.labelled, dimension)
    device = device_called("cpu" if recipe.is_linear else schedule.device)
    classifier = FusionClassifier(shape, generator=torch_stream(seed, "classifier weights")).to(device)
    panels = [
        (recordings(validation, scale_of=scales.of), correct_levels(fuzzy_labels(validation, dimension)))
        for validation in material.validations
    ]
    # A linear model is tried in several strengths, none of which is the last word.
    choose: Choice = "likelihood" if recipe.is_linear and schedule.choose == "last" else schedule.choose
    seen: Seen = "whole" if recipe.is_linear else plan.seen

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
            device=device,
        ),
        fuzzy=fuzzy,
        stages=stages,
        look=Look(shape.modalities, torch_stream(seed, "masks"), masks=plan.sampling.masks, shift=plan.sampling.shift),
        plan=plan,
        seed=seed,
    )


def _adversaries(recipe: Recipe, bench: Bench, progress: Progress) -> Adversaries | None:
    """Return G and the D that it was up against at the end, None where there is no G."""
    if not recipe.is_adversarial:
        return None
    return Adversaries(classifier=progress.averages.classifier, generator=bench.generator, step=progress.taken)


def _with_weights(classifier: FusionClassifier, best: BestModel) -> FusionClassifier:
    """Return the classifier as validation liked it best, on the device where it learnt: it is judged there, too."""
    finished = deepcopy(classifier)
    finished.load_state_dict(best.weights)
    return finished


def _notes(store: FeatureStore, utterances: Iterable[Utterance]) -> tuple[CorpusNote, ...]:
    corpora = {utterance.corpus for utterance in utterances}
    return tuple(note for note in store.notes if note.corpus in corpora)


def _network(store: FeatureStore, features: Sequence[str]) -> FaceNetwork | None:
    """Return the network of faces behind the features, so that the model can be used without the store."""
    return next((network for network in map(store.network, features) if network is not None), None)


def network_shape(features: Sequence[str], store: FeatureStore, plan: Plan, *, is_linear: bool = False) -> NetworkShape:
    """Return the shape of the networks for these features; bands are averaged in spectra only."""
    uneven = [name for name in features if name in SOUND_FEATURES and store.dim(name) % plan.averaged_bands]
    if uneven and not is_linear:
        raise ValaroError(
            f"network.averaged_bands = {plan.averaged_bands} does not divide the {store.dim(uneven[0])} bands of "
            f"'{uneven[0]}'"
        )

    def modalities(averaged: int, held: int) -> tuple[Modality, ...]:
        return tuple(
            Modality(
                name=name,
                dim=store.dim(name),
                spectrum=name in SOUND_FEATURES,
                averaged=averaged if name in SOUND_FEATURES else 1,
                held=held if name in FACE_FEATURES else 1,
            )
            for name in features
        )

    if is_linear:
        return NetworkShape(
            modalities=modalities(averaged=1, held=1),
            layout="statistics",
            width=1.0,
            regularisation=NOTHING_RANDOM,
            standardised=True,
        )
    held = PICTURE_FRAMES if plan.face_rate == "native" else 1
    return NetworkShape.of(plan, modalities(plan.averaged_bands, held))
