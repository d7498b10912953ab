"""The geometry of a chart over the values of a setting: lines over numbers, dots over names."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from valaro.analysis.varied import number_of
from valaro.evaluation.significance import Interval
from valaro.reports.figures import WIDTH, Tick

HEIGHT = 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 14.0, 12.0, 40.0
_LEGEND_ROW = 18.0
_APART = 7.0
"""Between the marks of two series at one value, so that intervals do not hide one another."""
FAR_APART = 50.0
"""Numbers whose largest is more than this many times the smallest above 0 stand evenly, not to scale."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """A model over the setting's values: `points` as (value, score); `colour` and `shape` are its numbers on a page."""

    label: str
    colour: int
    points: tuple[tuple[str, Interval], ...]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A model that the setting does not concern."""

    label: str
    colour: int
    value: float


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A score at one value with its interval, in the chart's units."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class DrawnSeries:
    """A series' marks, the line through them (empty: the values are no numbers) and where its name stands."""

    label: str
    colour: int
    shape: int
    path: str
    marks: tuple[Mark, ...]
    legend: float


@dataclass(frozen=True, kw_only=True)
class DrawnReference:
    """A dashed line across, and where its name stands."""

    label: str
    colour: int
    y: float
    legend: float


@dataclass(frozen=True, kw_only=True)
class ValueChart:
    """A chart of the wide figures' width; its names stand over one another above the frame."""

    title: str
    setting: str
    height: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[DrawnSeries, ...]
    references: tuple[DrawnReference, ...]
    is_to_scale: bool


def value_chart(
    title: str, setting: str, values: Sequence[str], series: Sequence[Series], references: Sequence[Reference]
) -> ValueChart:
    """Return the chart of scores (0-1, drawn in percent) over `values`, which come in order."""
    numbers = [number for number in map(number_of, values) if number is not None]
    are_numbers = len(numbers) == len(values)
    to_scale = are_numbers and _can_be_to_scale(numbers)
    across = _scale(numbers if to_scale else list(range(len(values))), series)
    places = dict(zip(values, map(across, numbers if to_scale else range(len(values))), strict=True))
    top = _TOP + _LEGEND_ROW * (len(series) + len(references))
    height = HEIGHT + top - _TOP
    up, y_ticks = _percent_axis(series, references, top=top, bottom=height - _BOTTOM)
    drawn: list[DrawnSeries] = []
    for place, one in enumerate(series):
        moved = (place - (len(series) - 1) / 2) * _APART
        marks = tuple(
            Mark(x=round(places[value] + moved, 1), y=up(s.value), low=up(s.low), high=up(s.high))
            for value, s in one.points
        )
        line = "M" + "L".join(f"{mark.x:g} {mark.y:g}" for mark in marks) if are_numbers and len(marks) > 1 else ""
        legend = _TOP + _LEGEND_ROW * place
        drawn.append(
            DrawnSeries(label=one.label, colour=one.colour, shape=place % 4, path=line, marks=marks, legend=legend)
        )
    return ValueChart(
        title=title,
        setting=setting,
        height=height,
        top=top,
        bottom=height - _BOTTOM,
        x_ticks=tuple(Tick(at=x, text=value) for value, x in places.items()),
        y_ticks=y_ticks,
        series=tuple(drawn),
        references=tuple(
            DrawnReference(
                label=one.label,
                colour=one.colour,
                y=up(one.value),
                legend=_TOP + _LEGEND_ROW * (len(series) + place),
            )
            for place, one in enumerate(references)
        ),
        is_to_scale=to_scale or not are_numbers,
    )


class _Linear:
    """Map from values to coordinates."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.span, self.start, self.end = low, (high - low) or 1.0, start, end

    def __call__(self, value: float) -> float:
        return round(self.start + (self.end - self.start) * (value - self.low) / self.span, 1)


def _scale(numbers: Sequence[float], series: Sequence[Series]) -> _Linear:
    aside = 22 + _APART * len(series) / 2
    if len(numbers) == 1:
        return _Linear(numbers[0] - 1, numbers[0] + 1, _LEFT, WIDTH - _RIGHT)
    return _Linear(min(numbers), max(numbers), _LEFT + aside, WIDTH - _RIGHT - aside)


def _can_be_to_scale(numbers: Sequence[float]) -> bool:
    positive = [number for number in numbers if number > 0]
    return len(positive) == sum(number != 0 for number in numbers) and (
        not positive or max(positive) <= FAR_APART * min(positive)
    )


def _percent_axis(
    series: Sequence[Series], references: Sequence[Reference], *, top: float, bottom: float
) -> tuple[_Linear, tuple[Tick, ...]]:
    scores = [edge for one in series for _, s in one.points for edge in (s.low, s.value, s.high)]
    scores += [one.value for one in references]
    low, high = floor(20 * min(scores)) * 5, ceil(20 * max(scores)) * 5
    high = max(high, low + 5)
    step = next(size for size in (5, 10, 20, 25) if size * 6 >= high - low or size == 25)
    up = _Linear(low / 100, high / 100, bottom, top)
    marks = range(ceil(low / step) * step, high + 1, step)
    return up, tuple(Tick(at=up(mark / 100), text=str(mark)) for mark in marks)
