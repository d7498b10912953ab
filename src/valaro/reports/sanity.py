"""The guards: what every report checks before its figures are believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import stats

from valaro.analysis.data import separation
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.evaluation.shuffles import RENAMINGS, chance_of_mean, renamed_uars
from valaro.evaluation.significance import Interval
from valaro.records import LEVELS, Dimension, FoldResult, RunRecord
from valaro.reports.sentences import FEW_SPEAKERS, percent, plural, points, span, unfinished_words

State = Literal["fine", "look"]

GAP = 0.10
"""Validation UAR that lies so far (0-1) above the test's is worth a warning: what was chosen does not carry over."""

FORGOTTEN = 0.05
"""A level of which a model recognises less than this share (0-1) counts as collapsed."""

WARNS = 0.05
"""How many reports (0-1) warn of shuffled labels above chance although nothing leaks."""

COARSE = 0.20
"""A control whose interval reaches so far (0-1) above chance would not see a leak that matters."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One check: what it is about, whether it is `fine` or somebody should `look`, and what was found."""

    name: str
    state: State
    found: str


def guards(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> tuple[Guard, ...]:
    """Return every check on the runs, in the order in which one would ask."""
    found = [*_unfinished(runs), _apart(runs)]
    controls = _controls(runs, results)
    for one in results:
        found += controls.get(one.dimension, [])
        found += [_gap(one), _collapse(one), _people(one), *_uneven(one)]
    return tuple(found)


def shuffled_interval(uars: Float[np.ndarray, "shuffles 6"]) -> Interval | None:
    """Return the control's mean UAR with its 95 % interval (Student's t) over shuffles, None with fewer than two."""
    means = uars[:, 0]
    if len(means) < 2:
        return None
    reach = float(stats.t.ppf(0.975, len(means) - 1)) * float(means.std(ddof=1)) / len(means) ** 0.5
    mean = float(means.mean())
    return Interval(value=mean, low=max(0.0, mean - reach), high=min(1.0, mean + reach))


def _apart(runs: Sequence[RunRecord]) -> Guard:
    kept = separation(runs)
    name = "Test people kept apart"
    if kept is None:
        return Guard(name=name, state="look", found="no training to check")
    if kept.shared:
        where = f"in {plural(len(kept.shared), 'training')}, such as {kept.shared[0]}"
        return Guard(name=name, state="look", found=f"a speaker is in both validation and test {where}")
    return Guard(
        name=name,
        state="fine",
        found=f"no test speaker is among the validation speakers of any of {plural(kept.trainings, 'training')}; "
        f"{plural(kept.test_speakers, 'speaker')} tested; a fold that trains on one of them cannot be made",
    )


def _controls(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> dict[Dimension, list[Guard]]:
    """Judge the controls of each dimension; all of the report's together warn by chance in one report of twenty."""
    shuffled: dict[tuple[Dimension, int], list[FoldResult]] = {
        (one.dimension, number): [r for r in run.results if r.shuffled and r.dimension == one.dimension]
        for one in results
        for number, run in enumerate(runs)
        if any(r.dimension == one.dimension for r in run.results)
    }
    level = WARNS / max(1, sum(bool(control) for control in shuffled.values()))
    guards_of: dict[Dimension, list[Guard]] = {}
    for (dimension, number), control in shuffled.items():
        name = f"Shuffled labels, {dimension}" + (f", {runs[number].name}" if len(runs) > 1 else "")
        words = "not run (study.control = false, or not finished): a leak of labels would not show"
        guard = _control(name, control, level) if control else Guard(name=name, state="look", found=words)
        guards_of.setdefault(dimension, []).append(guard)
    return guards_of


def _control(name: str, shuffled: Sequence[FoldResult], level: float) -> Guard:
    model, uars = shuffled[0].model, renamed_uars(shuffled)
    interval, chance = shuffled_interval(uars), float(uars.mean())
    mean = percent(float(uars[:, 0].mean()))
    if interval is None:
        words = f"{model}: UAR {mean} %, one shuffle alone says nothing: expected two sessions or more"
        return Guard(name=name, state="look", found=words)
    words = f"{model}: UAR {mean} % ({span(interval)}), guessing {percent(chance)} %"
    if chance_of_mean(uars) <= level:
        found = (
            f"{words}: above chance in {plural(len(uars), 'shuffle')}; by chance alone this happens in "
            f"1 of {1 / WARNS:.0f} reports. If it stays with more seeds (study.seeds), labels of test people leak "
            "somewhere"
        )
        return Guard(name=name, state="look", found=found)
    blind = interval.high - chance
    if blind > COARSE or len(RENAMINGS) ** -len(uars) > level:
        few = f"too few shuffles to see a leak of less than {percent(blind, 0)} points"
        return Guard(name=name, state="look", found=f"{words}: {few}; more seeds (study.seeds) give more")
    return Guard(name=name, state="fine", found=f"{words}: nothing is learnt from labels that mean nothing")


def _gap(one: DimensionResults) -> Guard:
    name = f"Validation against test, {one.dimension}"
    gaps = [(row, row.validation_uar - row.uar.value) for row in one.rows if row.validation_uar is not None]
    if not gaps:
        return Guard(name=name, state="look", found="no validation answers were kept")
    row, gap = max(gaps, key=lambda pair: pair[1])
    words = f"{points(gap)} points of UAR at most, {row.model_result.label}"
    wide = [row.model_result.label for row, gap in gaps if gap > GAP]
    if not wide:
        return Guard(name=name, state="fine", found=words)
    words += f"; more than {100 * GAP:.0f} points for {_listed(wide)}: what validation chose does not carry over"
    return Guard(name=name, state="look", found=words)


def _collapse(one: DimensionResults) -> Guard:
    name = f"Levels forgotten, {one.dimension}"
    lost = [
        f"{row.model_result.label} recognises {percent(recall)} % of {level}"
        for row in one.rows
        for level, recall in zip(LEVELS, row.recalls, strict=True)
        if recall is not None and recall < FORGOTTEN
    ]
    if lost:
        return Guard(name=name, state="look", found=_listed(lost, "; "))
    lowest = min((recall, _place(row, level)) for row in one.rows for level, recall in _recalls(row))
    return Guard(name=name, state="fine", found=f"none; the lowest recall is {percent(lowest[0])} %, {lowest[1]}")


def _recalls(row: ModelRow) -> list[tuple[str, float]]:
    return [(level, recall) for level, recall in zip(LEVELS, row.recalls, strict=True) if recall is not None]


def _place(row: ModelRow, level: str) -> str:
    return f"{row.model_result.label} on {level}"


def _people(one: DimensionResults) -> Guard:
    name = f"People tested, {one.dimension}"
    speakers = min(row.speakers for row in one.rows)
    if speakers < FEW_SPEAKERS:
        words = f"{plural(speakers, 'speaker')}: intervals over so few are rough, and who they are decides much"
        return Guard(name=name, state="look", found=words)
    return Guard(name=name, state="fine", found=plural(speakers, "speaker"))


def _unfinished(runs: Sequence[RunRecord]) -> list[Guard]:
    """Say what each run was to have and has not, and why as far as that is known."""
    found: list[Guard] = []
    for run in runs:
        if run.missing or run.damaged:
            failed = [f"{failure.utterance} ({failure.why})" for failure in run.failures]
            unread = [f"{result.utterance} ({result.why})" for result in run.damaged]
            others = sorted(set(run.missing) - {item.utterance for item in (*run.failures, *run.damaged)})
            words = unfinished_words(run) or "some results cannot be read"
            words += f"; damaged: {_listed(unread, '; ', 3)}" if unread else ""
            words += f"; failed: {_listed(failed, '; ', 3)}" if failed else ""
            words += f"; not there: {_listed(others, most=3)}" if others else ""
            name = "Study finished" + (f", {run.name}" if len(runs) > 1 else "")
            found.append(Guard(name=name, state="look", found=words))
    return found


def _uneven(one: DimensionResults) -> list[Guard]:
    """Say which models lack trainings that others of their run have."""
    short = [f"{row.model_result.label} {row.lacking}" for row in one.rows if row.lacking]
    if not short:
        return []
    words = f"{_listed(short)}: fewer than others have, so they are not ranked with them"
    return [Guard(name=f"Trainings missing, {one.dimension}", state="look", found=words)]


def _listed(texts: Sequence[str], between: str = ", ", most: int = 6) -> str:
    more = f"{between}{len(texts) - most} more" if len(texts) > most else ""
    return between.join(texts[:most]) + more
