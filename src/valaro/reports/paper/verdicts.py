"""Which of the paper's claims hold here, which do not, and which cannot be judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from valaro.analysis.differences import LEVEL, Difference, difference_between
from valaro.analysis.model_results import ModelResult
from valaro.analysis.paper.parts import Claim, Model
from valaro.analysis.results import ModelRow
from valaro.documents import parse_toml
from valaro.evaluation.significance import Interval
from valaro.records import Dimension
from valaro.reports import sentences
from valaro.reports.blocks import Sentence
from valaro.reports.paper.matching import Run

HOLDS, FAILS, OPEN = "Holds here", "Does not hold here", "Cannot be judged here"

_WHAT_IS_TRAINED = ("models", "features", "dimensions", "paper", "control")
"""Settings of a study that say which models there are, not under which conditions."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is to be said of a claim: HOLDS, FAILS or OPEN, the claim, and `why` it cannot be judged."""

    outcome: str
    words: str
    why: str = ""


def verdict_sentences(verdicts: Sequence[Verdict]) -> tuple[Sentence, ...]:
    """Return a sentence an outcome, and a reason, with the claims that have it."""
    found: dict[tuple[str, str], list[str]] = {}
    for outcome in (HOLDS, FAILS, OPEN):
        for verdict in verdicts:
            if verdict.outcome == outcome:
                found.setdefault((outcome, verdict.why), []).append(verdict.words)
    return tuple(
        Sentence(lead=f"{outcome}{f' ({why})' if why else ''}: ", text="; ".join(claims) + ".")
        for (outcome, why), claims in found.items()
    )


def judge(claim: Claim, dimension: Dimension, home: Run, runs: Sequence[Run]) -> tuple[Verdict, ...]:
    """Judge a claim on the runs' paired differences; several verdicts where a run varies a setting.

    A model that `home` lacks may stand in another run of the same data and conditions.
    """
    firsts, seconds = (_rows(model, dimension, home, runs) for model in (claim.first, claim.second))
    stated = f"{_named(claim.first, home)} above {_named(claim.second, home)}"
    stated += " on validation" if claim.part == "validation" else ""
    for rows, model in ((firsts, claim.first), (seconds, claim.second)):
        if not rows:
            return (Verdict(outcome=OPEN, words=stated, why=home.why_absent(dimension, model)),)
    if claim.setting:
        return (_between_values(claim, firsts, home),)
    found: list[Verdict] = []
    for first in firsts:
        # What is varied alike, or not at all, is compared.
        alike = [row for row in seconds if _varied(row) == _varied(first) or not _varied(row) or not _varied(first)]
        for second in alike:
            which = _varied(first) or _varied(second)
            name = stated + "".join(f", {setting.partition('.')[2]} {value}" for setting, value in which)
            found.append(_verdict(name, first.model_result, second.model_result, claim))
    return tuple(found) or (Verdict(outcome=OPEN, words=stated, why="no two variants are alike"),)


def _between_values(claim: Claim, rows: Sequence[ModelRow], home: Run) -> Verdict:
    """Judge a model with one value of a varied setting against the same model with another."""
    name, (first, second) = claim.setting.partition(".")[2], claim.values
    stated = f"{_named(claim.first, home)} with {name} {first} above the same with {second}"
    by_value = {dict(_varied(row)).get(claim.setting): row.model_result for row in rows}
    lacking = [value for value in claim.values if value not in by_value]
    if lacking:
        return Verdict(outcome=OPEN, words=stated, why=f"{name} {' and '.join(lacking)} not in this run")
    return _verdict(stated, by_value[first], by_value[second], claim)


def verdict_on(stated: str, difference: Difference | None) -> Verdict:
    """Return what a paired difference says of the claim that it is above zero; few speakers may not bear it out."""
    found = verdict_of(stated, difference and difference.uar)
    if difference is None or found.outcome == OPEN or difference.p < LEVEL:
        return found
    why = f"p = {sentences.p_value(difference.p)} over so few speakers, though the interval does not hold zero"
    return replace(found, outcome=OPEN, why=why)


def verdict_of(stated: str, interval: Interval | None) -> Verdict:
    """Return what the interval of a difference says of the claim that it is above zero."""
    if interval is None:
        return Verdict(outcome=OPEN, words=stated, why="no utterance was judged by both in the same fold and seed")
    measured = f"{sentences.points(interval.value)} points, {sentences.span_of_points(interval)}"
    if interval.includes_zero:
        return Verdict(outcome=OPEN, words=f"{stated} ({measured})", why="the interval holds zero")
    return Verdict(outcome=HOLDS if interval.low > 0 else FAILS, words=f"{stated} ({measured})")


def _verdict(name: str, first: ModelResult, second: ModelResult, claim: Claim) -> Verdict:
    if claim.part == "validation":
        first, second = on_validation(first), on_validation(second)
        if not first.results or not second.results:
            return Verdict(outcome=OPEN, words=name, why="no validation utterances are kept")
    difference = difference_between(first, second, "")
    return verdict_on(name, difference)


def on_validation(model_result: ModelResult) -> ModelResult:
    """Return the contender with its answers on validation utterances in the place of those on the test's."""
    kept = [result for result in model_result.results if result.validation.ids]
    return replace(model_result, results=tuple(replace(result, test=result.validation) for result in kept))


def _rows(model: Model, dimension: Dimension, home: Run, runs: Sequence[Run]) -> tuple[ModelRow, ...]:
    found = home.standing_for(dimension, model)
    if found:
        return found
    others = [run for run in runs if run is not home and _same_conditions(run, home)]
    return next((rows for run in others if (rows := run.standing_for(dimension, model))), ())


def _same_conditions(one: Run, other: Run) -> bool:
    """Whether two runs differ in nothing but which models they trained."""
    a, b = one.record, other.record
    return (a.fingerprint, a.stand_ins, _conditions(a.settings)) == (
        b.fingerprint,
        b.stand_ins,
        _conditions(b.settings),
    )


def _conditions(settings: str) -> dict[str, Any]:
    sections = parse_toml(settings)
    sections.pop("vary", None)
    study = sections.get("study", {})
    for name in _WHAT_IS_TRAINED:
        study.pop(name, None)
    return sections


def _varied(row: ModelRow) -> tuple[tuple[str, str], ...]:
    return row.model_result.results[0].varied


def _named(model: Model, run: Run) -> str:
    """`SSGAN face`: by our features, since ours are compared."""
    method, features = model
    return f"{method} {'+'.join(run.feature(name) for name in features)}"
