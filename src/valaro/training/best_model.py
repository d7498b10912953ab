"""The averaged classifier, and the best one so far on the validation speakers."""

import math
from collections import defaultdict
from collections.abc import Mapping
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor

from valaro.errors import ValaroError
from valaro.evaluation.scores import score
from valaro.networks.fusion import FusionClassifier
from valaro.records import HistoryPoint, Predictions
from valaro.training.batches import Recordings
from valaro.training.judging import judge


class BestModel:
    """Follows a classifier in training: averages its weights, evaluates the average, keeps the best.

    Best is the highest validation UAR; on equal UAR, the one that gives the right levels more probability.
    """

    def __init__(
        self,
        classifier: FusionClassifier,
        validation: Recordings,
        correct: np.ndarray,
        *,
        average: float,
        evaluate_every: int,
        steps: int,
    ) -> None:
        self._averaged = deepcopy(classifier)
        self._validation = validation
        self._correct = correct
        self._average = average
        self._every = evaluate_every
        self._steps = steps
        self._step = 0
        self._losses: defaultdict[str, list[float]] = defaultdict(list)
        self._best: tuple[float, float] = (-1.0, -math.inf)
        self._weights: dict[str, Tensor] = {}
        self.best_step = 0
        self.history: list[HistoryPoint] = []

    @torch.no_grad()
    def follow(self, classifier: FusionClassifier, losses: Mapping[str, Tensor]) -> None:
        """Take one step's weights into the average; evaluate when it is time.

        Raises:
            ValaroError: a loss is not a finite number; the message names the term and the step.
        """
        self._step += 1
        for name, loss in losses.items():
            value = float(loss)
            if not math.isfinite(value):
                raise ValaroError(
                    f"training broke down at step {self._step}: the {name} loss is {value}. "
                    "Lower training.learning_rate, or set network.weight_norm = true"
                )
            self._losses[name].append(value)
        # Young averages lean on recent weights: else 160 steps of a 0.99 average would still be a fifth start values.
        keep = min(self._average, self._step / (10 + self._step))
        for mean, new in zip(self._averaged.state_dict().values(), classifier.state_dict().values(), strict=True):
            mean.lerp_(new, 1 - keep)
        if self._step % self._every == 0 or self._step == self._steps:
            self._evaluate()

    def finish(self) -> FusionClassifier:
        """Return the averaged classifier as it was when validation liked it best."""
        self._averaged.load_state_dict(self._weights)
        return self._averaged

    def _evaluate(self) -> None:
        predictions = judge(self._averaged, self._validation, self._correct)
        uar = score(predictions).uar
        losses = {name: float(np.mean(values)) for name, values in self._losses.items()}
        self.history.append(HistoryPoint(step=self._step, losses=losses, validation_uar=uar))
        self._losses.clear()
        standing = (uar, _confidence(predictions))
        if standing > self._best:
            self._best = standing
            self.best_step = self._step
            self._weights = {name: value.clone() for name, value in self._averaged.state_dict().items()}


def _confidence(predictions: Predictions) -> float:
    """Return the mean log-probability of the right levels."""
    right = (predictions.probabilities * predictions.correct).sum(axis=1)
    return float(np.log(np.maximum(right, 1e-12)).mean())
