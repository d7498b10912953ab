"""Fuzzy labels: the share of annotators behind each level."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from valaro.errors import ValaroError
from valaro.labels.levels import level_of
from valaro.records import DIMENSIONS, LEVELS, Dimension, Rating, Utterance

Votes = Literal["each", "mean"]
"""What is mapped to a level: each annotator's vote, whose levels are averaged, or the mean of the votes."""

MEAN = "mean"
"""Stands for the annotator of a mean."""


def soft_label_from_scores(scores: Sequence[float]) -> Float[np.ndarray, " 3"]:
    """Return the mean of the one-hot levels of all votes; scores on the 1-5 scale (paper, section IV-B).

    >>> soft_label_from_scores([2, 4, 5]).round(2).tolist()
    [0.33, 0.0, 0.67]
    """
    if not scores:
        raise ValaroError("a fuzzy label needs at least one vote")
    votes = np.zeros(len(LEVELS))
    for score in scores:
        votes[level_of(score)] += 1
    return votes / len(scores)


def with_mean_votes(utterance: Utterance) -> Utterance:
    """Return the utterance with one vote a dimension, the annotators' mean: how the paper's Table I counts levels.

    The mean that the corpus states comes first; where it states none, that of the votes is taken.
    """
    stated = {rating.dimension: rating.score for rating in utterance.stated_means}
    means: list[Rating] = []
    for dimension in DIMENSIONS:
        scores = [rating.score for rating in utterance.ratings if rating.dimension == dimension]
        if scores:
            mean = stated.get(dimension, fmean(scores))
            means.append(Rating(annotator=MEAN, dimension=dimension, score=mean))
    return replace(utterance, ratings=tuple(means))


def soft_label_of(utterance: Utterance, dimension: Dimension) -> Float[np.ndarray, " 3"]:
    """Return the utterance's fuzzy label; an utterance without votes on `dimension` is an error."""
    scores = [rating.score for rating in utterance.ratings if rating.dimension == dimension]
    if not scores:
        raise ValaroError(f"utterance '{utterance.id}' has no {dimension} label")
    return soft_label_from_scores(scores)


def soft_labels_of(utterances: Sequence[Utterance], dimension: Dimension) -> Float[np.ndarray, "n 3"]:
    """Return one fuzzy label a row."""
    rows = [soft_label_of(utterance, dimension) for utterance in utterances]
    return np.stack(rows) if rows else np.zeros((0, len(LEVELS)))


def correct_levels(soft_labels: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, "n 3"]:
    """Mark every level that has the most votes: on a tie, each tied level counts as right.

    >>> correct_levels(np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])).tolist()
    [[True, True, False], [False, False, True]]
    """
    # Shares are quotients of small whole numbers, so equal votes give equal floats; the tolerance guards mapped scales.
    return (
        np.isclose(soft_labels, soft_labels.max(axis=1, keepdims=True))
        if len(soft_labels)
        else np.zeros((0, len(LEVELS)), bool)
    )


def level_counts(utterances: Sequence[Utterance]) -> dict[str, tuple[int, int, int]]:
    """Return the utterances a level (low, medium, high) by dimension, a tie in each of its levels."""
    counts: dict[str, tuple[int, int, int]] = {}
    for dimension in DIMENSIONS:
        rated = [utterance for utterance in utterances if utterance.is_labelled(dimension)]
        if rated:
            low, medium, high = correct_levels(soft_labels_of(rated, dimension)).sum(axis=0).tolist()
            counts[dimension] = (low, medium, high)
    return counts
