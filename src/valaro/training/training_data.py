"""What a training learns from, drawn from a fold and unlabelled recordings without a leak."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from valaro.errors import ValaroError
from valaro.evaluation.folds import Fold, few_labels, limited
from valaro.evaluation.unlabelled import WITHOUT_NAME, Exclusion, unlabelled_set
from valaro.labels.soft_labels import level_counts
from valaro.normalise import Normalizer, far_corpora, fit_scales, speaker_scales
from valaro.records import LEVELS, Alarm, Dimension, Normalisation, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.config import TrainConfig
from valaro.training.methods import METHODS, ModelSpec


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What a training learns from, and by whom it is judged on the way."""

    store: FeatureStore
    features: tuple[str, ...]
    dimension: Dimension
    labelled: tuple[Utterance, ...]
    unlabelled: tuple[Utterance, ...]
    """Unlabelled recordings that a semi-supervised model may learn from."""
    folds: tuple[Fold, ...]
    """What the training is for: all train on the same utterances and hold out the same people."""
    validations: tuple[tuple[Utterance, ...], ...]
    """The labelled validation utterances of each fold."""
    excluded: int
    """Unlabelled recordings kept away because a held-out person speaks."""
    normalisation: Normalisation
    """How unlabelled recordings are scaled."""
    scales: Normalizer


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What a training of `fold` may learn from, before the study's limits on the unlabelled set."""

    fold: str
    dimension: Dimension
    labelled: tuple[Utterance, ...]
    unlabelled: tuple[Utterance, ...]
    excluded: int
    """Unlabelled recordings kept away because a held-out person speaks."""
    exclusions: tuple[Exclusion, ...]
    """All that are not learnt from, counted by reason: held-out people, a feature that is not there."""
    strangers: int
    """Unlabelled recordings of people whom nobody names and who are taken for others than the held-out ones."""


def offer(
    spec: ModelSpec,
    store: FeatureStore,
    fold: Fold,
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    config: TrainConfig,
) -> Offered:
    """Return what a training may learn from: what has all features and nothing of the held-out people.

    Raises:
        ValaroError: no training utterance has a label and all features, or the model learns from unlabelled recordings
            and there is none. A study that asks for none (`max_unlabelled = 0`) gets none.
    """
    lacking: Counter[str] = Counter()

    def complete(utterances: Iterable[Utterance]) -> tuple[Utterance, ...]:
        kept: list[Utterance] = []
        for utterance in utterances:
            absent = [name for name in spec.features if not store.has(utterance.id, name)]
            lacking[f"without the feature {' and '.join(absent)}"] += bool(absent)
            kept += [] if absent else [utterance]
        return tuple(kept)

    # Only what has all features counts among the few: a missing face must not cost a label.
    labelled, rest = few_labels(complete(fold.train), dimension, per_level=config.labels_per_class, seed=seed)
    if not labelled:
        raise _nothing_labelled(spec, store, fold, dimension)
    lacking.clear()
    # What the fold has with its label, or stripped of it, must not come twice.
    known = {utterance.id for utterance in fold.train}
    usable = unlabelled_set(fold, [utterance for utterance in unlabelled if utterance.id not in known])
    offered = Offered(
        fold=fold.name,
        dimension=dimension,
        labelled=labelled,
        unlabelled=(*rest, *complete(usable.utterances)),
        excluded=len(usable.excluded),
        exclusions=(
            *usable.exclusions,
            *(Exclusion(reason=reason, count=count) for reason, count in lacking.items() if count),
        ),
        strangers=usable.strangers,
    )
    if METHODS[spec.method].is_semi_supervised and not offered.unlabelled and not config.asks_for_none:
        raise _nothing_unlabelled(spec, offered)
    return offered


def _nothing_labelled(spec: ModelSpec, store: FeatureStore, fold: Fold, dimension: Dimension) -> ValaroError:
    counts = {name: sum(store.has(utterance.id, name) for utterance in fold.train) for name in spec.features}
    present = [name for name, count in counts.items() if count]
    absent = " and ".join(name for name, count in counts.items() if not count)
    words = f"fold '{fold.name}': no training utterance has a {dimension} label and all of: {', '.join(counts)}"
    if absent and present:
        # Recordings of sound alone have no face, and no extraction will find one.
        features = ", ".join(f'"{name}"' for name in present)
        return ValaroError(
            f"{words}. None has {absent}: where recordings have no such thing, set study.features = [{features}] and "
            "models of one feature (FSBase, SSBase, SSGAN)"
        )
    return ValaroError(f"{words}. Were these features extracted for it?")


def _nothing_unlabelled(spec: ModelSpec, offered: Offered) -> ValaroError:
    total = sum(exclusion.count for exclusion in offered.exclusions)
    lines = [
        f"fold '{offered.fold}', {offered.dimension}: {spec.label} learns from unlabelled recordings, and may "
        f"learn from none of {total}",
        *(f"  {exclusion.count} {exclusion.reason}" for exclusion in offered.exclusions),
    ]
    if any(exclusion.reason in WITHOUT_NAME for exclusion in offered.exclusions):
        lines.append(
            "  who speaks there can be said: valaro read recordings with --speaker-from PATTERN or --speakers TABLE, "
            "or the column 'speaker' of a table; if they are surely strangers, --people NAME with a name of their own"
        )
    else:
        lines.append("  name manifests of unlabelled recordings, or leave such models out of study.models")
    return ValaroError("\n".join(lines))


def prepare(
    spec: ModelSpec,
    store: FeatureStore,
    folds: Sequence[Fold],
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    config: TrainConfig,
) -> TrainingData:
    """Return the material of one training for `folds`, which must train on the same and hold out the same people.

    Raises:
        ValaroError: they do not, nothing is there to learn from (`offer`), or a fold cannot be validated.
    """
    fold = folds[0]
    for other in folds[1:]:
        if (other.train, _held_out(other)) != (fold.train, _held_out(fold)):
            raise ValaroError(f"folds '{fold.name}' and '{other.name}' cannot share a training: they hold out others")

    offered = offer(spec, store, fold, unlabelled, dimension=dimension, seed=seed, config=config)
    labelled = offered.labelled
    unlabelled = limited(offered.unlabelled, config.max_unlabelled, seed=seed)
    unlabelled = limited(unlabelled, round(config.unlabelled_fraction * len(unlabelled)), seed=seed)
    normalisation = METHODS[spec.method].unlabelled_scaling(config.normalisation)
    scales = fit_scales(store, labelled, unlabelled, spec.features, normalisation=normalisation)
    validations = tuple(_validation(fold, dimension) for fold in folds)
    if config.normalise_speakers:
        judged = [utterance for validation in validations for utterance in validation]
        scales = replace(scales, speakers=speaker_scales(store, [*labelled, *unlabelled, *judged], spec.features))
    return TrainingData(
        store=store,
        features=spec.features,
        dimension=dimension,
        labelled=labelled,
        unlabelled=unlabelled,
        folds=tuple(folds),
        validations=validations,
        excluded=offered.excluded,
        normalisation=normalisation,
        scales=scales,
    )


def distant_corpora(data: TrainingData) -> list[Alarm]:
    """Say which unlabelled corpora lie so far off that this alone tells them from the labelled recordings."""
    if data.normalisation in {"auto", "self"}:
        return []
    return [
        Alarm(kind="distant_corpus", step=0, about=(corpus, name), numbers=(distance,))
        for corpus, name, distance in far_corpora(data.store, data.unlabelled, data.scales, data.features)
    ]


def missing_levels(data: TrainingData) -> list[Alarm]:
    """Say which levels no labelled utterance of the training has: the model never learns to say them."""
    counts = level_counts(data.labelled)[data.dimension]
    return [
        Alarm(kind="missing_level", step=0, about=(level,))
        for level, count in zip(LEVELS, counts, strict=True)
        if not count
    ]


def _validation(fold: Fold, dimension: Dimension) -> tuple[Utterance, ...]:
    validation = tuple(utterance for utterance in fold.validation if utterance.is_labelled(dimension))
    if not validation:
        raise ValaroError(f"fold '{fold.name}': no validation utterance has a {dimension} label")
    return validation


def _held_out(fold: Fold) -> frozenset[str]:
    return frozenset(utterance.id for utterance in (*fold.validation, *fold.test))
