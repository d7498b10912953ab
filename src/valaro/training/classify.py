"""What a classifier says about whole utterances."""

import numpy as np
import torch
from jaxtyping import Bool, Float

from valaro.networks.fusion import FusionClassifier, Inputs
from valaro.networks.resolution import as_seen
from valaro.records import LEVELS, Predictions
from valaro.training.config import Seen
from valaro.training.crops import Recordings

_WINDOWS_AT_ONCE = 256


@torch.no_grad()
def level_probabilities(classifier: FusionClassifier, inputs: Inputs) -> Float[np.ndarray, "n 3"]:
    """Return the softmax over the K real levels; the generated column is dropped and the rest renormalised."""
    there = {name: x.to(classifier.device) for name, x in as_seen(inputs, classifier.shape).items()}
    return classifier(there).logits[:, : len(LEVELS)].softmax(dim=1).double().cpu().numpy()


def classify(
    classifier: FusionClassifier,
    recordings: Recordings,
    correct: Bool[np.ndarray, "n 3"],
    *,
    seen: Seen = "windows",
) -> Predictions:
    """Judge each utterance; `correct` marks its right levels."""
    return Predictions(
        ids=tuple(utterance.id for utterance in recordings.utterances),
        speakers=tuple(utterance.speaker for utterance in recordings.utterances),
        probabilities=utterance_probabilities(classifier, recordings, seen=seen),
        correct=correct,
    )


def utterance_probabilities(
    classifier: FusionClassifier, recordings: Recordings, *, seen: Seen = "windows"
) -> Float[np.ndarray, "n 3"]:
    """Return one answer an utterance: the mean over what is `seen` of it; windows count as `Recordings` says."""
    if seen == "whole":
        answers = [level_probabilities(classifier, recordings.whole(index)) for index in range(len(recordings))]
        return np.concatenate(answers) if answers else np.zeros((0, len(LEVELS)))
    find = recordings.windows if seen == "windows" else recordings.centre
    found = [find(index) for index in range(len(recordings))]
    sums = np.zeros((len(found), len(LEVELS)))
    if not found:
        return sums
    owners = np.repeat(np.arange(len(found)), [len(starts) for starts, _ in found])
    places, shares = (np.concatenate(parts) for parts in zip(*found, strict=True))
    for first in range(0, len(owners), _WINDOWS_AT_ONCE):
        part = slice(first, first + _WINDOWS_AT_ONCE)
        answers = level_probabilities(classifier, recordings.cut(owners[part], places[part]))
        np.add.at(sums, owners[part], shares[part, None] * answers)
    return sums
