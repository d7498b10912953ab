"""Self-training: SSBase, and the rival that takes its pseudo-labels level by level."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from valaro.networks.fusion import FusionClassifier
from valaro.training.augmentation import Augmentation
from valaro.training.batches import RecordingBatches
from valaro.training.classify import utterance_probabilities
from valaro.training.config import TrainConfig
from valaro.training.loop import TrainingLoop
from valaro.training.supervised import fit_supervised

Selection = Callable[[Float[np.ndarray, "n 3"], Float[np.ndarray, " 3"], float], Bool[np.ndarray, " n"]]
"""(answers on the pool, labelled share of each level, share of the rounds done) -> which pseudo-labels count."""


def surest_by_threshold(threshold: float) -> Selection:
    """SSBase: a confidence of at least `threshold`; of each level at most its labelled share, the surest first."""

    def select(answers: Float[np.ndarray, "n 3"], ratio: Float[np.ndarray, " 3"], _: float) -> Bool[np.ndarray, " n"]:
        levels, confidence = answers.argmax(axis=1), answers.max(axis=1)
        sure = confidence >= threshold
        chosen = np.zeros(len(answers), dtype=bool)
        for level, share in enumerate(ratio):
            most = int(np.ceil(share * sure.sum()))
            chosen[_surest(np.flatnonzero(sure & (levels == level)), confidence)[:most]] = True
        return chosen

    return select


def surest_of_each_level(
    answers: Float[np.ndarray, "n 3"], _: Float[np.ndarray, " 3"], done: float
) -> Bool[np.ndarray, " n"]:
    """Class-balanced self-training (Zou et al. 2018): the surest share `done` of what is judged to be each level."""
    levels, confidence = answers.argmax(axis=1), answers.max(axis=1)
    chosen = np.zeros(len(answers), dtype=bool)
    for level in range(answers.shape[1]):
        order = _surest(np.flatnonzero(levels == level), confidence)
        chosen[order[: int(np.ceil(done * len(order)))]] = True
    return chosen


def _surest(places: Int[np.ndarray, " n"], confidence: Float[np.ndarray, " all"]) -> Int[np.ndarray, " n"]:
    return places[np.argsort(-confidence[places], kind="stable")]


def self_train(
    classifier: FusionClassifier,
    batches: RecordingBatches,
    stages: Callable[[str, TrainingLoop | None], TrainingLoop],
    select: Selection,
    *,
    rounds: int,
    config: TrainConfig,
    augment: Augmentation,
    seed: int,
) -> TrainingLoop:
    """Train on labels; then, `rounds` times, label the pool with the best model so far and go on with it.

    `stages` makes the progress of a stage by its name and what it comes after; it may serve one set of validation
    speakers only, which choose among the checkpoints of all stages. Later stages run at a share of the rate
    (plan.self_training). Returns the last stage's progress.
    """
    schedule, terms = config.schedule, config.terms
    loop = stages("labelled", None)
    fit_supervised(classifier, batches, loop, schedule=schedule, terms=terms, augment=augment, seed=seed)
    if batches.pool is None:
        return loop
    later = replace(schedule, learning_rate=schedule.learning_rate * config.self_training.lr_fraction)
    ratio = batches.level_ratio()
    for number in range(1, rounds + 1):
        (best,) = loop.bests
        classifier.load_state_dict(best.weights)
        answers = utterance_probabilities(classifier, batches.pool)
        chosen = select(answers, ratio, number / rounds)
        extended = batches.with_pseudo_labels(answers.argmax(axis=1), chosen)
        loop = stages(f"round {number}", loop)
        fit_supervised(classifier, extended, loop, schedule=later, terms=terms, augment=augment, seed=seed)
    return loop
