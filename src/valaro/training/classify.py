"""What a classifier says about whole utterances."""

import numpy as np
import torch
from jaxtyping import Bool, Float

from valaro.networks.fusion import FusionClassifier, Inputs
from valaro.networks.resolution import as_seen
from valaro.records import LEVELS, Predictions
from valaro.training.crops import Recordings

_WINDOWS_AT_ONCE = 256


@torch.no_grad()
def level_probabilities(classifier: FusionClassifier, inputs: Inputs) -> Float[np.ndarray, "n 3"]:
    """Return the softmax over the K real levels; the generated column is dropped and the rest renormalised."""
    inputs = {name: x.to(classifier.device) for name, x in as_seen(inputs, classifier.shape).items()}
    return classifier(inputs).logits[:, : len(LEVELS)].softmax(dim=1).double().cpu().numpy()


def classify(classifier: FusionClassifier, recordings: Recordings, correct: Bool[np.ndarray, "n 3"]) -> Predictions:
    """Judge each utterance; `correct` marks its right levels."""
    return Predictions(
        ids=tuple(utterance.id for utterance in recordings.utterances),
        speakers=tuple(utterance.speaker for utterance in recordings.utterances),
        probabilities=utterance_probabilities(classifier, recordings),
        correct=correct,
    )


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
