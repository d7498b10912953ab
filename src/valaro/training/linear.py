"""The linear rivals: logistic regression and a linear SVM on mean and deviation of each channel over the utterance."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valaro.training.batches import RecordingBatches
from valaro.training.context import TrainerContext

STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0)
"""Values of C tried; validation chooses among them, as it chooses a network's checkpoint."""

_NEVER = -30.0
"""Logit of a level that no labelled utterance has."""

Estimator = Callable[[float], Any]


def logistic_regression(strength: float) -> Any:  # noqa: ANN401 - scikit-learn takes a second to import
    """Return scikit-learn's multinomial logistic regression with C = `strength`."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)


def linear_svm(strength: float) -> Any:  # noqa: ANN401
    """Return scikit-learn's one-against-rest linear SVM with C = `strength`."""
    from sklearn.svm import LinearSVC

    return LinearSVC(C=strength, class_weight="balanced", max_iter=20_000, random_state=0)


def fit_linear(context: TrainerContext[RecordingBatches], estimator: Estimator) -> None:
    """Fit the head of a classifier of layout `statistics` for each strength; validation keeps the one it likes.

    A soft label is as many rows as it has levels, weighted by their shares: the same cross-entropy.
    """
    batches, classifier = context.batches, context.classifier
    labelled, soft_labels = batches.labelled, batches.soft_labels
    with torch.no_grad():
        rows = [classifier(labelled.whole(index)).features for index in range(len(labelled))]
    values = torch.cat(rows).double().numpy()
    owners, levels = np.nonzero(soft_labels)
    mean, std = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    scaled = ((values - mean) / std)[owners]
    _copy(classifier.mean, mean)
    _copy(classifier.std, std)
    for step, strength in enumerate(STRENGTHS, start=1):
        model = estimator(strength)
        if len(np.unique(levels)) > 1:
            model.fit(scaled, levels, sample_weight=soft_labels[owners, levels])
            weight, bias = _by_level(model)
        else:
            weight, bias = np.zeros((3, values.shape[1])), np.where(np.arange(3) == levels[0], 0.0, _NEVER)
        _copy(classifier.head.weight, weight)
        _copy(classifier.head.bias, bias)
        for best in context.loop.bests:
            best.evaluate(classifier, step, {})


def _by_level(model: Any) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401 - either estimator
    """Return a weight vector and a bias for each of the three levels."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        # scikit-learn tells two classes apart with one vector: half of it for, half against.
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    weight, bias = np.zeros((3, coefficients.shape[1])), np.full(3, _NEVER)
    weight[model.classes_], bias[model.classes_] = coefficients, intercepts
    return weight, bias


@torch.no_grad()
def _copy(target: Tensor, source: np.ndarray) -> None:
    target.copy_(torch.from_numpy(source))
