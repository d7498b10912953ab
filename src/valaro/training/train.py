"""One training: a fold, a pool, a plan and a seed become a model."""

import time
from collections.abc import Iterable, Sequence
from copy import deepcopy
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
from valaro.training.checkpointer import Checkpointer, CheckpointPaths
from valaro.training.config import Choice, TrainConfig
from valaro.training.crops import Recordings
from valaro.training.loop import TrainingLoop
from valaro.training.loss_log import LossLog
from valaro.training.methods import METHODS, Method, ModelSpec, TrainerContext
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context, device_called
from valaro.training.trained_model import TrainedModel
from valaro.training.training_data import TrainingData, distant_corpora, missing_levels, prepare
from valaro.windows import LONGEST_WINDOW, WindowSpec


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
    paths: CheckpointPaths | None = None,
) -> Training:
    """Train `spec` on the fold's training part and on `unlabelled` less everything held out.

    Statistics, weights and the few labels that count come from training speakers alone; validation speakers choose the
    checkpoint; the fold's test part is not opened. `paths` says what a training leaves on disk as it goes.
    """
    return train_folds(spec, store, [fold], unlabelled, dimension=dimension, seed=seed, config=config, paths=paths)[0]


def train_folds(
    spec: ModelSpec,
    store: FeatureStore,
    folds: Sequence[Fold],
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    config: TrainConfig,
    paths: CheckpointPaths | None = None,
) -> tuple[Training, ...]:
    """Train once for several folds that train on the same utterances and hold out the same people.

    They differ in which of these validate: each keeps the weights that its own validation speakers like best, exactly
    as if it had been trained alone.
    """
    begun = time.perf_counter()
    method = METHODS[spec.method]
    data = prepare(spec, store, folds, unlabelled, dimension=dimension, seed=seed, config=config)
    context = build_context(
        method,
        data,
        network_shape(spec.features, store, config, is_linear=method.is_linear),
        seed=seed,
        config=config,
        paths=paths or CheckpointPaths(),
    )
    with compute_context(config.layout, config.schedule.precision, context.classifier.device):
        loop = method.fit(context)
    used_pool = data.pool if method.is_semi_supervised else ()
    distant = distant_corpora(data) if used_pool else []
    alarms = (*missing_levels(data), *distant, *loop.monitor.raised)
    seconds = (time.perf_counter() - begun) / len(folds)
    return tuple(
        Training(
            model=TrainedModel(
                label=spec.label,
                dimension=dimension,
                classifier=_with_weights(loop.ema.classifier, best),
                shape=context.classifier.shape,
                window=_window_in_use(context),
                features=spec.features,
                feature_versions=tuple(store.version(name) for name in spec.features),
                scale=data.scales.default,
                acquainted=tuple(sorted({u.speaker for u in (*fold.train, *data.pool, *fold.validation)})),
                notes=_notes(store, (*data.labelled, *validation, *used_pool)),
                network=_network(store, spec.features),
            ),
            history=tuple(best.history),
            best_step=best.step,
            alarms=alarms,
            seconds=seconds,
            labelled=len(data.labelled),
            unlabelled=len(used_pool),
            excluded=data.excluded,
            data=data,
            adversaries=_adversaries(method, context, loop),
        )
        for fold, validation, best in zip(folds, data.validations, loop.bests, strict=True)
    )


def build_context(
    method: Method, data: TrainingData, shape: NetworkShape, *, seed: int, config: TrainConfig, paths: CheckpointPaths
) -> TrainerContext:
    """Return all that the recipe works with: a network not yet started, batches, what validates it."""
    dimension, scales, schedule = data.dimension, data.scales, config.schedule
    window = replace(config.window, weighting="whole") if method.is_linear else config.window
    recordings = partial(Recordings, data.store, names=data.features, window=window)
    soft_labels = soft_labels_of(data.labelled, dimension)
    device = device_called("cpu" if method.is_linear else schedule.device)
    classifier = FusionClassifier(shape, generator=torch_stream(seed, "classifier weights")).to(device)
    validation_sets = [
        (recordings(validation, scale_of=scales.of), correct_levels(soft_labels_of(validation, dimension)))
        for validation in data.validations
    ]
    # A linear model is tried in several strengths, none of which is the last word.
    choose: Choice = "likelihood" if method.is_linear and schedule.monitor == "last" else schedule.monitor

    def stages(name: str, after: TrainingLoop | None) -> TrainingLoop:
        bests = [BestModel(*panel, choose=choose, patience=schedule.patience) for panel in validation_sets]
        return TrainingLoop(
            classifier,
            after.bests if after else bests,
            schedule=schedule,
            loss_log=LossLog(paths.losses(name)),
            checkpointer=Checkpointer(paths.state(name), seconds=paths.seconds),
            is_stage=not method.is_shared,
            after=after,
        )

    return TrainerContext(
        classifier=classifier,
        batches=RecordingBatches(
            recordings(data.labelled, scale_of=scales.of),
            soft_labels,
            recordings(data.pool, scale_of=scales.of_pool) if data.pool else None,
            size=schedule.batch_size,
            sampling=config.sampling,
            rng=numpy_stream(seed, "crops"),
            see=partial(as_seen, shape=shape),
            device=device,
        ),
        soft_labels=soft_labels,
        stages=stages,
        augment=Augmentation(
            shape.modalities,
            torch_stream(seed, "masks"),
            masks=config.sampling.spec_augment,
            shift=config.sampling.frequency_shift,
        ),
        config=config,
        seed=seed,
    )


def _window_in_use(context: TrainerContext) -> WindowSpec:
    """Return how the model takes utterances; of a longer recording, one that takes whole ones sees as much as of most.

    A mean and a deviation over 1.28 s are not those of an utterance: its windows are as long as the median utterance.
    """
    labelled = context.batches.labelled
    if labelled.window.weighting != "whole":
        return labelled.window
    typical = int(np.median([labelled.length(index) for index in range(len(labelled))]))
    return replace(labelled.window, length=min(max(typical, 1), LONGEST_WINDOW))


def _adversaries(method: Method, context: TrainerContext, loop: TrainingLoop) -> Adversaries | None:
    """Return G and the D that it was up against at the end, None where there is no G."""
    if not method.is_adversarial:
        return None
    return Adversaries(classifier=loop.ema.classifier, generator=context.generator, step=loop.taken)


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
    held = PICTURE_FRAMES if config.face_rate == "native" else 1
    return NetworkShape.of(config, modalities(config.averaged_bands, held))
