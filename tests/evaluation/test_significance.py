"""Intervals follow the speakers: known cases, coverage, pairing and speed."""

import time

import numpy as np
import pytest
from scipy import stats

from valaro.errors import ValaroError
from valaro.evaluation.scores import score
from valaro.evaluation.significance import (
    Interval,
    Resamples,
    holm,
    mean_intervals,
)
from valaro.records import Predictions


def bootstrap_interval(groups, metric, **options) -> Interval:
    return Resamples(groups, **options).interval(metric)


def paired_difference(a_groups, b_groups, metric, **options) -> Interval:
    return Resamples(a_groups, **options).above(Resamples(b_groups, **options), metric)


def group(ids: list[str], speakers: list[str], truth: list[int], predicted: list[int]) -> Predictions:
    return Predictions(
        ids=tuple(ids),
        speakers=tuple(speakers),
        probabilities=np.eye(3)[predicted] * 0.7 + 0.1,
        correct=np.eye(3, dtype=bool)[truth],
    )


def random_groups(count: int, size: int, rate: float, *, seed: int = 0, speakers: int = 8) -> list[Predictions]:
    """`count` folds x seeds over `speakers` persons: each group tests one of them, right with probability `rate`."""
    generator = np.random.default_rng(seed)
    groups: list[Predictions] = []
    for number in range(count):
        truth = np.arange(size) % 3
        wrong = (truth + generator.integers(1, 3, size)) % 3
        predicted = np.where(generator.random(size) < rate, truth, wrong)
        who = number % speakers
        names = [f"c/{who}-{k}" for k in range(size)]
        groups.append(group(names, [f"p/{who}"] * size, truth.tolist(), predicted.tolist()))
    return groups


def test_the_value_is_the_plain_mean_over_the_groups():
    groups = random_groups(4, 12, 0.6)
    found = bootstrap_interval(groups, "uar", draws=50)
    assert found.value == pytest.approx(np.mean([score(one).uar for one in groups]), abs=1e-15)


def test_perfect_predictions_leave_no_doubt():
    assert bootstrap_interval(random_groups(4, 12, 1.0), "uar") == Interval(value=1.0, low=1.0, high=1.0)


def test_one_speaker_wholly_right_and_one_wholly_wrong_spans_everything():
    ids = [f"c/{k}" for k in range(12)]
    truth = [k % 3 for k in range(12)]
    predicted = truth[:6] + [(level + 1) % 3 for level in truth[6:]]
    found = bootstrap_interval([group(ids, ["p/a"] * 6 + ["p/b"] * 6, truth, predicted)], "uar")
    # a draw holds only the first with chance 1/4, only the second with chance 1/4
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.0, 1.0), abs=1e-9)


def test_two_folds_of_one_speaker_each_vary_like_the_two_speakers():
    truth = [k % 3 for k in range(6)]
    right = group([f"c/{k}" for k in range(6)], ["p/a"] * 6, truth, truth)
    wrong = group([f"c/{k}" for k in range(6, 12)], ["p/b"] * 6, truth, [(level + 1) % 3 for level in truth])
    assert bootstrap_interval([right, wrong], "uar") == Interval(value=0.5, low=0.0, high=1.0)


def test_a_second_seed_with_the_same_answers_does_not_narrow_the_interval():
    one = random_groups(8, 24, 0.6)
    once, twice = bootstrap_interval(one, "f1"), bootstrap_interval([*one, *one], "f1")
    assert (twice.value, twice.low, twice.high) == pytest.approx((once.value, once.low, once.high), abs=1e-12)


def test_more_speakers_narrow_the_interval():
    few, many = (bootstrap_interval(random_groups(n, 24, 0.6, speakers=n), "uar") for n in (4, 40))
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    covered = 0
    for seed in range(100):
        found = bootstrap_interval(random_groups(12, 24, 0.6, seed=seed, speakers=12), "uar", seed=seed, draws=200)
        covered += found.low <= 0.6 <= found.high
    # 95 % +- 2.2 % by chance; drawing speakers and then utterances errs on the wide side
    assert 90 <= covered <= 100


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    groups = random_groups(8, 24, 0.6)
    assert bootstrap_interval(groups, "uar", seed=1) == bootstrap_interval(groups, "uar", seed=1)
    assert bootstrap_interval(groups, "uar", seed=1) != bootstrap_interval(groups, "uar", seed=2)


def test_a_model_against_itself_differs_by_exactly_nothing():
    groups = random_groups(8, 24, 0.6)
    assert paired_difference(groups, groups, "uar") == Interval(value=0.0, low=0.0, high=0.0)
    assert paired_difference(groups, groups, "uar").includes_zero


def test_pairing_sees_a_steady_gain_that_two_separate_intervals_hide():
    weak = random_groups(8, 24, 0.5)
    strong: list[Predictions] = []
    for one in weak:
        better = one.probabilities.copy()
        better[:4] = np.where(one.correct[:4], 0.8, 0.1)
        strong.append(Predictions(ids=one.ids, speakers=one.speakers, probabilities=better, correct=one.correct))
    difference = paired_difference(strong, weak, "uar")
    assert difference.low > 0
    assert not difference.includes_zero
    assert bootstrap_interval(strong, "uar").low < bootstrap_interval(weak, "uar").high
    backwards = paired_difference(weak, strong, "uar")
    assert (backwards.value, backwards.low, backwards.high) == pytest.approx(
        (-difference.value, -difference.high, -difference.low)
    )


def test_a_pair_over_different_utterances_is_refused():
    with pytest.raises(ValaroError, match="24 were judged by the first alone, 0 by the second alone, such as c/1-0"):
        paired_difference(random_groups(2, 24, 0.5), random_groups(1, 24, 0.5), "uar")


def test_nothing_to_judge_is_refused():
    empty = Predictions(ids=(), speakers=(), probabilities=np.zeros((0, 3)), correct=np.zeros((0, 3), dtype=bool))
    with pytest.raises(ValaroError, match="expected at least one fold"):
        bootstrap_interval([], "uar")
    with pytest.raises(ValaroError, match="the test set is empty"):
        bootstrap_interval([empty], "uar")
    with pytest.raises(ValaroError, match="stands twice"):
        bootstrap_interval([group(["c/1", "c/1"], ["p/a", "p/a"], [0, 1], [0, 1])], "uar")


def test_two_thousand_draws_over_sixteen_groups_take_under_two_seconds():
    groups = random_groups(16, 24, 0.6)
    begun = time.perf_counter()
    bootstrap_interval(groups, "f1", draws=2000)
    assert time.perf_counter() - begun < 2.0


def test_draws_of_different_seeds_are_not_compared_one_by_one() -> None:
    groups = random_groups(2, 24, 0.5)
    with pytest.raises(ValueError, match="another seed"):
        Resamples(groups, seed=0, draws=50).above(Resamples(groups, seed=1, draws=50), "uar")
    with pytest.raises(ValueError, match="another seed"):
        Resamples(groups, draws=50).above(Resamples(groups, draws=60), "uar")
    with pytest.raises(ValueError, match="another seed"):
        Resamples(groups, seed=0, draws=50).p_above(Resamples(groups, seed=1, draws=50), "uar")


def test_a_p_value_counts_the_draws_of_the_rarer_sign_twice():
    right, wrong = (Resamples(random_groups(8, 12, rate), draws=99) for rate in (1.0, 0.0))
    # No draw on the other side: twice one in a hundred.
    assert right.p_above(wrong, "uar") == pytest.approx(0.02)
    assert wrong.p_above(right, "uar") == pytest.approx(0.02)
    # No difference in any draw: each counts for both signs.
    assert right.p_above(right, "uar") == 1.0
    # Four people who all agree do so once in eight times by chance, one person always.
    right, wrong = (Resamples(random_groups(4, 12, rate), draws=99) for rate in (1.0, 0.0))
    assert right.p_above(wrong, "uar") == 0.125
    right, wrong = (Resamples(random_groups(4, 12, rate, speakers=1)[:1]) for rate in (1.0, 0.5))
    assert right.p_above(wrong, "uar") == 1.0


def test_a_p_value_is_no_smaller_than_few_people_allow():
    some, others = (Resamples(random_groups(8, 12, rate, seed=seed)) for rate, seed in ((0.6, 1), (0.5, 2)))
    drawn = some.drawn("uar") - others.drawn("uar")
    counted = 2 * (min((drawn <= 0).sum(), (drawn >= 0).sum()) + 1) / 2001
    # Student's t of 7 degrees of freedom, with the deviation of a sample of 8.
    tail = 2 * stats.t.sf(drawn.mean() / drawn.std() * (7 / 8) ** 0.5, 7)
    assert some.p_above(others, "uar") == pytest.approx(max(counted, tail), abs=1e-12)
    assert tail > counted


def test_a_clear_difference_passes_a_correction_for_many_pairs():
    # Of 2,000 draws none has the other sign: their share alone would be 0.001, and 100 pairs could never show anything.
    groups = [random_groups(16, 18, rate, seed=seed, speakers=16) for rate, seed in ((0.9, 1), (0.4, 2))]
    some, others = map(Resamples, groups)
    drawn = some.drawn("uar") - others.drawn("uar")
    assert drawn.min() > 0
    p = some.p_above(others, "uar")
    assert p == pytest.approx(2 * stats.t.sf(drawn.mean() / drawn.std() * (15 / 16) ** 0.5, 15), rel=1e-9)
    assert max(holm([p] * 100)) < 0.05


@pytest.mark.parametrize("people", [3, 8])
def test_people_who_differ_make_no_difference_between_models(people: int):
    # Equally good models, each with people that suit it and people that do not: 60 studies.
    generator = np.random.default_rng(7)
    found = []
    for seed in range(60):
        rates = np.clip(0.6 + 0.15 * generator.normal(size=(2, people)), 0.0, 1.0)
        told = [
            [random_groups(people, 30, rate, seed=seed, speakers=people)[who] for who, rate in enumerate(row)]
            for row in rates
        ]
        found.append(Resamples(told[0], draws=199).p_above(Resamples(told[1], draws=199), "uar"))
    assert np.mean(np.array(found) < 0.05) <= 0.1


def test_a_level_that_draws_lose_lends_no_credit():
    # Each of 20 people has one low, one high and 28 medium; a model that always says medium recalls a third.
    truth = [0, 2] + [1] * 28
    groups = [group([f"c/{w}-{k}" for k in range(30)], [f"p/{w}"] * 30, truth, [1] * 30) for w in range(20)]
    found = bootstrap_interval(groups, "uar")
    assert (found.value, found.low, found.high) == pytest.approx((1 / 3, 1 / 3, 1 / 3), abs=1e-9)
    # Against one that is right where it says medium, and always is: what differs is what the draws hold.
    right = [group(list(one.ids), list(one.speakers), truth, truth) for one in groups]
    above = paired_difference(right, groups, "uar")
    assert (above.value, above.low, above.high) == pytest.approx((2 / 3, 2 / 3, 2 / 3), abs=1e-9)


def test_no_difference_is_so_great_that_its_p_value_is_0() -> None:
    # 400 people, 95 % right against 5 %: beyond 38 deviations, where the normal tail is below any float.
    great, small = (Resamples(random_groups(400, 20, r, speakers=400), draws=99) for r in (0.95, 0.05))
    drawn = great.drawn("uar") - small.drawn("uar")
    assert drawn.mean() / drawn.std() > 38
    assert 0.0 < great.p_above(small, "uar") < 1e-300


def test_holm_multiplies_each_p_by_what_is_left_and_never_lets_a_greater_one_fall_below():
    # 0.001 x 4, 0.02 x 3, then 0.025 x 2 = 0.05 below 0.06, and 0.5 x 1.
    assert holm([0.5, 0.02, 0.001, 0.025]) == pytest.approx((0.5, 0.06, 0.004, 0.06))
    assert holm([0.6, 0.9]) == (1.0, 1.0)
    assert holm([]) == ()


def test_p_values_of_models_that_do_not_differ_are_even():
    # 200 pairs of equally good models over 20 people who do not differ: that people might is allowed for.
    found = []
    for seed in range(200):
        pair = [Resamples(random_groups(20, 9, 0.6, seed=1000 * k + seed, speakers=20), draws=199) for k in (1, 2)]
        found.append(pair[0].p_above(pair[1], "uar"))
    assert np.mean(np.array(found) < 0.1) <= 0.1
    assert 0.4 <= np.median(found) <= 0.7


def test_the_mean_of_answers_varies_with_the_people_that_are_drawn() -> None:
    told = group(["c/1", "c/2", "c/3", "c/4"], ["p/a", "p/a", "p/b", "p/b"], [0] * 4, [0] * 4)
    by_speaker, even = mean_intervals([told, told], [np.array([[1.0, 0.3], [1.0, 0.3], [0.0, 0.3], [0.0, 0.3]])] * 2)
    # Two people drawn of two: both the one, both the other, or one of each.
    assert (by_speaker.value, by_speaker.low, by_speaker.high) == (0.5, 0.0, 1.0)
    assert (even.value, even.low, even.high) == pytest.approx((0.3, 0.3, 0.3))


def test_an_interval_is_what_95_in_100_draws_lie_in() -> None:
    some, others = (Resamples(random_groups(8, 12, rate, seed=seed)) for rate, seed in ((0.6, 1), (0.5, 2)))
    found = some.interval("uar")
    assert np.mean(some.drawn("uar") < found.low) == pytest.approx(0.025, abs=0.003)
    assert np.mean(some.drawn("uar") > found.high) == pytest.approx(0.025, abs=0.003)
    above = some.above(others, "uar")
    drawn = some.drawn("uar") - others.drawn("uar")
    assert (above.low, above.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=1e-12)


def test_rounding_does_not_decide_what_holds_zero() -> None:
    # The same right answers in another order of the utterances: sums differ by their rounding alone.
    groups = random_groups(4, 7, 0.6, seed=3)
    turned = [
        Predictions(ids=g.ids, speakers=g.speakers, probabilities=g.probabilities + 1e-3 * g.correct, correct=g.correct)
        for g in groups
    ]
    one, other = Resamples(groups), Resamples(turned)
    one.drawn("uar")[:] += np.random.default_rng(0).uniform(1e-13, 2e-13, one.draws)
    assert one.above(other, "uar").includes_zero
    assert one.p_above(other, "uar") == 1.0
