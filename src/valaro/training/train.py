"""One training: a fold, a pool, a plan and a seed become a model."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

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

    batches = Batches(
        Recordings(store, labelled, candidate.features, scales.of),
        fuzzy_labels(labelled, dimension),
        Recordings(store, pool, candidate.features, scales.of_pool) if pool else None,
        size=plan.schedule.batch,
        rng=numpy_stream(seed, "crops"),
    )
    judged_on = Recordings(store, validation, candidate.features, scales.of)
    correct = correct_levels(fuzzy_labels(validation, dimension))
    shape = network_shape(candidate.features, store, plan)
    best = _fit(shape, batches, judged_on, correct, adversarial=candidate.recipe.adversarial, seed=seed, plan=plan)
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


def _fit(
    shape: NetworkShape,
    batches: Batches,
    validation: Recordings,
    correct: Bool[np.ndarray, "n 3"],
    *,
    adversarial: bool,
    seed: int,
    plan: Plan,
) -> BestModel:
    """Make the networks, run the loop, and return what validation liked best."""
    classifier = FusionClassifier(shape, generator=torch_stream(seed, "classifier weights"))
    start_weights(classifier, batches)
    schedule, terms = plan.schedule, plan.terms
    best = BestModel(
        classifier,
        validation,
        correct,
        average=schedule.average,
        evaluate_every=schedule.evaluate_every,
        steps=schedule.steps,
    )
    if adversarial:
        generator = FusionGenerator(shape, generator=torch_stream(seed, "generator weights"))
        fit_adversarial(classifier, generator, batches, best, schedule=schedule, terms=terms, seed=seed)
    else:
        fit_supervised(classifier, batches, best, schedule=schedule, terms=terms, seed=seed)
    return best


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
