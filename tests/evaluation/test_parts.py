"""Accuracies on two parts of the same tests, compared over who spoke."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.results import GOOD, PERFECT, POOR, judged
from valaro.errors import ValaroError
from valaro.evaluation.parts import accuracy_difference


def test_the_difference_is_that_of_the_shares_judged_right():
    groups = [judged("ann", GOOD), judged("ben", POOR)]
    # Of the low and medium ones ann has 4 of 4, ben 2 of 4; of the high ones 1 of 2 each.
    first = {f"c/{name}-t{k}" for name in ("ann", "ben") for k in range(4)}
    second = {f"c/{name}-t{k}" for name in ("ann", "ben") for k in (4, 5)}
    found = accuracy_difference(groups, first, second)
    assert found.value == 6 / 8 - 2 / 4
    assert found.low < found.value < found.high


def test_a_second_seed_counts_as_another_judgement_of_the_same_utterance():
    groups = [judged("ann", PERFECT), judged("ann", POOR)]
    # t0 and t1: 2 of 2, then 1 of 2; t4 and t5: 2 of 2, then 1 of 2.
    assert accuracy_difference(groups, {"c/ann-t0", "c/ann-t1"}, {"c/ann-t4"}).value == 3 / 4 - 2 / 2


def test_with_everything_right_on_one_part_and_wrong_on_the_other_no_draw_says_otherwise():
    group = judged("ann", [0, 0, 0, 0, 2, 2])
    found = accuracy_difference([group], {"c/ann-t0", "c/ann-t1"}, {"c/ann-t2", "c/ann-t3"})
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def test_a_tied_level_counts_as_right():
    group = judged("ann", [0, 0, 0, 0, 2, 2])
    correct = group.correct.copy()
    correct[2] = [True, True, False]
    found = accuracy_difference([replace(group, correct=correct)], {"c/ann-t2"}, {"c/ann-t3"})
    assert found.value == 1.0


def test_the_same_judgements_give_the_same_interval():
    groups = [judged(name, list(np.random.default_rng(k).integers(0, 3, 6))) for k, name in enumerate("abcdef")]
    parts = [{f"c/{name}-t{k}" for name in "abcdef" for k in places} for places in ((0, 2, 4), (1, 3, 5))]
    assert accuracy_difference(groups, *parts) == accuracy_difference(groups[::-1], *parts)


def test_an_empty_part_is_refused():
    with pytest.raises(ValaroError, match="no test utterance in one of the two parts"):
        accuracy_difference([judged("ann", GOOD)], {"c/ann-t0"}, {"c/nobody"})
