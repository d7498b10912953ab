"""Whether the models' probabilities can be taken at their word: rows and figures of a report."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valaro.evaluation.calibration import (
    COLDEST,
    HOTTEST,
    Bin,
    calibration_error,
    cross_entropies,
    cross_entropy,
    fit_temperature,
    overstatements,
    reliability,
    with_temperature,
)
from valaro.evaluation.scores import join_predictions
from valaro.evaluation.significance import Interval, mean_intervals
from valaro.records import FoldResult, Predictions
from valaro.reports.sentences import percent
from valaro.reports.tables import DimensionResults

TRUSTED = 0.05
"""Up to this expected calibration error (0-1) probabilities are said to be usable as they are."""

SIDE = 200.0
_LEFT, _TOP, _INNER = 30.0, 6.0, 164.0
_LARGEST = 11.0


@dataclass(frozen=True, kw_only=True)
class Mended:
    """A model's calibration with each training's probabilities at the temperature that its own validation chose."""

    error: float
    entropy: float
    change: Interval
    """What that adds to the cross-entropy, in nats; below 0 it mends."""
    temperatures: tuple[float, float]
    """The least and the greatest."""
    at_bounds: int
    """Trainings whose temperature is a bound: their validation was all right, or no better than chance."""
    dots: tuple["Dot", ...]


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """A model's calibration over all its tests; error 0-1, entropy in nats."""

    label: str
    colour: int
    error: float
    lean: Interval
    """How much more (0-1) it says than it keeps, on average; below 0 it is too modest."""
    entropy: float
    trainings: int
    dots: tuple["Dot", ...]
    mended: Mended | None
    """None where validation answers were not kept."""


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A bin of the reliability figure, in the units of its view box; its area is its share of the answers."""

    x: float
    y: float
    radius: float
    words: str


def calibration_rows(results: DimensionResults) -> tuple[CalibrationRow, ...]:
    """Return a row a model, in the order of the scores."""
    return tuple(
        _row(row.model_result.label, row.model_result.colour, row.model_result.results) for row in results.rows
    )


def calibration_sentence(rows: Sequence[CalibrationRow]) -> str:
    """Return what the highest-scoring model's probabilities are worth, and whether its validation could mend them."""
    best = rows[0]
    off = f"{best.label}'s probabilities are off by {percent(best.error)} points on average"
    if best.error <= TRUSTED:
        return f"{off}: they can be read as they are."
    if best.mended is None:
        return f"{off}: it is {_how(best.lean)}."
    low, high = best.mended.temperatures
    after = f"after the temperature that validation chose ({low:.2f} to {high:.2f}) by {percent(best.mended.error)}"
    return f"{off}, it is {_how(best.lean)}; {after}{_what_shows(best.mended)}."


def nats(change: Interval) -> str:
    """Return a change of cross-entropy with its interval, in nats.

    >>> nats(Interval(value=-0.07, low=-0.1, high=0.02))
    '−0.070, −0.100 to +0.020'
    """
    return f"{change.value:+.3f}, {change.low:+.3f} to {change.high:+.3f}".replace("-", "−")


def _how(lean: Interval) -> str:
    if lean.includes_zero:
        return "not shown to be too sure or too modest on the whole"
    return "too sure of itself" if lean.value > 0 else "too modest"


def _what_shows(mended: Mended) -> str:
    """Return whether the temperatures mend: a smaller error may stand beside a higher cross-entropy, and by chance."""
    told = f"({nats(mended.change)} nats)"
    if mended.change.includes_zero:
        return f"; in its cross-entropy that shows as neither gain nor loss {told}"
    if mended.change.value > 0:
        return f", but its cross-entropy rises {told}: it is made worse"
    return f", and its cross-entropy falls {told}"


def _row(label: str, colour: int, results: Sequence[FoldResult]) -> CalibrationRow:
    answers = [result.test for result in results]
    whole = join_predictions(answers)
    temperatures = [fit_temperature(result.validation) for result in results if result.validation.ids]
    is_fitted = len(temperatures) == len(results)
    tempered = (
        [with_temperature(own, at) for own, at in zip(answers, temperatures, strict=True)] if is_fitted else answers
    )
    told = [
        np.column_stack([overstatements(own), cross_entropies(new) - cross_entropies(own)])
        for own, new in zip(answers, tempered, strict=True)
    ]
    lean, change = mean_intervals(answers, told)
    return CalibrationRow(
        label=label,
        colour=colour,
        error=calibration_error(whole),
        lean=lean,
        entropy=cross_entropy(whole),
        trainings=len(results),
        dots=_dots(whole),
        mended=_mended(join_predictions(tempered), temperatures, change) if is_fitted else None,
    )


def _mended(whole: Predictions, temperatures: Sequence[float], change: Interval) -> Mended:
    return Mended(
        error=calibration_error(whole),
        entropy=cross_entropy(whole),
        change=change,
        temperatures=(min(temperatures), max(temperatures)),
        at_bounds=sum(temperature in (COLDEST, HOTTEST) for temperature in temperatures),
        dots=_dots(whole),
    )


def _dots(predictions: Predictions) -> tuple[Dot, ...]:
    most = len(predictions.ids)
    return tuple(_dot(one, most) for one in reliability(predictions))


def _dot(one: Bin, most: int) -> Dot:
    return Dot(
        x=round(_across(one.confidence), 1),
        y=round(_up(one.accuracy), 1),
        radius=round(max(1.5, _LARGEST * (one.count / most) ** 0.5), 1),
        words=f"says {percent(one.confidence)} %, right {percent(one.accuracy)} % of {one.count}",
    )


def _across(share: float) -> float:
    return _LEFT + _INNER * share


def _up(share: float) -> float:
    return _TOP + _INNER * (1 - share)
