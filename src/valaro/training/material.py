"""What a training learns from, drawn from a fold and a pool without a leak."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from valaro.errors import ValaroError
from valaro.evaluation.folds import Fold, few_labels, limited, unlabelled_pool
from valaro.labels.fuzzy import level_counts
from valaro.normalise import Scales, far_corpora, fit_scales, speaker_scales
from valaro.records import LEVELS, Alarm, Dimension, Normalisation, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.plans import Plan
from valaro.training.recipes import RECIPES, Candidate


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a training learns from, and by whom it is judged on the way: one set of validation utterances a fold.

    `excluded` recordings of held-out people stayed out of the pool, which is scaled as `normalisation` says.
    """

    store: FeatureStore
    features: tuple[str, ...]
    dimension: Dimension
    labelled: tuple[Utterance, ...]
    pool: tuple[Utterance, ...]
    validations: tuple[tuple[Utterance, ...], ...]
    excluded: int
    normalisation: Normalisation
    scales: Scales


def gather(
    candidate: Candidate,
    store: FeatureStore,
    folds: Sequence[Fold],
    unlabelled: Sequence[Utterance],
    *,
    dimension: Dimension,
    seed: int,
    plan: Plan,
) -> Material:
    """Return the material of one training for `folds`, which must train on the same and hold out the same people.

    Raises:
        ValaroError: they do not, no training utterance has a label and all features, or a fold cannot be validated.
    """
    fold = folds[0]
    for other in folds[1:]:
        if (other.train, _held_out(other)) != (fold.train, _held_out(fold)):
            raise ValaroError(f"folds '{fold.name}' and '{other.name}' cannot share a training: they hold out others")

    def complete(utterances: Iterable[Utterance]) -> tuple[Utterance, ...]:
        return tuple(u for u in utterances if all(store.has(u.id, name) for name in candidate.features))

    # Only what has all features counts among the few: a missing face must not cost a label.
    labelled, rest = few_labels(complete(fold.train), dimension, per_level=plan.labels_per_level, seed=seed)
    if not labelled:
        raise ValaroError(
            f"fold '{fold.name}': no training utterance has a {dimension} label and all of: "
            f"{', '.join(candidate.features)}. Were these features extracted for it?"
        )
    # What the fold has with its label, or stripped of it, must not come twice.
    known = {utterance.id for utterance in fold.train}
    offered = unlabelled_pool(fold, [utterance for utterance in unlabelled if utterance.id not in known])
    pool = limited((*rest, *complete(offered.utterances)), plan.pool_size, seed=seed)
    pool = limited(pool, round(plan.pool_share * len(pool)), seed=seed)
    normalisation = RECIPES[candidate.recipe].pool_scaling(plan.normalisation)
    scales = fit_scales(store, labelled, pool, candidate.features, normalisation=normalisation)
    validations = tuple(_validation(fold, dimension) for fold in folds)
    if plan.normalise_speakers:
        judged = [utterance for validation in validations for utterance in validation]
        scales = replace(scales, speakers=speaker_scales(store, [*labelled, *pool, *judged], candidate.features))
    return Material(
        store=store,
        features=candidate.features,
        dimension=dimension,
        labelled=labelled,
        pool=pool,
        validations=validations,
        excluded=len(offered.excluded),
        normalisation=normalisation,
        scales=scales,
    )


def distant_corpora(material: Material) -> list[Alarm]:
    """Say which corpora of the pool lie so far off that this alone tells them from the labelled recordings."""
    if material.normalisation in {"auto", "self"}:
        return []
    return [
        Alarm(
            step=0,
            what=f"the unlabelled recordings of '{corpus}' lie {distance:.1f} deviations off the labelled in '{name}'",
            advice="study.normalisation = 'self' scales each corpus by itself",
        )
        for corpus, name, distance in far_corpora(material.store, material.pool, material.scales, material.features)
    ]


def missing_levels(material: Material) -> list[Alarm]:
    """Say which levels no labelled utterance of the training has: the model never learns to say them."""
    counts = level_counts(material.labelled)[material.dimension]
    return [
        Alarm(
            step=0,
            what=f"no labelled utterance of training is '{level}': the model cannot learn that level",
            advice="label recordings of every level, or look at the scale that their labels were read with",
        )
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
