"""Whether the models' probabilities can be taken at their word."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valaro.analysis.results import DimensionResults
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
from valaro.evaluation.interval import Interval
from valaro.evaluation.scores import join_predictions
from valaro.evaluation.significance import mean_intervals
from valaro.records import FoldResult, Predictions

TRUSTED = 0.05
"""Up to this expected calibration error (0-1) probabilities can be used as they are."""


@dataclass(frozen=True, kw_only=True)
class TemperatureScaling:
    """A model's calibration with each training's probabilities at the temperature that its own validation chose."""

    error: float
    entropy: float
    change: Interval
    """What that adds to the cross-entropy, in nats; below 0 it is better."""
    temperatures: tuple[float, float]
    """The least and the greatest."""
    at_bounds: int
    """Trainings whose temperature is a bound: their validation was all right, or no better than chance."""
    bins: tuple[Bin, ...]


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """A model's calibration over all its tests; error 0-1, entropy in nats."""

    label: str
    colour: int
    error: float
    confidence_gap: Interval
    """How much more confident (0-1) it is than it is right, on average; below 0 it is too modest."""
    entropy: float
    trainings: int
    answers: int
    bins: tuple[Bin, ...]
    after_temperature_scaling: TemperatureScaling | None
    """None where validation answers were not kept."""


def calibration_rows(results: DimensionResults) -> tuple[CalibrationRow, ...]:
    """Return one row per model, in the order of the scores."""
    return tuple(
        _row(row.model_result.label, row.model_result.colour, row.model_result.results) for row in results.rows
    )


def _row(label: str, colour: int, results: Sequence[FoldResult]) -> CalibrationRow:
    answers = [result.test for result in results]
    whole = join_predictions(answers)
    temperatures = [fit_temperature(result.validation) for result in results if result.validation.ids]
    is_fitted = len(temperatures) == len(results)
    scaled = (
        [with_temperature(own, at) for own, at in zip(answers, temperatures, strict=True)] if is_fitted else answers
    )
    columns = [
        np.column_stack([overstatements(own), cross_entropies(new) - cross_entropies(own)])
        for own, new in zip(answers, scaled, strict=True)
    ]
    confidence_gap, change = mean_intervals(answers, columns)
    return CalibrationRow(
        label=label,
        colour=colour,
        error=calibration_error(whole),
        confidence_gap=confidence_gap,
        entropy=cross_entropy(whole),
        trainings=len(results),
        answers=len(whole.ids),
        bins=reliability(whole),
        after_temperature_scaling=_after(join_predictions(scaled), temperatures, change) if is_fitted else None,
    )


def _after(whole: Predictions, temperatures: Sequence[float], change: Interval) -> TemperatureScaling:
    return TemperatureScaling(
        error=calibration_error(whole),
        entropy=cross_entropy(whole),
        change=change,
        temperatures=(min(temperatures), max(temperatures)),
        at_bounds=sum(temperature in (COLDEST, HOTTEST) for temperature in temperatures),
        bins=reliability(whole),
    )
