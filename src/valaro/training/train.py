"""One training: data, a method, settings and a seed become a model."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from valaro.errors import ValaroError
from valaro.evaluation.folds import Fold
from valaro.features.face_network import FaceNetwork
from valaro.features.table import FACE_FEATURES, SOUND_FEATURES
from valaro.labels.soft_labels import correct_levels, soft_labels_of
from valaro.networks.fusion import FeatureGenerator, FusionClassifier, FusionGenerator
from valaro.networks.resolution import as_seen
from valaro.networks.shapes import NOTHING_RANDOM, Modality, NetworkShape
from valaro.records import PICTURE_FRAMES, Alarm, CorpusNote, Dimension, HistoryPoint, Utterance
from valaro.rng import numpy_stream
from valaro.store.feature_store import FeatureStore
from valaro.training.augmentation import Augmentation
from valaro.training.batches import RecordingBatches
from valaro.training.best_model import BestModel
from valaro.training.checkpointer import CheckpointPaths
from valaro.training.classify import evaluation_on
from valaro.training.config import Choice, TrainConfig
from valaro.training.context import TrainerContext
from valaro.training.crops import Recordings
from valaro.training.loop import NOWHERE, TrainingLoop
from valaro.training.methods import METHODS, Method, ModelSpec
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context, device_called
from valaro.training.supervised import data_dependent_init
from valaro.training.trained_model import TrainedModel
from valaro.training.training_data import TrainingData, distant_corpora, missing_levels, prepare
from valaro.windows import LONGEST_WINDOW, WindowSpec


@dataclass(frozen=True, kw_only=True)
class Adversaries:
    """G and D as their training left them: the checkpoint that validation chose may be much older than G."""

    classifier: FusionClassifier
    """D with its averaged weights."""
    generator: FusionGenerator | FeatureGenerator
    step: int
    """Updates by then."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """A model and how it came about."""

    model: TrainedModel
    history: tuple[HistoryPoint, ...]
    """An entry for each evaluation."""
    best_step: int
    """Updates after which the weights were kept."""
    alarms: tuple[Alarm, ...]
    """Signs that something went wrong, in the data or on the way."""
    seconds: float
    """What it took, an equal share of each fold that a training served."""
    labelled: int
    """Utterances with a label that it learnt from."""
    unlabelled: int
    """Utterances without one that it learnt from."""
    excluded: int
    """Unlabelled utterances kept away because a held-out person speaks."""
    data: TrainingData
    adversaries: Adversaries | None = None
    """None where nothing was generated."""

    @property
    def validation_uar(self) -> float:
        """That of the weights that were kept, 0-1: optimistic, for it chose them."""
        return next(point.validation_uar for point in self.history if point.step == self.best_step)


def train_model(
    spec: ModelSpec,
    store: FeatureStore,
    fold: Fold,
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    config: TrainConfig,
) -> Training:
    """Train `spec` on the fold's training part and on `unlabelled` less everything held out; leave nothing on disk.

    Statistics, weights and the few labels that count come from training speakers alone; validation speakers choose the
    checkpoint; the fold's test part is not opened.
    """
    data = prepare(spec, store, [fold], unlabelled, dimension=dimension, seed=seed, config=config)
    return train_folds(spec, data, seed=seed, config=config)[0]


def train_folds(
    spec: ModelSpec, data: TrainingData, *, seed: int, config: TrainConfig, paths: CheckpointPaths = NOWHERE
) -> tuple[Training, ...]:
    """Train once for the folds of `data`, which differ in who validates.

    Each keeps the weights that its own validation speakers like best, exactly as if it had been trained alone. `paths`
    says what the training leaves on disk as it goes.
    """
    begun = time.perf_counter()
    method = METHODS[spec.method]
    context = build_context(method, data, seed=seed, config=config, paths=paths)
    classifier, loop = context.classifier, context.loop
    with compute_context(config.layout, config.schedule.precision, classifier.device):
        method.fit(context, config.self_training)
    used_unlabelled = data.unlabelled if method.is_semi_supervised else ()
    alarms = (*missing_levels(data), *(distant_corpora(data) if used_unlabelled else ()), *loop.monitor.raised)
    adversaries = None
    if method.is_adversarial:
        adversaries = Adversaries(classifier=loop.ema.network, generator=context.generator, step=loop.done)
    seconds = (time.perf_counter() - begun) / len(data.folds)
    return tuple(
        Training(
            model=TrainedModel(
                label=spec.label,
                dimension=data.dimension,
                classifier=best.network(classifier),
                shape=classifier.shape,
                window=_window_in_use(context.batches.labelled),
                features=spec.features,
                feature_versions=tuple(data.store.version(name) for name in spec.features),
                scale=data.scales.default,
                acquainted=tuple(sorted({u.speaker for u in (*fold.train, *data.unlabelled, *fold.validation)})),
                notes=_notes(data.store, (*data.labelled, *validation, *used_unlabelled)),
                network=_network(data.store, spec.features),
            ),
            history=tuple(best.history),
            best_step=best.step,
            alarms=alarms,
            seconds=seconds,
            labelled=len(data.labelled),
            unlabelled=len(used_unlabelled),
            excluded=data.excluded,
            data=data,
            adversaries=adversaries,
        )
        for fold, validation, best in zip(data.folds, data.validations, loop.bests, strict=True)
    )


def build_context(
    method: Method, data: TrainingData, *, seed: int, config: TrainConfig, paths: CheckpointPaths = NOWHERE
) -> TrainerContext[RecordingBatches]:
    """Return all that the method works with: a network that is started, batches, what validates it."""
    schedule, scales, sampling = config.schedule, data.scales, config.sampling
    shape = network_shape(data.features, data.store, config, is_linear=method.is_linear)
    device = device_called("cpu" if method.is_linear else schedule.device)
    classifier = FusionClassifier(shape, generator=torch_stream(seed, "classifier weights")).to(device)
    loop = TrainingLoop(
        classifier,
        steps=schedule.steps,
        evaluate_every=schedule.evaluate_every,
        ema_decay=schedule.ema_decay,
        stage="training" if method.is_shared else "labelled",
        paths=paths,
    )
    window = replace(config.window, weighting="whole") if method.is_linear else config.window
    recordings = partial(Recordings, data.store, names=data.features, window=window)
    # A linear model is tried in several strengths, none of which is the last word.
    monitor: Choice = "likelihood" if method.is_linear and schedule.monitor == "last" else schedule.monitor
    for validation in data.validations:
        correct = correct_levels(soft_labels_of(validation, data.dimension))
        evaluate = evaluation_on(recordings(validation, scale_of=scales.of), correct, monitor)
        loop.validate(BestModel(evaluate, HistoryPoint, patience=schedule.patience))
    batches = RecordingBatches(
        recordings(data.labelled, scale_of=scales.of),
        soft_labels_of(data.labelled, data.dimension),
        recordings(data.unlabelled, scale_of=scales.of_unlabelled) if data.unlabelled else None,
        size=schedule.batch_size,
        sampling=sampling,
        rng=numpy_stream(seed, "crops"),
        see=partial(as_seen, shape=shape, device=device),
    )
    masks = torch_stream(seed, "masks")
    augment = Augmentation(shape.modalities, masks, masks=sampling.spec_augment, shift=sampling.frequency_shift)
    if not method.is_linear:
        data_dependent_init(classifier, batches, seed=seed)
    return TrainerContext(
        classifier=classifier,
        batches=loop.register("batches", batches),
        augment=loop.register("augment", augment),
        loop=loop,
        schedule=schedule,
        terms=config.terms,
        seed=seed,
    )


def _window_in_use(labelled: Recordings) -> WindowSpec:
    """Return how the model takes utterances; of a longer recording, one that takes whole ones sees as much as of most.

    A mean and a deviation over 1.28 s are not those of an utterance: its windows are as long as the median utterance.
    """
    if labelled.window.weighting != "whole":
        return labelled.window
    typical = int(np.median([labelled.length(index) for index in range(len(labelled))]))
    return replace(labelled.window, length=min(max(typical, 1), LONGEST_WINDOW))


def _notes(store: FeatureStore, utterances: Iterable[Utterance]) -> tuple[CorpusNote, ...]:
    corpora = {utterance.corpus for utterance in utterances}
    return tuple(note for note in store.notes if note.corpus in corpora)


def _network(store: FeatureStore, features: Sequence[str]) -> FaceNetwork | None:
    """Return the network of faces behind the features, so that the model can be used without the store."""
    networks = {network.checksum: network for network in map(store.network, features) if network is not None}
    if len(networks) > 1:
        named = " and ".join(features)
        raise ValaroError(f"{named} come from {len(networks)} networks of faces, expected one: extract them again")
    return next(iter(networks.values()), None)


def network_shape(
    features: Sequence[str], store: FeatureStore, config: TrainConfig, *, is_linear: bool = False
) -> NetworkShape:
    """Return the shape of the networks for these features; bands are averaged in spectra only."""
    uneven = [name for name in features if name in SOUND_FEATURES and store.dim(name) % config.averaged_bands]
    if uneven and not is_linear:
        raise ValaroError(
            f"network.averaged_bands = {config.averaged_bands} does not divide the {store.dim(uneven[0])} bands of "
            f"'{uneven[0]}'"
        )

    modalities = tuple(
        Modality(
            name=name,
            dim=store.dim(name),
            spectrum=name in SOUND_FEATURES,
            averaged=1 if is_linear or name not in SOUND_FEATURES else config.averaged_bands,
            held=1 if is_linear or name not in FACE_FEATURES or config.face_rate == "grid" else PICTURE_FRAMES,
        )
        for name in features
    )
    if not is_linear:
        return NetworkShape.of(config, modalities)
    return NetworkShape(
        modalities=modalities, layout="statistics", width=1.0, regularisation=NOTHING_RANDOM, standardised=True
    )
