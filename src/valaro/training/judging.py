"""What a classifier says about whole utterances."""

import numpy as np
import torch
from jaxtyping import Bool, Float

from valaro.networks.fusion import FusionClassifier, Inputs
from valaro.records import LEVELS, Predictions
from valaro.training.batches import Recordings

_WINDOWS_AT_ONCE = 256


@torch.no_grad()
def level_probabilities(classifier: FusionClassifier, inputs: Inputs) -> Float[np.ndarray, "n 3"]:
    """Return the softmax over the K real levels; the generated column is dropped and the rest renormalised."""
    return classifier(inputs).logits[:, : len(LEVELS)].softmax(dim=1).double().numpy()


def judge(classifier: FusionClassifier, recordings: Recordings, correct: Bool[np.ndarray, "n 3"]) -> Predictions:
    """Judge each utterance: the mean over windows of 128 frames, hop 64, the last one right-aligned."""
    starts = [recordings.windows(index) for index in range(len(recordings))]
    owners = np.repeat(np.arange(len(starts)), [len(part) for part in starts])
    places = np.concatenate(starts) if starts else np.zeros(0, dtype=np.int64)
    sums = np.zeros((len(starts), len(LEVELS)))
    for first in range(0, len(owners), _WINDOWS_AT_ONCE):
        part = slice(first, first + _WINDOWS_AT_ONCE)
        np.add.at(sums, owners[part], level_probabilities(classifier, recordings.cut(owners[part], places[part])))
    return Predictions(
        ids=tuple(utterance.id for utterance in recordings.utterances),
        speakers=tuple(utterance.speaker for utterance in recordings.utterances),
        probabilities=sums / np.array([len(part) for part in starts])[:, None] if starts else sums,
        correct=correct,
    )
