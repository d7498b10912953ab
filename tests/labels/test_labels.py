"""Votes become fuzzy labels, levels and ties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.features import an_utterance
from valaro.errors import ValaroError
from valaro.labels.levels import level_of
from valaro.labels.soft_labels import (
    correct_levels,
    soft_label_from_scores,
    soft_label_of,
    soft_labels_of,
    with_mean_votes,
)


def test_votes_two_four_five_are_a_third_low_and_two_thirds_high() -> None:
    label = soft_label_of(an_utterance("a", votes=(2.0, 4.0, 5.0)), "valence")
    np.testing.assert_allclose(label, [1 / 3, 0, 2 / 3])


def test_votes_two_and_three_are_a_tie_and_either_level_is_right() -> None:
    soft_labels = soft_labels_of([an_utterance("a", votes=(2.0, 3.0))], "arousal")
    np.testing.assert_allclose(soft_labels, [[0.5, 0.5, 0.0]])
    assert correct_levels(soft_labels).tolist() == [[True, True, False]]


def test_three_equal_thirds_count_as_a_tie_of_three() -> None:
    assert correct_levels(soft_labels_of([an_utterance("a", votes=(1.0, 3.0, 5.0))], "valence")).tolist() == [
        [True] * 3
    ]


def test_each_vote_is_mapped_before_the_mean_is_taken() -> None:
    # The mean of 1, 1, 5, 5 is 3 (medium), yet nobody voted medium.
    assert soft_label_from_scores([1, 1, 5, 5]).tolist() == [0.5, 0.0, 0.5]


@pytest.mark.parametrize(("score", "level"), [(1, 0), (2, 0), (2.01, 1), (3.99, 1), (4, 2), (5, 2)])
def test_levels_end_at_two_and_begin_at_four(score: float, level: int) -> None:
    assert level_of(score) == level


def test_an_utterance_without_votes_on_the_dimension_has_no_label() -> None:
    with pytest.raises(ValaroError, match="'toy/a' has no arousal label"):
        soft_label_of(an_utterance("a", dimensions=("valence",)), "arousal")


@given(st.lists(st.floats(1, 5), min_size=1, max_size=9))
def test_a_fuzzy_label_sums_to_one_and_has_a_correct_level(scores: list[float]) -> None:
    soft_labels = soft_label_from_scores(scores)
    assert soft_labels.sum() == pytest.approx(1)
    assert correct_levels(soft_labels[None]).any()


def test_the_mean_of_the_votes_may_be_another_level_than_most_votes() -> None:
    # Votes 1, 4, 4: two of three say high, their mean 3 is medium (the paper's Table I counts it so).
    voted = an_utterance("a", votes=(1, 4, 4))
    assert soft_label_of(voted, "valence").round(2).tolist() == [0.33, 0.0, 0.67]
    assert soft_label_of(with_mean_votes(voted), "valence").tolist() == [0, 1, 0]
    assert [rating.score for rating in with_mean_votes(voted).ratings if rating.dimension == "valence"] == [3.0]


def test_a_dimension_without_votes_gets_no_mean() -> None:
    assert with_mean_votes(an_utterance("a", level=None)).ratings == ()
    half = with_mean_votes(an_utterance("a", votes=(1, 2), dimensions=("arousal",)))
    assert [(rating.dimension, rating.score) for rating in half.ratings] == [("arousal", 1.5)]
