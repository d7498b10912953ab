"""What a classifier says about whole utterances."""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float

from valaro.networks.fusion import FusionClassifier, Inputs
from valaro.networks.resolution import as_seen
from valaro.records import LEVELS, Predictions
from valaro.training.batches import Recordings

Seen = Literal["windows", "centre", "whole"]
"""What of an utterance is judged: windows of 128 frames with hop 64, the middle 128 frames, or all frames at once."""

_WINDOWS_AT_ONCE = 256


@torch.no_grad()
def level_probabilities(classifier: FusionClassifier, inputs: Inputs) -> Float[np.ndarray, "n 3"]:
    """Return the softmax over the K real levels; the generated column is dropped and the rest renormalised."""
    return classifier(as_seen(inputs, classifier.shape)).logits[:, : len(LEVELS)].softmax(dim=1).double().cpu().numpy()


def judge(
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
    """Return one answer an utterance: the mean over what is `seen` of it."""
    if seen == "whole":
        answers = [level_probabilities(classifier, recordings.whole(index)) for index in range(len(recordings))]
        return np.concatenate(answers) if answers else np.zeros((0, len(LEVELS)))
    find = recordings.windows if seen == "windows" else recordings.centre
    starts = [find(index) for index in range(len(recordings))]
    owners = np.repeat(np.arange(len(starts)), [len(part) for part in starts])
    places = np.concatenate(starts) if starts else np.zeros(0, dtype=np.int64)
    sums = np.zeros((len(starts), len(LEVELS)))
    for first in range(0, len(owners), _WINDOWS_AT_ONCE):
        part = slice(first, first + _WINDOWS_AT_ONCE)
        np.add.at(sums, owners[part], level_probabilities(classifier, recordings.cut(owners[part], places[part])))
    return sums / np.array([len(part) for part in starts])[:, None] if starts else sums
