"""One training: a fold, a pool, a plan and a seed become a model."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from valaro.errors import ValaroError
from valaro.evaluation.folds import Fold, few_labels, unlabelled_pool
from valaro.features.table import SOUND_FEATURES
from valaro.labels.fuzzy import correct_levels, fuzzy_labels
from valaro.networks.fusion import FusionClassifier, FusionGenerator, NetworkShape
from valaro.networks.shapes import Modality
from valaro.normalise import fit_scales, speaker_scales
from valaro.records import Dimension, HistoryPoint, Utterance
from valaro.seeds import numpy_stream
from valaro.store.feature_store import FeatureStore
from valaro.training.adversarial import fit_adversarial
from valaro.training.batches import Batches, Recordings
from valaro.training.best_model import BestModel
from valaro.training.plans import Plan
from valaro.training.recipes import Candidate
from valaro.training.streams import torch_stream
from valaro.training.supervised import fit_supervised, start_weights
from valaro.training.trained_model import TrainedModel


@dataclass(frozen=True, kw_only=True)
class Training:
    """A model and how it came about; counts are of utterances."""

    model: TrainedModel
    history: tuple[HistoryPoint, ...]
    best_step: int
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
) -> Training:
    """Train `candidate` on the fold's training part and on `unlabelled` less everything held out.

    Statistics, weights and the few labels that count come from training speakers alone; validation speakers choose the
    checkpoint; the fold's test part is not opened.
    """
    begun = time.perf_counter()
    labelled, pool, excluded = _parts(candidate, store, fold, unlabelled, dimension=dimension, seed=seed, plan=plan)
    scales = fit_scales(store, labelled, pool, candidate.features, normalisation=plan.normalisation)
    validation = [utterance for utterance in fold.validation if utterance.is_labelled(dimension)]
    if not validation:
        raise ValaroError(f"fold '{fold.name}': no validation utterance has a {dimension} label")
    if plan.normalise_speakers:
        scales = replace(scales, speakers=speaker_scales(store, [*labelled, *pool, *validation], candidate.features))

    def fuzzy(utterances: Sequence[Utterance]):  # noqa: ANN202
        return fuzzy_labels(utterances, dimension)

    batches = Batches(
        Recordings(store, labelled, candidate.features, scales.of),
        fuzzy(labelled),
        Recordings(store, pool, candidate.features, scales.of_pool) if pool else None,
        size=plan.schedule.batch,
        rng=numpy_stream(seed, "crops"),
    )
    shape = network_shape(candidate.features, store, plan)
    classifier = FusionClassifier(shape, generator=torch_stream(seed, "classifier weights"))
    start_weights(classifier, batches)
    best = BestModel(
        classifier,
        Recordings(store, validation, candidate.features, scales.of),
        correct_levels(fuzzy(validation)),
        average=plan.schedule.average,
        evaluate_every=plan.schedule.evaluate_every,
        steps=plan.schedule.steps,
    )
    if candidate.recipe.adversarial:
        generator = FusionGenerator(shape, generator=torch_stream(seed, "generator weights"))
        fit_adversarial(classifier, generator, batches, best, schedule=plan.schedule, terms=plan.terms, seed=seed)
    else:
        fit_supervised(classifier, batches, best, schedule=plan.schedule, terms=plan.terms, seed=seed)
    used_pool = pool if candidate.recipe.adversarial else ()
    corpora = {utterance.corpus for utterance in (*labelled, *validation, *used_pool)}
    model = TrainedModel(
        label=candidate.label,
        dimension=dimension,
        classifier=best.finish(),
        features=candidate.features,
        feature_versions=tuple(store.version(name) for name in candidate.features),
        scale=scales.default,
        normalise_speakers=plan.normalise_speakers,
        acquainted=frozenset(u.speaker for u in (*fold.train, *pool, *fold.validation)),
        notes=tuple(note for note in store.notes if note.corpus in corpora),
    )
    return Training(
        model=model,
        history=tuple(best.history),
        best_step=best.best_step,
        seconds=time.perf_counter() - begun,
        labelled=len(labelled),
        unlabelled=len(used_pool),
        excluded=excluded,
    )


def network_shape(features: Sequence[str], store: FeatureStore, plan: Plan) -> NetworkShape:
    """Return the shape of the networks for these features; bands are averaged in spectra only."""
    return NetworkShape(
        modalities=tuple(
            Modality(
                name=name,
                dim=store.dim(name),
                spectrum=name in SOUND_FEATURES,
                averaged=plan.averaged_bands if name in SOUND_FEATURES else 1,
            )
            for name in features
        ),
        layout=plan.layout,
        width=plan.width,
        regularisation=plan.regularisation,
        explicit_head=plan.explicit_head,
    )


def _parts(
    candidate: Candidate,
    store: FeatureStore,
    fold: Fold,
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    plan: Plan,
) -> tuple[tuple[Utterance, ...], tuple[Utterance, ...], int]:
    """Return the labelled utterances, the pool, and how many recordings of held-out people stayed out of it."""
    labelled, rest = few_labels(fold.train, dimension, per_level=plan.labels_per_level, seed=seed)
    # What the fold has with its label, or stripped of it, must not come twice.
    known = {utterance.id for utterance in fold.train}
    pool = unlabelled_pool(fold, [utterance for utterance in unlabelled if utterance.id not in known])
    complete = [
        tuple(u for u in part if all(store.has(u.id, name) for name in candidate.features))
        for part in (labelled, (*rest, *pool.utterances))
    ]
    if not complete[0]:
        raise ValaroError(
            f"fold '{fold.name}': no training utterance has a {dimension} label and all of: "
            f"{', '.join(candidate.features)}. Were these features extracted for it?"
        )
    return complete[0], complete[1], len(pool.excluded)
