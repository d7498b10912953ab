"""The control on shuffled labels: it warns where labels leak, and elsewhere in one report of twenty."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from helpers.features import an_utterance
from helpers.results import GOOD, PERFECT, a_run, training
from valaro.analysis.results import dimension_results
from valaro.analysis.sanity import WARNS, ShuffledLabels, sanity_checks
from valaro.evaluation.folds import leave_one_session_out, with_shuffled_labels
from valaro.evaluation.shuffles import chance_of_mean, renamed_uars
from valaro.labels.soft_labels import correct_levels, soft_labels_of
from valaro.records import DIMENSIONS, FoldResult, Predictions


def test_a_model_that_is_right_is_so_in_one_of_six_renamings() -> None:
    ((uar, *others),) = renamed_uars([training("MSSGAN", "ann", 0, PERFECT)])
    assert uar == 1
    # Three renamings leave one level its name, two none.
    assert sorted(others) == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3])
    # Low and medium right, high once and low once: on average over the renamings a third, whatever was answered.
    assert renamed_uars([training("MSSGAN", "ann", 0, GOOD)]).mean() == pytest.approx(1 / 3)


def test_chance_is_counted_over_the_renamings_of_each_shuffle() -> None:
    once = renamed_uars([training("MSSGAN", "ann", 0, PERFECT)])
    assert chance_of_mean(once) == pytest.approx(1 / 6, abs=0.01)
    three = renamed_uars([training("MSSGAN", name, 0, PERFECT) for name in ("ann", "bob", "cid")])
    assert chance_of_mean(three) == pytest.approx(1 / 216, abs=0.002)
    # Who says the same level of everybody is at chance under every name.
    assert chance_of_mean(renamed_uars([training("MSSGAN", "ann", 0, [1] * 6)])) == 1


def test_renamed_labels_are_those_that_were_there_under_other_names() -> None:
    levels = ["medium"] * 6 + ["low"] * 2 + ["high"]
    people = [an_utterance(f"{s}{p}{k}", speaker=f"{s}{p}", session=s, level=level, dimensions=("valence", "arousal"))
              for s in "12345678" for p in "ab" for k, level in enumerate(levels)]  # fmt: skip
    seen: set[tuple[int, ...]] = set()
    for fold in leave_one_session_out(people, directions="both"):
        dealt = with_shuffled_labels(fold, "valence", seed=0)
        counts = tuple(correct_levels(soft_labels_of(dealt.train, "valence")).sum(axis=0).tolist())
        # Seven sessions of two people train: 28 low, 84 medium and 14 high.
        assert sorted(counts) == [14, 28, 84]
        seen.add(counts)
        assert correct_levels(soft_labels_of(dealt.train, "arousal")).sum(axis=0).tolist() == [28, 84, 14]
    # Both directions of a session have the same names, eight sessions not all.
    assert len(seen) > 2


LEVELS_SPOKEN = np.array([0, 1, 1, 2, 1, 1, 0, 1])
"""Of each person five of eight utterances are medium: as uneven as real corpora are."""


def _report(seed: int, *, leak: bool = False) -> list[FoldResult]:
    """The controls of two dimensions in four sessions of two people, both directions of a session sharing a training.

    Features tell levels and people apart, as those of recordings do; a model takes the nearest mean of a level in
    training, and the more frequent level where it is in doubt. Labels are dealt out as `with_shuffled_labels` does.
    """
    rng = np.random.default_rng(seed)
    by_level, by_person = 1.5 * rng.normal(size=(3, 2)), rng.normal(size=(8, 1, 2))
    x = by_level[LEVELS_SPOKEN] + by_person + rng.normal(size=(8, 8, 2))
    results: list[FoldResult] = []
    for dimension, session in product(DIMENSIONS, range(4)):
        both = [2 * session, 2 * session + 1]
        learnt = np.delete(x, both, axis=0).reshape(-1, 2)
        levels = rng.permutation(3)[rng.permutation(np.tile(LEVELS_SPOKEN, 6))]
        if leak:
            learnt, levels = x[both].reshape(-1, 2), np.tile(LEVELS_SPOKEN, 2)
        means = np.array([learnt[levels == k].mean(axis=0) for k in range(3)])
        scores = np.log(np.bincount(levels, minlength=3)) - ((x[both][:, :, None] - means) ** 2).sum(axis=-1)
        probabilities = np.exp(scores - scores.max(axis=-1, keepdims=True))
        probabilities /= probabilities.sum(axis=-1, keepdims=True)
        judged = [
            Predictions(
                ids=tuple(f"{person}-{k}" for k in range(8)),
                speakers=(str(person),) * 8,
                probabilities=probabilities[side],
                correct=np.eye(3, dtype=bool)[LEVELS_SPOKEN],
            )
            for side, person in enumerate(both)
        ]
        control = replace(training("MSSGAN", str(session), 0, GOOD, dimension), model="control", shuffled=True)
        results += [replace(control, test=judged[side], validation=judged[1 - side]) for side in (0, 1)]
    return results


def _warns(results: list[FoldResult]) -> bool:
    return any(
        chance_of_mean(renamed_uars([r for r in results if r.dimension == dimension])) <= WARNS / len(DIMENSIONS)
        for dimension in DIMENSIONS
    )


def test_of_reports_on_labels_that_mean_nothing_one_in_twenty_warns_at_most() -> None:
    # 100 reports of two dimensions: 5 expected, more than 9 come in 1 of 35 such tests.
    assert sum(_warns(_report(seed)) for seed in range(100)) <= 9


def test_a_leak_of_the_test_labels_is_seen_and_the_report_says_so() -> None:
    for seed in range(5):
        results = _report(seed, leak=True)
        assert _warns(results)
        run = a_run([*(replace(r, model="MSSGAN", shuffled=False) for r in results), *results])
        assert any(
            isinstance(check, ShuffledLabels) and (check.outcome, check.shuffles) == ("above_chance", 4)
            for check in sanity_checks([run], dimension_results([run]))
        )
