"""Bootstrap intervals that respect who spoke."""

from collections import defaultdict
from collections.abc import Sequence
from sys import float_info

import numpy as np
from jaxtyping import Float
from scipy.special import stdtr

from valaro.errors import ValaroError
from valaro.evaluation.interval import Interval
from valaro.evaluation.scores import Metric, bookings, metric_of
from valaro.records import Predictions
from valaro.rng import numpy_stream

_FEW = 10
"""Draws of the rarer sign below which their share is too coarse a tail."""

_ROUNDING = 1e-9
"""Differences of scores below it are none."""
_TRACE = 1e-12
"""How much of all its answers every draw holds: nothing, but for a level that the draw lost."""


class Resamples:
    """A model's answers (`groups`, one a fold and seed) on `draws` bootstrap draws of its test utterances.

    Each draw takes as many speakers as there are, with replacement, then as many utterances of each; a speaker or
    utterance of several groups is drawn once for all of them, since a second seed is no second witness. A group
    counts as often as its utterances were drawn, so that folds of one test speaker vary like that speaker. A level that
    a draw lost keeps the recall and precision that the group has: left out, a model that never says a rare level would
    seem to gain by every draw without it. The same seed and utterances give the same draws, so that two models can be
    compared draw by draw.

    Raises:
        ValaroError: there is no group, or an utterance stands twice in one.
    """

    def __init__(self, groups: Sequence[Predictions], *, seed: int = 0, draws: int = 2000) -> None:
        _check_groups(groups)
        self.seed, self.draws = seed, draws
        self.ids = {name for group in groups for name in group.ids}
        booked = [bookings(group).reshape(-1, 9) for group in groups]
        self._booked = np.stack([rows.sum(0).reshape(3, 3) for rows in booked])
        self._matrices = drawn_sums(groups, booked, rng=numpy_stream(seed, "bootstrap"), draws=draws)
        # How often a draw took an utterance of the group.
        self._weights = self._matrices.sum(-1) / np.array([len(group.ids) for group in groups])[:, None]
        self._matrices += _TRACE * self._booked.reshape(-1, 1, 9)
        self.speakers = len({speaker for group in groups for speaker in group.speakers})
        self._drawn: dict[Metric, Float[np.ndarray, " draws"]] = {}

    def interval(self, metric: Metric) -> Interval:
        """Return the mean of `metric` over the groups with its 95 % percentile interval."""
        return _interval(self.value(metric), self.drawn(metric))

    def above(self, other: "Resamples", metric: Metric) -> Interval:
        """Return `metric` minus that of `other` with its 95 % interval, each draw the same utterances for both.

        Raises:
            ValaroError: the two did not judge the same utterances.
        """
        return _interval(self.value(metric) - other.value(metric), self._drawn_above(other, metric))

    def p_above(self, other: "Resamples", metric: Metric) -> float:
        """Return the two-sided bootstrap p-value of the difference to `other`: twice the rarer sign's share of draws.

        A draw of exactly no difference counts for both signs, and one more draw than there were for each, so that it
        is never 0 (Davison and Hinkley 1997, section 4.4). Draws of few speakers vary too little: the deviation of n
        drawn ones is sqrt(n / (n - 1)) times as large in truth, so that p is at least that of Student's t with it and
        n - 1 degrees of freedom. Where fewer than ten draws have the rarer sign, their share says little and could
        never pass a correction for many pairs: there it is that of Student's t alone. One speaker shows nothing.

        Raises:
            ValaroError: the two did not judge the same utterances.
        """
        drawn = self._drawn_above(other, metric)
        deviation = float(drawn.std())
        if self.speakers < 2:
            return 1.0
        rarer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
        counted = min(1.0, 2 * (rarer + 1) / (len(drawn) + 1))
        if deviation == 0.0:
            # All speakers agree to the last digit, as they also would by the toss of a coin each.
            return max(counted, 0.5 ** (self.speakers - 1))
        freedom = self.speakers - 1
        t = abs(float(drawn.mean())) / (deviation * (self.speakers / freedom) ** 0.5)
        # Far out a float holds no tail, but no finite number of draws makes sure.
        tail = max(2 * float(stdtr(freedom, -t)), float_info.min)
        return tail if rarer < _FEW else max(counted, tail)

    def value(self, metric: Metric) -> float:
        """Return the mean of `metric` over the groups."""
        return float(metric_of(self._booked, metric).mean())

    def drawn(self, metric: Metric) -> Float[np.ndarray, " draws"]:
        """Return that mean for every draw."""
        if metric not in self._drawn:
            groups, draws = self._weights.shape
            values = metric_of(self._matrices.reshape(-1, 3, 3), metric).reshape(groups, draws)
            self._drawn[metric] = (values * self._weights).sum(0) / self._weights.sum(0)
        return self._drawn[metric]

    def _drawn_above(self, other: "Resamples", metric: Metric) -> Float[np.ndarray, " draws"]:
        if (self.seed, self.draws) != (other.seed, other.draws):
            raise ValueError("draws of another seed or number cannot be compared one by one")
        _check_same_utterances(self.ids, other.ids)
        differences = self.drawn(metric) - other.drawn(metric)
        # Two that answer alike differ by the rounding of their sums, which must not decide what holds zero.
        return np.where(np.abs(differences) < _ROUNDING, 0.0, differences)


def mean_intervals(
    groups: Sequence[Predictions], rows: Sequence[Float[np.ndarray, "n k"]], *, seed: int = 0, draws: int = 2000
) -> tuple[Interval, ...]:
    """Return the mean over all answers of each column of `rows` (one a group, a row an answer) with its 95 % interval.

    The draws are those of `Resamples`.
    """
    _check_groups(groups)
    counted = [np.column_stack([own, np.ones(len(own))]) for own in rows]
    sums = drawn_sums(groups, counted, rng=numpy_stream(seed, "bootstrap"), draws=draws).sum(0)
    means = np.concatenate(rows).mean(0)
    return tuple(_interval(float(mean), sums[:, k] / sums[:, -1]) for k, mean in enumerate(means))


def holm(p_values: Sequence[float], *, of: int | None = None) -> tuple[float, ...]:
    """Return the p-values, each in its place, corrected for their number (Holm 1979) or for that `of` a greater family.

    The smallest of n counts n times, the next n - 1 times, and none less than one before it.

    >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    >>> [round(p, 6) for p in holm([0.01, 0.04], of=10)]
    [0.1, 0.36]
    """
    corrected = [0.0] * len(p_values)
    worst = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        worst = max(worst, min(1.0, ((of or len(p_values)) - rank) * p_values[index]))
        corrected[index] = worst
    return tuple(corrected)


def drawn_sums(
    groups: Sequence[Predictions], rows: Sequence[Float[np.ndarray, "n k"]], *, rng: np.random.Generator, draws: int
) -> Float[np.ndarray, "groups draws k"]:
    """Return the sum of each group's rows, one an utterance, over every draw."""
    speakers = _ids_by_speaker(groups)
    times = rng.multinomial(len(speakers), np.full(len(speakers), 1 / len(speakers)), size=draws)
    sums = np.zeros((len(groups), draws, rows[0].shape[1]))
    row_of_id = [{name: row for row, name in enumerate(group.ids)} for group in groups]
    # Speaker by speaker, so that memory holds draws x (utterances of one speaker) and never all utterances.
    for number, ids in enumerate(speakers.values()):
        counts = rng.multinomial(times[:, number] * len(ids), np.full(len(ids), 1 / len(ids))).astype(float)
        for group, row_of in enumerate(row_of_id):
            shared = [(column, row_of[name]) for column, name in enumerate(ids) if name in row_of]
            if shared:
                drawn, taken = np.array(shared).T
                sums[group] += counts[:, drawn] @ rows[group][taken]
    return sums


def _ids_by_speaker(groups: Sequence[Predictions]) -> dict[str, tuple[str, ...]]:
    ids: dict[str, set[str]] = defaultdict(set)
    for group in groups:
        for name, speaker in zip(group.ids, group.speakers, strict=True):
            ids[speaker].add(name)
    return {speaker: tuple(sorted(ids[speaker])) for speaker in sorted(ids)}


def _check_groups(groups: Sequence[Predictions]) -> None:
    if not groups:
        raise ValaroError("no predictions for an interval: expected at least one fold")
    for group in groups:
        if len(set(group.ids)) < len(group.ids):
            raise ValaroError("an utterance stands twice in one fold's predictions: expected each id once")


def _check_same_utterances(a_ids: set[str], b_ids: set[str]) -> None:
    if a_ids != b_ids:
        alone = sorted(a_ids ^ b_ids)
        raise ValaroError(
            f"a paired difference needs the same test utterances for both models: {len(a_ids - b_ids)} were judged "
            f"by the first alone, {len(b_ids - a_ids)} by the second alone, such as {alone[0]}"
        )


def _interval(value: float, drawn: Float[np.ndarray, " draws"]) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value=value, low=float(low), high=float(high))
