"""Which of the paper's claims hold here, which do not, and which cannot be judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, Literal

from valaro.analysis.differences import LEVEL, Difference, difference_between
from valaro.analysis.model_results import ModelResult
from valaro.analysis.paper.matching import Absence, Run
from valaro.analysis.paper.numbers import FIGURE_6_PEAK, FIGURE_6_SIZES, Part
from valaro.analysis.paper.parts import UNLABELLED_SHARE, Claim, Model
from valaro.analysis.results import ModelRow
from valaro.analysis.varied import over_values
from valaro.documents import parse_toml
from valaro.evaluation.interval import Interval
from valaro.records import Dimension

Outcome = Literal["holds", "fails", "open"]
Reason = Literal[
    "",
    "no_variants_alike",
    "values_absent",
    "no_validation",
    "nothing_shared",
    "includes_zero",
    "few_speakers",
    "sizes_absent",
    "no_faces",
]
"""Why a claim cannot be judged; empty: it can, or `absence` says why not."""

_WHAT_IS_TRAINED = ("models", "features", "dimensions", "paper", "control")
"""Settings of a study that say which models there are, not under which conditions."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a claim compares: two models, two values of a setting, two numbers of unlabelled recordings, or faces."""

    kind: Literal["models", "values", "sizes", "faces"]
    first: str
    """The model that is said to be above; the only one but in claims about models."""
    second: str = ""
    part: Part = "test"
    varied: tuple[tuple[str, str], ...] = ()
    """What a study varies and both models share."""
    setting: str = ""
    values: tuple[str, str] = ("", "")
    sizes: tuple[int, int] = (0, 0)
    dimension: Dimension | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What our results say of a claim: the interval of the paired difference decides it."""

    subject: Subject
    outcome: Outcome
    reason: Reason = ""
    interval: Interval | None = None
    p: float = float("nan")
    absence: Absence | None = None
    lacking_values: tuple[str, ...] = ()
    lacking_sizes: tuple[int, ...] = ()


def judge(claim: Claim, dimension: Dimension, home: Run, runs: Sequence[Run]) -> tuple[Verdict, ...]:
    """Judge a claim on the runs' paired differences; several verdicts where a run varies a setting.

    A model that `home` lacks may stand in another run of the same data and conditions.
    """
    firsts, seconds = (_rows(model, dimension, home, runs) for model in (claim.first, claim.second))
    subject = Subject(
        kind="models", first=home.name_of(claim.first), second=home.name_of(claim.second), part=claim.part
    )
    for rows, model in ((firsts, claim.first), (seconds, claim.second)):
        if not rows:
            return (Verdict(subject=subject, outcome="open", absence=home.why_absent(dimension, model)),)
    if claim.setting:
        return (_between_values(claim, firsts, home),)
    verdicts: list[Verdict] = []
    for first in firsts:
        # What is varied alike, or not at all, is compared.
        alike = [row for row in seconds if _varied(row) == _varied(first) or not _varied(row) or not _varied(first)]
        for second in alike:
            shared = replace(subject, varied=_varied(first) or _varied(second))
            verdicts.append(_verdict(shared, first.model_result, second.model_result, claim))
    return tuple(verdicts) or (Verdict(subject=subject, outcome="open", reason="no_variants_alike"),)


def _between_values(claim: Claim, rows: Sequence[ModelRow], home: Run) -> Verdict:
    """Judge a model with one value of a varied setting against the same model with another."""
    subject = Subject(kind="values", first=home.name_of(claim.first), setting=claim.setting, values=claim.values)
    by_value = {dict(_varied(row)).get(claim.setting): row.model_result for row in rows}
    lacking = tuple(value for value in claim.values if value not in by_value)
    if lacking:
        return Verdict(subject=subject, outcome="open", reason="values_absent", lacking_values=lacking)
    first, second = (by_value[value] for value in claim.values)
    return _verdict(subject, first, second, claim)


def verdicts_on_sizes(dimension: Dimension, rows: Sequence[ModelRow]) -> tuple[Verdict, ...]:
    """Judge that unlabelled data pays, and that too much of it does not (Figure 6).

    The paper's best number of it, or the largest here, stands against the smallest, and against the paper's largest.
    """
    verdicts: list[Verdict] = []
    for model in over_values(rows, UNLABELLED_SHARE):
        by_size = {_unlabelled(row): row.model_result for _, row in model.rows}
        if len(by_size) > 1:
            most = FIGURE_6_PEAK if FIGURE_6_PEAK in by_size else max(by_size)
            subject = Subject(kind="sizes", first=model.unvaried, varied=model.others, dimension=dimension)
            pays = replace(subject, sizes=(most, min(by_size)))
            falls = replace(subject, sizes=(FIGURE_6_PEAK, FIGURE_6_SIZES[-1]))
            verdicts += [_between_sizes(pays, by_size), _between_sizes(falls, by_size)]
    return tuple(verdicts)


def _between_sizes(subject: Subject, by_size: Mapping[int, ModelResult]) -> Verdict:
    lacking = tuple(size for size in subject.sizes if size not in by_size)
    if lacking:
        return Verdict(subject=subject, outcome="open", reason="sizes_absent", lacking_sizes=lacking)
    more, fewer = (by_size[size] for size in subject.sizes)
    return verdict_on(subject, difference_between(more, fewer))


def _unlabelled(row: ModelRow) -> int:
    """Return how many unlabelled recordings its trainings had, on average."""
    return round(fmean(result.unlabelled for result in row.model_result.results))


def verdict_on(subject: Subject, difference: Difference | None) -> Verdict:
    """Return what a paired difference says of the claim that it is above zero; few speakers may not bear it out."""
    verdict = verdict_of(subject, difference and difference.uar)
    if difference is None or verdict.outcome == "open" or difference.p < LEVEL:
        return verdict
    return replace(verdict, outcome="open", reason="few_speakers", p=difference.p)


def verdict_of(subject: Subject, interval: Interval | None) -> Verdict:
    """Return what the interval of a difference says of the claim that it is above zero."""
    if interval is None:
        return Verdict(subject=subject, outcome="open", reason="nothing_shared")
    if interval.includes_zero:
        return Verdict(subject=subject, outcome="open", reason="includes_zero", interval=interval)
    return Verdict(subject=subject, outcome="holds" if interval.low > 0 else "fails", interval=interval)


def _verdict(subject: Subject, first: ModelResult, second: ModelResult, claim: Claim) -> Verdict:
    if claim.part == "validation":
        first, second = on_validation(first), on_validation(second)
        if not first.results or not second.results:
            return Verdict(subject=subject, outcome="open", reason="no_validation")
    return verdict_on(subject, difference_between(first, second))


def on_validation(model_result: ModelResult) -> ModelResult:
    """Return the model with its answers on validation utterances in the place of those on the test's."""
    kept = [result for result in model_result.results if result.validation.ids]
    return replace(model_result, results=tuple(replace(result, test=result.validation) for result in kept))


def _rows(model: Model, dimension: Dimension, home: Run, runs: Sequence[Run]) -> tuple[ModelRow, ...]:
    rows = home.standing_for(dimension, model)
    if rows:
        return rows
    others = [run for run in runs if run is not home and _same_conditions(run, home)]
    return next((rows for run in others if (rows := run.standing_for(dimension, model))), ())


def _same_conditions(first: Run, second: Run) -> bool:
    """Whether two runs differ in nothing but which models they trained."""
    a, b = first.record, second.record
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
