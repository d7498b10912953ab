"""Self-training: SSBase, and the rival that takes its pseudo-labels level by level."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from valaro.training.batches import RecordingBatches
from valaro.training.classify import utterance_probabilities
from valaro.training.config import SelfTraining
from valaro.training.context import TrainerContext
from valaro.training.supervised import fit_supervised

Selection = Callable[[Float[np.ndarray, "n 3"], Float[np.ndarray, " 3"], float], Bool[np.ndarray, " n"]]
"""(answers on unlabelled recordings, labelled share of each level, share of the rounds done) -> which labels count."""


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


def _surest(indices: Int[np.ndarray, " n"], confidence: Float[np.ndarray, " all"]) -> Int[np.ndarray, " n"]:
    return indices[np.argsort(-confidence[indices], kind="stable")]


def self_train(
    context: TrainerContext[RecordingBatches], settings: SelfTraining, select: Selection, *, rounds: int
) -> None:
    """Train on labels; then, `rounds` times, label the unlabelled set with the best model so far and go on with it.

    It may serve one set of validation speakers only, which choose among the checkpoints of all stages.
    """
    fit_supervised(context)
    batches, classifier, loop = context.batches, context.classifier, context.loop
    if batches.unlabelled is None:
        return
    later = replace(context.schedule, learning_rate=context.schedule.learning_rate * settings.lr_fraction)
    ratio = batches.level_ratio()
    (best,) = loop.bests
    for number in range(1, rounds + 1):
        loop = loop.next_stage(f"round {number}")
        classifier.load_state_dict(best.weights)
        probabilities = utterance_probabilities(classifier, batches.unlabelled)
        chosen = select(probabilities, ratio, number / rounds)
        extended = loop.register("batches", batches.with_pseudo_labels(probabilities.argmax(axis=1), chosen))
        fit_supervised(replace(context, loop=loop, batches=extended, schedule=later))
