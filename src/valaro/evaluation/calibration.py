"""Whether a model is right as often as it says: reliability, calibration error, and the temperature that mends it."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

from valaro.errors import ValaroError
from valaro.records import Predictions

BINS = 10

_LEAST = 1e-12
"""Stands for a probability of exactly 0, which would have no logarithm."""

COLDEST, HOTTEST = 0.05, 20.0
"""Bounds of a temperature: where every validation answer is right (or wrong) the best one would be 0 (or infinity)."""


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Answers whose confidence lies from `low` to `high`: their mean confidence, how many are right (0-1), how many."""

    low: float
    high: float
    confidence: float
    accuracy: float
    count: int


def reliability(predictions: Predictions, bins: int = BINS) -> tuple[Bin, ...]:
    """Return the bins of equal width that hold an answer; confidence is the probability of the level answered."""
    if not predictions.ids:
        raise ValaroError("no predictions to calibrate: the set is empty")
    confidence = predictions.probabilities.max(axis=1)
    right = _is_right(predictions)
    # A confidence of exactly 1 belongs to the last bin.
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            low=k / bins,
            high=(k + 1) / bins,
            confidence=float(confidence[bin_of == k].mean()),
            accuracy=float(right[bin_of == k].mean()),
            count=int((bin_of == k).sum()),
        )
        for k in range(bins)
        if (bin_of == k).any()
    )


def calibration_error(predictions: Predictions, bins: int = BINS) -> float:
    """Return the expected calibration error, 0-1: the mean distance of confidence and accuracy over the bins.

    Each bin counts by its answers (Naeini et al. 2015; Guo et al. 2017, Eq. 3).
    """
    filled = reliability(predictions, bins)
    return sum(part.count * abs(part.confidence - part.accuracy) for part in filled) / len(predictions.ids)


def cross_entropy(predictions: Predictions) -> float:
    """Return the mean cross-entropy in nats against the right levels, on a tie in equal shares."""
    return float(cross_entropies(predictions).mean())


def cross_entropies(predictions: Predictions) -> Float[np.ndarray, " n"]:
    """Return each answer's cross-entropy in nats; see `cross_entropy`."""
    logs, targets = _logs_and_targets(predictions)
    return -(targets * np.log(np.maximum(softmax(logs, axis=1), _LEAST))).sum(axis=1)


def overstatements(predictions: Predictions) -> Float[np.ndarray, " n"]:
    """Return each answer's confidence minus 1 if it is right, minus 0 if not: its mean is above 0 if too sure."""
    return predictions.probabilities.max(axis=1) - _is_right(predictions)


def fit_temperature(predictions: Predictions) -> float:
    """Return the temperature T at which p^(1/T), normalised, has the lowest cross-entropy (Guo et al. 2017, sec. 4.2).

    That is convex in 1/T; its slope is halved down to the root. T stays from 0.05 to 20. To be fitted on validation
    answers, never on those that are then judged.
    """
    if not predictions.ids:
        raise ValaroError("no validation answers to fit a temperature on")
    logs, targets = _logs_and_targets(predictions)
    low, high = 1 / HOTTEST, 1 / COLDEST
    if _slope(logs, targets, low) >= 0:
        return HOTTEST
    if _slope(logs, targets, high) <= 0:
        return COLDEST
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _slope(logs, targets, middle) < 0 else (low, middle)
    return 2 / (low + high)


def with_temperature(predictions: Predictions, temperature: float) -> Predictions:
    """Return the answers with every probability raised to 1 / `temperature` and normalised: no answer changes."""
    logs, _ = _logs_and_targets(predictions)
    return replace(predictions, probabilities=softmax(logs / temperature, axis=1))


def _is_right(predictions: Predictions) -> Float[np.ndarray, " n"]:
    answered = predictions.probabilities.argmax(axis=1)
    return predictions.correct[np.arange(len(answered)), answered].astype(float)


def _logs_and_targets(predictions: Predictions) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
    targets = predictions.correct / predictions.correct.sum(axis=1, keepdims=True)
    return np.log(np.maximum(predictions.probabilities, _LEAST)), targets


def _slope(logs: Float[np.ndarray, "n 3"], targets: Float[np.ndarray, "n 3"], inverse: float) -> float:
    """Return the derivative of the cross-entropy by 1/T."""
    return float(((softmax(logs * inverse, axis=1) - targets) * logs).sum(axis=1).mean())
