"""Bootstrap intervals that respect who spoke."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from valaro.errors import ValaroError
from valaro.evaluation.scores import Metric, bookings, metric_of
from valaro.records import Predictions
from valaro.seeds import numpy_stream


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A score (0-1), or a difference of two, with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        return self.low <= 0.0 <= self.high


def bootstrap_interval(groups: Sequence[Predictions], metric: Metric, *, seed: int = 0, draws: int = 2000) -> Interval:
    """Return the mean of `metric` over `groups` (one a fold and seed) with its 95 % percentile interval.

    Each draw takes as many speakers as there are, with replacement, then as many utterances of each; a speaker or
    utterance of several groups is drawn once for all of them, since a second seed is no second witness. A group
    counts as often as its utterances were drawn, so that folds of one test speaker vary like that speaker.
    """
    _check_groups(groups)
    return _interval(_mean_metric(groups, metric), _drawn_metric(groups, metric, seed=seed, draws=draws))


def paired_difference(
    a_groups: Sequence[Predictions],
    b_groups: Sequence[Predictions],
    metric: Metric,
    *,
    seed: int = 0,
    draws: int = 2000,
) -> Interval:
    """Return `metric` of a minus that of b with its 95 % interval, each draw the same utterances for both.

    Raises:
        ValaroError: a and b did not judge the same utterances.
    """
    _check_groups(a_groups)
    _check_groups(b_groups)
    _check_same_utterances(a_groups, b_groups)
    a_drawn, b_drawn = (_drawn_metric(groups, metric, seed=seed, draws=draws) for groups in (a_groups, b_groups))
    return _interval(_mean_metric(a_groups, metric) - _mean_metric(b_groups, metric), a_drawn - b_drawn)


def _mean_metric(groups: Sequence[Predictions], metric: Metric) -> float:
    matrices = np.stack([bookings(group).sum(0) for group in groups])
    return float(metric_of(matrices, metric).mean())


def _drawn_metric(
    groups: Sequence[Predictions], metric: Metric, *, seed: int, draws: int
) -> Float[np.ndarray, " draws"]:
    """Return the mean metric over the groups for every draw; the same seed and utterances give the same draws."""
    speakers = _ids_by_speaker(groups)
    generator = numpy_stream(seed, "bootstrap")
    times = generator.multinomial(len(speakers), np.full(len(speakers), 1 / len(speakers)), size=draws)
    matrices = np.zeros((len(groups), draws, 9))
    places = [{name: row for row, name in enumerate(group.ids)} for group in groups]
    booked = [bookings(group).reshape(-1, 9) for group in groups]
    # Speaker by speaker, so that memory holds draws x (utterances of one speaker) and never all utterances.
    for column, ids in enumerate(speakers.values()):
        counts = generator.multinomial(times[:, column] * len(ids), np.full(len(ids), 1 / len(ids))).astype(float)
        for group, rows in enumerate(places):
            here = [(place, rows[name]) for place, name in enumerate(ids) if name in rows]
            if here:
                drawn, row = np.array(here).T
                matrices[group] += counts[:, drawn] @ booked[group][row]
    weights = matrices.sum(-1) / np.array([len(group.ids) for group in groups])[:, None]
    values = metric_of(matrices.reshape(-1, 3, 3), metric).reshape(len(groups), draws)
    return (values * weights).sum(0) / weights.sum(0)


def _ids_by_speaker(groups: Sequence[Predictions]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for group in groups:
        for name, speaker in zip(group.ids, group.speakers, strict=True):
            found.setdefault(speaker, set()).add(name)
    return {speaker: tuple(sorted(found[speaker])) for speaker in sorted(found)}


def _check_groups(groups: Sequence[Predictions]) -> None:
    if not groups:
        raise ValaroError("no predictions for an interval: expected at least one fold")
    for group in groups:
        if len(set(group.ids)) < len(group.ids):
            raise ValaroError("an utterance stands twice in one fold's predictions: expected each id once")


def _check_same_utterances(a_groups: Sequence[Predictions], b_groups: Sequence[Predictions]) -> None:
    a_ids, b_ids = ({name for group in groups for name in group.ids} for groups in (a_groups, b_groups))
    if a_ids != b_ids:
        alone = sorted(a_ids ^ b_ids)
        raise ValaroError(
            f"a paired difference needs the same test utterances for both models: {len(a_ids - b_ids)} were judged "
            f"by the first alone, {len(b_ids - a_ids)} by the second alone, such as {alone[0]}"
        )


def _interval(value: float, drawn: Float[np.ndarray, " draws"]) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value=value, low=float(low), high=float(high))
