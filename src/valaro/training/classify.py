"""What a classifier says about whole utterances, and how good that is."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float

from valaro.evaluation.scores import score
from valaro.networks.fusion import FusionClassifier, Inputs
from valaro.networks.resolution import as_seen
from valaro.records import LEVELS, HistoryPoint, Predictions
from valaro.training.best_model import Evaluate, Evaluation
from valaro.training.config import Choice
from valaro.training.crops import Recordings

_WINDOWS_AT_ONCE = 256


@torch.no_grad()
def level_probabilities(classifier: FusionClassifier, inputs: Inputs) -> Float[np.ndarray, "n 3"]:
    """Return the softmax over the K real levels; the generated column is dropped and the rest renormalised."""
    return (
        classifier(as_seen(inputs, classifier.shape, classifier.device))
        .logits[:, : len(LEVELS)]
        .softmax(dim=1)
        .double()
        .cpu()
        .numpy()
    )


def classify(classifier: FusionClassifier, recordings: Recordings, correct: Bool[np.ndarray, "n 3"]) -> Predictions:
    """Judge each utterance; `correct` marks its right levels."""
    return Predictions(
        ids=tuple(utterance.id for utterance in recordings.utterances),
        speakers=tuple(utterance.speaker for utterance in recordings.utterances),
        probabilities=utterance_probabilities(classifier, recordings),
        correct=correct,
    )


def evaluation_on(
    recordings: Recordings, correct: Bool[np.ndarray, "n 3"], monitor: Choice
) -> Evaluate[FusionClassifier, HistoryPoint]:
    """Return what evaluates a classifier on validation utterances, of which `correct` marks the right levels.

    It ranks by what `monitor` says: the highest UAR (on equal UAR, the more probability for the right levels), the
    highest likelihood of the right levels, or the last.
    """

    def evaluate(classifier: FusionClassifier, step: int, losses: Mapping[str, float]) -> Evaluation[HistoryPoint]:
        predictions = classify(classifier, recordings, correct)
        uar = score(predictions).uar
        right = (predictions.probabilities * predictions.correct).sum(axis=1)
        likelihood = float(np.log(np.maximum(right, 1e-12)).mean())
        ranks = {"uar": (uar, likelihood), "likelihood": (likelihood, uar), "last": (float(step), 0.0)}
        return Evaluation(
            point=HistoryPoint(step=step, losses=dict(losses), validation_uar=uar),
            rank=ranks[monitor],
            probabilities=predictions.probabilities,
        )

    return evaluate


def utterance_probabilities(classifier: FusionClassifier, recordings: Recordings) -> Float[np.ndarray, "n 3"]:
    """Return one answer an utterance: the mean over its windows, as `recordings.window` says."""
    if recordings.window.weighting == "whole":
        answers = [level_probabilities(classifier, recordings.whole(index)) for index in range(len(recordings))]
        return np.concatenate(answers) if answers else np.zeros((0, len(LEVELS)))
    windows = [recordings.windows(index) for index in range(len(recordings))]
    means = np.zeros((len(windows), len(LEVELS)))
    if not windows:
        return means
    owners = np.repeat(np.arange(len(windows)), [len(starts) for starts, _ in windows])
    starts, weights = (np.concatenate(parts) for parts in zip(*windows, strict=True))
    for first in range(0, len(owners), _WINDOWS_AT_ONCE):
        part = slice(first, first + _WINDOWS_AT_ONCE)
        answers = level_probabilities(classifier, recordings.cut(owners[part], starts[part]))
        np.add.at(means, owners[part], weights[part, None] * answers)
    return means
