"""The best weights so far on one set of validation speakers."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from valaro.evaluation.scores import score
from valaro.networks.fusion import FusionClassifier
from valaro.records import HistoryPoint, Predictions
from valaro.training.classify import classify
from valaro.training.config import Choice
from valaro.training.crops import Recordings


class BestModel:
    """Evaluates a classifier now and then and keeps the best.

    Best is what `choose` says: the highest validation UAR (on equal UAR, the more probability for the right levels),
    the highest likelihood of the right levels, or the last. After `patience` evaluations without a better one it looks
    no more (0: it always looks).
    """

    def __init__(
        self,
        validation: Recordings,
        correct: Bool[np.ndarray, "n 3"],
        *,
        choose: Choice = "uar",
        patience: int = 0,
    ) -> None:
        self._validation = validation
        self._correct = correct
        self._patience = patience
        self._since = 0
        self._standing = _STANDINGS[choose]
        self._best: tuple[float, float] = (-math.inf, -math.inf)
        self.weights: dict[str, Tensor] = {}
        self.step = 0
        self.history: list[HistoryPoint] = []

    @property
    def has_settled(self) -> bool:
        """Whether it has lost its patience."""
        return 0 < self._patience <= self._since

    def be_patient_again(self) -> None:
        """Begin a stage of a training: what came before does not count against it."""
        self._since = 0

    def evaluate(
        self, classifier: FusionClassifier, step: int, losses: Mapping[str, float]
    ) -> Float[np.ndarray, "n 3"]:
        """Judge the validation utterances, keep the weights if they are the best, and return the answers."""
        predictions = classify(classifier, self._validation, self._correct)
        uar = score(predictions).uar
        self.history.append(HistoryPoint(step=step, losses=dict(losses), validation_uar=uar))
        standing = self._standing(uar, _confidence(predictions), step)
        self._since += 1
        if standing > self._best:
            self._best, self._since, self.step = standing, 0, step
            self.weights = {name: value.clone() for name, value in classifier.state_dict().items()}
        return predictions.probabilities

    def state_dict(self) -> dict[str, Any]:
        return {
            "since": self._since,
            "best": [value if math.isfinite(value) else None for value in self._best],
            "weights": self.weights,
            "step": self.step,
            "history": [[point.step, point.losses, point.validation_uar] for point in self.history],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        first, second = (-math.inf if value is None else value for value in state["best"])
        self._since, self.step, self.weights = state["since"], state["step"], dict(state["weights"])
        self._best = (first, second)
        self.history = [
            HistoryPoint(step=step, losses=losses, validation_uar=uar) for step, losses, uar in state["history"]
        ]


_STANDINGS: dict[Choice, Callable[[float, float, int], tuple[float, float]]] = {
    "uar": lambda uar, confidence, _: (uar, confidence),
    "likelihood": lambda uar, confidence, _: (confidence, uar),
    "last": lambda _, __, step: (step, 0.0),
}


def _confidence(predictions: Predictions) -> float:
    """Return the mean log-probability of the right levels."""
    right = (predictions.probabilities * predictions.correct).sum(axis=1)
    return float(np.log(np.maximum(right, 1e-12)).mean())
