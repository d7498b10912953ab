"""Confusion matrices with ties, plus the UAR, MAP and F1 (Eq. 8) that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

from valaro.errors import ValaroError, unknown_name
from valaro.records import LEVELS, Predictions

Metric = Literal["uar", "map", "f1", "macro_f1"]
METRICS: tuple[Metric, ...] = get_args(Metric)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores of one set of predictions, 0-1; a level in `absent` was nobody's true level, its recall is NaN."""

    uar: float
    map: float
    f1: float
    macro_f1: float
    recalls: tuple[float, float, float]
    count: int
    absent: tuple[str, ...]


def score(predictions: Predictions) -> Scores:
    """Return every score of `predictions`.

    UAR is the mean recall over the levels present (scikit-learn's `balanced_accuracy_score`); MAP the mean precision
    (a level never predicted counts as 0; one neither present nor predicted is left out, as in scikit-learn's macro
    average); `f1` the paper's 2 UAR MAP / (UAR + MAP), Eq. 8 without its stray 1/n; `macro_f1` the usual mean of the
    levels' own F1.
    """
    matrix = confusion_matrix(predictions)
    present = matrix.sum(1) > 0
    recalls = [float(matrix[k, k] / matrix[k].sum()) if present[k] else float("nan") for k in range(3)]
    return Scores(
        uar=float(metric_of(matrix[None], "uar")[0]),
        map=float(metric_of(matrix[None], "map")[0]),
        f1=float(metric_of(matrix[None], "f1")[0]),
        macro_f1=float(metric_of(matrix[None], "macro_f1")[0]),
        recalls=(recalls[0], recalls[1], recalls[2]),
        count=len(predictions.ids),
        absent=tuple(level for level, is_present in zip(LEVELS, present, strict=True) if not is_present),
    )


def confusion_matrix(predictions: Predictions) -> Float[np.ndarray, "3 3"]:
    """Return the counts, rows the true level and columns the predicted one; halves and thirds come from ties."""
    return bookings(predictions).sum(0)


def bookings(predictions: Predictions) -> Float[np.ndarray, "n 3 3"]:
    """Return what each utterance adds to the confusion matrix, in all 1.

    A hit is booked in the row of the predicted level, a miss is split evenly over the tied rows.
    """
    _check(predictions)
    predicted = np.eye(3)[predictions.probabilities.argmax(1)]
    hit = (predicted * predictions.correct).sum(1, keepdims=True)
    rows = hit * predicted + (1.0 - hit) * predictions.correct / predictions.correct.sum(1, keepdims=True)
    return rows[:, :, None] * predicted[:, None, :]


def metric_of(matrices: Float[np.ndarray, "many 3 3"], metric: Metric) -> Float[np.ndarray, " many"]:
    """Return `metric` (0-1) of each confusion matrix."""
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    hits = np.diagonal(matrices, axis1=-2, axis2=-1)
    rows, columns = matrices.sum(-1), matrices.sum(-2)
    if metric == "macro_f1":
        return _mean_where(_ratio(2 * hits, rows + columns), rows + columns > 0)
    uar = _mean_where(_ratio(hits, rows), rows > 0)
    mean_precision = _mean_where(_ratio(hits, columns), rows + columns > 0)
    if metric == "uar":
        return uar
    return mean_precision if metric == "map" else _ratio(2 * uar * mean_precision, uar + mean_precision)


def join_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Return the predictions of several folds or seeds as one, in the order given."""
    if not parts:
        raise ValaroError("no predictions to join: expected at least one fold")
    return Predictions(
        ids=tuple(name for part in parts for name in part.ids),
        speakers=tuple(speaker for part in parts for speaker in part.speakers),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        correct=np.concatenate([part.correct for part in parts]),
    )


def _ratio(above: Float[np.ndarray, "*many"], below: Float[np.ndarray, "*many"]) -> Float[np.ndarray, "*many"]:
    return np.divide(above, below, out=np.zeros(np.shape(above)), where=below > 0)


def _mean_where(values: Float[np.ndarray, "many 3"], counted: Bool[np.ndarray, "many 3"]) -> Float[np.ndarray, " many"]:
    return _ratio((values * counted).sum(-1), counted.sum(-1).astype(float))


def _check(predictions: Predictions) -> None:
    """Refuse what no score can be computed from, rather than return a number that means nothing."""
    if not predictions.ids:
        raise ValaroError("no predictions to score: the test set is empty")
    sizes = (len(predictions.ids), len(predictions.speakers), len(predictions.probabilities), len(predictions.correct))
    if len(set(sizes)) > 1:
        raise ValaroError(f"predictions of unequal length: ids, speakers, probabilities, correct are {sizes}")
    for fault, rows in (
        ("probabilities that are not finite numbers", ~np.isfinite(predictions.probabilities).all(1)),
        ("no level that counts as right", ~predictions.correct.any(1)),
    ):
        if rows.any():
            first = predictions.ids[int(rows.argmax())]
            raise ValaroError(f"{int(rows.sum())} of {sizes[0]} predictions have {fault}, the first is {first}")
