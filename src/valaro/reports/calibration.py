"""Whether the models' probabilities can be taken at their word: rows and figures of a report."""

from collections.abc import Sequence
from dataclasses import dataclass

from valaro.evaluation.calibration import (
    COLDEST,
    HOTTEST,
    Bin,
    calibration_error,
    cross_entropy,
    fit_temperature,
    reliability,
    with_temperature,
)
from valaro.evaluation.scores import join_predictions
from valaro.records import FoldResult, Predictions
from valaro.reports.sentences import percent
from valaro.reports.tables import DimensionResults

TRUSTED = 0.05
"""Up to this expected calibration error (0-1) probabilities are said to be usable as they are."""

SIDE = 200.0
_LEFT, _TOP, _INNER = 30.0, 6.0, 164.0
_LARGEST = 11.0


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """A model's calibration over all its tests; errors 0-1, entropies in nats; `temperatures` least and greatest.

    What is `mended` has each training's probabilities at the temperature that its own validation answers chose; None
    where no validation answers were kept.
    """

    label: str
    colour: int
    error: float
    lean: float
    """How much more (0-1) it says than it keeps, on average; below 0 it is too modest."""
    entropy: float
    temperatures: tuple[float, float] | None
    at_bounds: int
    """Trainings whose temperature is a bound: their validation was all right, or no better than chance."""
    trainings: int
    mended_error: float | None
    mended_entropy: float | None
    dots: tuple["Dot", ...]
    mended_dots: tuple["Dot", ...]


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A bin of the reliability figure, in the units of its view box; its area is its share of the answers."""

    x: float
    y: float
    radius: float
    words: str


def calibration_rows(results: DimensionResults) -> tuple[CalibrationRow, ...]:
    """Return a row a model, in the order of the scores."""
    return tuple(_row(row.contender.label, row.contender.colour, row.contender.results) for row in results.rows)


def calibration_sentence(rows: Sequence[CalibrationRow]) -> str:
    """Return what the highest-scoring model's probabilities are worth, and whether its validation could mend them."""
    best = rows[0]
    off = f"{best.label}'s probabilities are off by {percent(best.error)} points on average"
    if best.error <= TRUSTED:
        return f"{off}: they can be read as they are."
    how = "too sure of itself" if best.lean > 0 else "too modest"
    if best.mended_error is None or best.temperatures is None:
        return f"{off}: it is {how}."
    low, high = best.temperatures
    mended = f"after the temperature that validation chose ({low:.2f} to {high:.2f}) by {percent(best.mended_error)}"
    return f"{off}, it is {how}; {mended}{_what_it_cost(best)}."


def _what_it_cost(row: CalibrationRow) -> str:
    """Return what speaks against the temperature, whose smaller error may stand beside a higher cross-entropy."""
    if row.mended_error is None or row.mended_entropy is None or row.mended_error >= row.error:
        return ": too few validation answers to mend it"
    if row.mended_entropy > row.entropy:
        rise = f"{row.mended_entropy:.3f} nats instead of {row.entropy:.3f}"
        return f", but at a higher cross-entropy, {rise}: not shown to mend it"
    return ""


def _row(label: str, colour: int, results: Sequence[FoldResult]) -> CalibrationRow:
    whole = join_predictions([result.test for result in results])
    temperatures = [fit_temperature(result.validation) for result in results if result.validation.ids]
    mended = None
    if len(temperatures) == len(results):
        pairs = zip(results, temperatures, strict=True)
        mended = join_predictions([with_temperature(result.test, temperature) for result, temperature in pairs])
    return CalibrationRow(
        label=label,
        colour=colour,
        error=calibration_error(whole),
        lean=sum(one.count * (one.confidence - one.accuracy) for one in reliability(whole)) / len(whole.ids),
        entropy=cross_entropy(whole),
        temperatures=(min(temperatures), max(temperatures)) if mended else None,
        at_bounds=sum(temperature in (COLDEST, HOTTEST) for temperature in temperatures),
        trainings=len(results),
        mended_error=calibration_error(mended) if mended else None,
        mended_entropy=cross_entropy(mended) if mended else None,
        dots=_dots(whole),
        mended_dots=_dots(mended) if mended else (),
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
