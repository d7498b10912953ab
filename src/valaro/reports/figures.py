"""What each panel of a figure shows, in the units it is drawn in; plots.py draws it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Int

from valaro.analysis.calibration import CalibrationRow
from valaro.analysis.data import FaceTable, share
from valaro.analysis.differences import Difference
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.evaluation.interval import Interval
from valaro.records import LEVELS, FeatureMap, FoldResult, HistoryPoint
from valaro.reports.formats import percent, points, span, span_of_points

Item = TypeVar("Item")

MOST_LINES = 48
MOST_POINTS = 60
_BINS = 24


@dataclass(frozen=True, kw_only=True)
class IntervalLine:
    """A named dot with its interval, what stands beside it in words, and the single values behind it."""

    name: str
    words: str
    colour: int
    value: float
    low: float
    high: float
    singles: tuple[float, ...] = ()
    above: str = ""
    """In a difference: what is named first scores this much above it; else empty."""


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Dots and intervals over one another on one axis, with a reference line (guessing, or no difference)."""

    lines: tuple[IntervalLine, ...]
    reference: float
    reference_name: str
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One quantity over training steps: a thin line a training, the bold mean, the chosen steps as dots."""

    title: str
    colour: int
    thin: tuple[tuple[tuple[float, float], ...], ...]
    mean: tuple[tuple[float, float], ...]
    chosen: tuple[tuple[float, float], ...]
    low: float
    high: float
    last_step: int
    trainings: int


@dataclass(frozen=True, kw_only=True)
class Series:
    """A model over the setting's values: `points` as (value, score 0-1)."""

    label: str
    colour: int
    points: tuple[tuple[str, Interval], ...]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A model that the setting does not concern; score 0-1."""

    label: str
    colour: int
    value: float


@dataclass(frozen=True, kw_only=True)
class ValueChart:
    """Scores over the values of a setting: `places` are where the values stand on the axis."""

    title: str
    setting: str
    values: tuple[str, ...]
    places: tuple[float, ...]
    series: tuple[Series, ...]
    references: tuple[Reference, ...]
    are_numbers: bool
    is_to_scale: bool


@dataclass(frozen=True, kw_only=True)
class PointMap:
    """Points by kind, in a frame that holds all real ones; those beyond it are drawn at its edge."""

    title: str
    points: tuple[tuple[str, Float[np.ndarray, "_ 2"]], ...]
    frame: tuple[float, float, float, float]
    """Left, right, bottom, top."""


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts over a range of values; a few far outliers stand in the last bar."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    highest: float
    unit: str


Panel = Intervals | Curve | ModelRow | CalibrationRow | ValueChart | PointMap | Histogram | FaceTable
"""A row of the results is drawn as its confusion matrix, one of calibration as its reliability, faces as a strip."""


def title_of(panel: Panel) -> str:
    """Return what stands above a panel among others; empty where one stands alone."""
    match panel:
        case ModelRow():
            return panel.model_result.label
        case CalibrationRow():
            return panel.label
        case Curve() | ValueChart() | PointMap():
            return panel.title
        case Intervals() | Histogram() | FaceTable():
            return ""


def score_chart(results: DimensionResults) -> Intervals:
    """Return UAR in percent: a dot and interval a model, a faint dot a training."""
    lines = [
        _line(
            row.model_result.label,
            f"{percent(row.uar.value)} ({span(row.uar)})",
            row.model_result.colour,
            row.uar,
            row.fold_uars,
        )
        for row in results.rows
    ]
    return Intervals(
        lines=tuple(lines), reference=100 * results.chance, reference_name=f"guessing {percent(results.chance)} %"
    )


def difference_chart(differences: Sequence[Difference]) -> Intervals:
    """Return UAR differences in points around a line at no difference."""
    lines = [
        _line(d.first, f"{points(d.uar.value)} ({span_of_points(d.uar)})", d.colour, d.uar, above=d.second)
        for d in differences
    ]
    return Intervals(lines=tuple(lines), reference=0.0, reference_name="no difference", unit="points")


def _line(
    name: str, words: str, colour: int, score: Interval, singles: Sequence[float] = (), above: str = ""
) -> IntervalLine:
    value, low, high = (100 * number for number in (score.value, score.low, score.high))
    own = tuple(100 * single for single in sorted(singles))
    return IntervalLine(
        name=name, above=above, words=words, colour=colour, value=value, low=low, high=high, singles=own
    )


def curves(results: Sequence[FoldResult], colour: int) -> tuple[Curve, ...]:
    """Return a model's learning curves: validation UAR in percent first, then a panel for each loss term."""
    shown = [result for result in results if result.history]
    names = list(dict.fromkeys(name for result in shown for point in result.history for name in point.losses))
    panels = [_curve("validation UAR, %", colour, shown, lambda point: 100 * point.validation_uar, 1.0)]
    panels += [
        _curve(name.replace("_", " "), colour, shown, lambda point, name=name: point.losses.get(name, np.nan), 0.99)
        for name in names
    ]
    return tuple(panels) if shown else ()


def _curve(
    title: str, colour: int, results: Sequence[FoldResult], value: Callable[[HistoryPoint], float], keep: float
) -> Curve:
    series = [[(float(p.step), value(p)) for p in result.history if isfinite(value(p))] for result in results]
    flat = [point for line in series for point in line]
    # A generator's loss may spike; beyond the share `keep` it is drawn at the edge rather than flatten the rest.
    low, high = (float(edge) for edge in np.quantile([y for _, y in flat], [0.0, keep])) if flat else (0.0, 1.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)

    def inside(line: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
        return tuple((step, min(max(y, low), high)) for step, y in line)

    pairs = zip(results, series, strict=True)
    best = [(step, y) for result, line in pairs for step, y in line if step == result.best_step]
    return Curve(
        title=title,
        colour=colour,
        thin=tuple(inside(_thinned(line, MOST_POINTS)) for line in _thinned(series, MOST_LINES) if line),
        mean=inside(_mean(series)),
        chosen=inside(best),
        low=low,
        high=high,
        last_step=int(max((step for step, _ in flat), default=1)) or 1,
        trainings=len(series),
    )


def _mean(series: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """Return the mean at each step that at least half of the trainings reached."""
    values: dict[float, list[float]] = {}
    for line in series:
        for step, y in line:
            values.setdefault(step, []).append(y)
    lines = sum(bool(line) for line in series)
    return [(step, sum(ys) / len(ys)) for step, ys in sorted(values.items()) if 2 * len(ys) >= lines]


def _thinned(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most `most` items spread evenly, the first and last included."""
    if len(items) <= most:
        return list(items)
    return [items[round(k * (len(items) - 1) / (most - 1))] for k in range(most)]


def sorted_shares(table: FaceTable) -> list[float]:
    """Return each clip's share (0-1) of frames with a face, best to worst."""
    return _thinned([share(face) for face in reversed(table.clips)], 200)


def histogram(values: Sequence[float]) -> Histogram | None:
    """Return the counts over the values' range, None without a value; few far outliers count in the last bar."""
    if not values:
        return None
    edge = float(np.quantile(values, 0.99)) * 1.2
    low, high = min(values), max(min(max(values), edge), min(values) + 1e-9)
    counts, edges = np.histogram(np.clip(values, low, high), bins=_BINS, range=(low, high))
    return Histogram(
        edges=tuple(map(float, edges)), counts=tuple(int(count) for count in counts), highest=max(values), unit="s"
    )


def frame_of(feature_map: FeatureMap) -> tuple[float, float, float, float]:
    """Return the box (left, right, bottom, top) that holds all real points; both directions have one scale."""
    real = np.concatenate([feature_map.labelled, feature_map.unlabelled, feature_map.test])
    (left, bottom), (right, top) = real.min(axis=0), real.max(axis=0)
    across = float(right - left) or float(top - bottom) or 1.0
    # A third of the width at least, and 3/4 of it at most, or a map would be a strip.
    up = max(float(top - bottom), across / 3)
    across = max(across, up / 0.75)
    middle, centre = float(left + right) / 2, float(bottom + top) / 2
    return (middle - 0.53 * across, middle + 0.53 * across, centre - 0.55 * up, centre + 0.55 * up)


def beyond(feature_map: FeatureMap) -> int:
    """Return how many generated points lie outside the frame."""
    left, right, bottom, top = frame_of(feature_map)
    x, y = feature_map.generated[:, 0], feature_map.generated[:, 1]
    return int(((x < left) | (x > right) | (y < bottom) | (y > top)).sum())


def point_map(title: str, points: Iterable[tuple[str, Float[np.ndarray, "_ 2"]]], feature_map: FeatureMap) -> PointMap:
    """Return the points inside the frame of a model's map."""
    left, right, bottom, top = frame_of(feature_map)
    kept = tuple((kind, own.clip([left, bottom], [right, top])) for kind, own in points)
    return PointMap(title=title, points=kept, frame=(left, right, bottom, top))


def by_level(
    points: Float[np.ndarray, "n 2"], levels: Int[np.ndarray, " n"]
) -> list[tuple[str, Float[np.ndarray, "_ 2"]]]:
    """Return the points by level."""
    return [(level, points[levels == k]) for k, level in enumerate(LEVELS)]
