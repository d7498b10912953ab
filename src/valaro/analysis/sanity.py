"""The checks that must pass before a run's scores are believed: what each measured, and whether that is a warning."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from valaro.analysis.data import Separation, separation
from valaro.analysis.results import DimensionResults
from valaro.evaluation.interval import Interval
from valaro.evaluation.shuffles import RENAMINGS, chance_of_mean, renamed_uars
from valaro.records import LEVELS, Dimension, FoldResult, RunRecord

State = Literal["ok", "warning"]

GAP = 0.10
"""Validation UAR that lies so far (0-1) above the test's is worth a warning: what was chosen does not carry over."""

FORGOTTEN = 0.05
"""A level of which a model recognises less than this share (0-1) counts as collapsed."""

WARNS = 0.05
"""How many reports (0-1) warn of shuffled labels above chance although nothing leaks."""

COARSE = 0.20
"""A control whose interval reaches so far (0-1) above chance would not see a leak that matters."""

FEW_SPEAKERS = 10
"""Below this many test speakers a bootstrap over people is rough."""


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """A run whose results are not all there, or cannot all be read."""

    run: RunRecord

    state: State = "warning"

    @property
    def absent(self) -> tuple[str, ...]:
        """The results that are missing without a known reason."""
        known = {item.utterance for item in (*self.run.failures, *self.run.damaged)}
        return tuple(sorted(set(self.run.missing) - known))


@dataclass(frozen=True, kw_only=True)
class SpeakersApart:
    """Whether any training has a speaker in validation and test; None: there is no training."""

    separation: Separation | None

    @property
    def state(self) -> State:
        return "ok" if self.separation and not self.separation.shared else "warning"


@dataclass(frozen=True, kw_only=True)
class ShuffledLabels:
    """The control of a run, which learnt from labels that were dealt out at random, against guessing; scores 0-1."""

    dimension: Dimension
    run: RunRecord
    outcome: Literal["at_chance", "above_chance", "too_few_shuffles", "one_shuffle", "not_run"]
    model: str = ""
    shuffles: int = 0
    uar: float = float("nan")
    interval: Interval | None = None
    """Student's t over the shuffles."""
    chance: float = float("nan")

    @property
    def state(self) -> State:
        return "ok" if self.outcome == "at_chance" else "warning"


@dataclass(frozen=True, kw_only=True)
class ValidationGap:
    """How far each model's validation UAR lies above that of its test (0-1), the highest UAR first."""

    dimension: Dimension
    gaps: tuple[tuple[str, float], ...]

    @property
    def wide(self) -> tuple[str, ...]:
        return tuple(label for label, gap in self.gaps if gap > GAP)

    @property
    def state(self) -> State:
        return "ok" if self.gaps and not self.wide else "warning"


@dataclass(frozen=True, kw_only=True)
class Collapse:
    """The recall (0-1) of each model on each level that is there."""

    dimension: Dimension
    recalls: tuple[tuple[str, str, float], ...]

    @property
    def forgotten(self) -> tuple[tuple[str, str, float], ...]:
        return tuple(recall for recall in self.recalls if recall[2] < FORGOTTEN)

    @property
    def state(self) -> State:
        return "warning" if self.forgotten else "ok"


@dataclass(frozen=True, kw_only=True)
class PeopleTested:
    """The fewest test speakers of any model."""

    dimension: Dimension
    speakers: int

    @property
    def state(self) -> State:
        return "warning" if self.speakers < FEW_SPEAKERS else "ok"


@dataclass(frozen=True, kw_only=True)
class MissingTrainings:
    """How many trainings models lack that others of their run have."""

    dimension: Dimension
    lacking: tuple[tuple[str, int], ...]

    state: State = "warning"


SanityCheck = Unfinished | SpeakersApart | ShuffledLabels | ValidationGap | Collapse | PeopleTested | MissingTrainings


def sanity_checks(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> tuple[SanityCheck, ...]:
    """Return every check on the runs, in the order in which one would ask."""
    checks: list[SanityCheck] = [Unfinished(run=run) for run in runs if run.missing or run.damaged]
    checks.append(SpeakersApart(separation=separation(runs)))
    controls = _controls(runs, results)
    for item in results:
        checks += [control for control in controls if control.dimension == item.dimension]
        checks += _of_dimension(item)
    return tuple(checks)


def shuffled_interval(uars: Float[np.ndarray, "shuffles 6"]) -> Interval | None:
    """Return the control's mean UAR with its 95 % interval (Student's t) over shuffles, None with fewer than two."""
    means = uars[:, 0]
    if len(means) < 2:
        return None
    reach = float(stdtrit(len(means) - 1, 0.975)) * float(means.std(ddof=1)) / len(means) ** 0.5
    mean = float(means.mean())
    return Interval(value=mean, low=max(0.0, mean - reach), high=min(1.0, mean + reach))


def _of_dimension(results: DimensionResults) -> Iterable[SanityCheck]:
    dimension, rows = results.dimension, results.rows
    gaps = tuple(
        (row.model_result.label, row.validation_uar - row.uar.value) for row in rows if row.validation_uar is not None
    )
    yield ValidationGap(dimension=dimension, gaps=gaps)
    recalls = tuple(
        (row.model_result.label, level, recall)
        for row in rows
        for level, recall in zip(LEVELS, row.recalls, strict=True)
        if recall is not None
    )
    yield Collapse(dimension=dimension, recalls=recalls)
    yield PeopleTested(dimension=dimension, speakers=min(row.speakers for row in rows))
    lacking = tuple((row.model_result.label, row.lacking) for row in rows if row.lacking)
    if lacking:
        yield MissingTrainings(dimension=dimension, lacking=lacking)


def _controls(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> list[ShuffledLabels]:
    """Judge the controls of each dimension; all of the report's together warn by chance in one report of twenty."""
    controls: list[tuple[Dimension, RunRecord, list[FoldResult]]] = [
        (item.dimension, run, [result for result in own if result.shuffled])
        for item in results
        for run in runs
        if (own := [result for result in run.results if result.dimension == item.dimension])
    ]
    level = WARNS / max(1, sum(bool(shuffled) for _, _, shuffled in controls))
    return [_control(dimension, run, shuffled, level) for dimension, run, shuffled in controls]


def _control(dimension: Dimension, run: RunRecord, shuffled: Sequence[FoldResult], level: float) -> ShuffledLabels:
    if not shuffled:
        return ShuffledLabels(dimension=dimension, run=run, outcome="not_run")
    uars = renamed_uars(shuffled)
    interval, chance = shuffled_interval(uars), float(uars.mean())
    if interval is None:
        outcome = "one_shuffle"
    elif chance_of_mean(uars) <= level:
        outcome = "above_chance"
    elif interval.high - chance > COARSE or len(RENAMINGS) ** -len(uars) > level:
        outcome = "too_few_shuffles"
    else:
        outcome = "at_chance"
    return ShuffledLabels(
        dimension=dimension,
        run=run,
        outcome=outcome,
        model=shuffled[0].model,
        shuffles=len(uars),
        uar=float(uars[:, 0].mean()),
        interval=interval,
        chance=chance,
    )
