"""The geometry of a report's figures: numbers to coordinates in the units of an SVG's view box."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite

import numpy as np

from valaro.analysis.data import FaceTable, share
from valaro.analysis.differences import Difference
from valaro.analysis.results import DimensionResults
from valaro.evaluation.significance import Interval
from valaro.records import FoldResult, HistoryPoint
from valaro.reports.sentences import pair_name

WIDTH = 400.0
"""Width of the wide figures: that of a telephone, so that text keeps its size there and grows a little elsewhere."""

MARGIN = 14.0
ROW = 46.0
TALL_ROW = 61.0
"""With a second line of text, where a name is too long to share one with its numbers."""

LONGEST = 32
"""Letters of a name that leave room for its numbers."""

MOST_LINES = 48
MOST_POINTS = 60


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark on an axis: its coordinate and its words."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class IntervalLine:
    """A dot with its interval and the single values behind it, at height `y`."""

    y: float
    dot: float
    low: float
    high: float
    singles: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IntervalChart:
    """Dots and intervals over one another on one axis, with a reference line (guessing, or no difference)."""

    lines: tuple[IntervalLine, ...]
    ticks: tuple[Tick, ...]
    reference: float
    row: float = ROW

    @property
    def height(self) -> float:
        return self.row * len(self.lines) + 34

    @property
    def is_tall(self) -> bool:
        return self.row > ROW


@dataclass(frozen=True, kw_only=True)
class CurvePanel:
    """One quantity over training steps: thin paths a training, the bold mean, the chosen steps as dots."""

    title: str
    thin: tuple[str, ...]
    mean: str
    chosen: tuple[tuple[float, float], ...]
    low: str
    high: str
    last_step: int
    trainings: int


PANEL_WIDTH, PANEL_HEIGHT = 200.0, 120.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 8.0, 8.0, 18.0


def score_chart(results: DimensionResults) -> IntervalChart:
    """Return UAR in percent: a dot and interval a model, a faint dot a training."""
    values = [results.chance]
    for row in results.rows:
        values += [row.uar.low, row.uar.high, *row.fold_uars]
    low, high = floor(min(values) * 10) * 10, ceil(max(values) * 10) * 10
    scale = _Scale(low / 100, high / 100)
    height = _row_height(row.model_result.label for row in results.rows)
    lines = [
        _line(scale, height * place, height, row.uar, tuple(scale(value) for value in sorted(row.fold_uars)))
        for place, row in enumerate(results.rows)
    ]
    step = 10 if high - low <= 70 else 20
    ticks = [Tick(at=scale(value / 100), text=str(value)) for value in range(low, high + 1, step)]
    return IntervalChart(lines=tuple(lines), ticks=tuple(ticks), reference=scale(results.chance), row=height)


def difference_chart(differences: Sequence[Difference]) -> IntervalChart:
    """Return UAR differences in points around a line at no difference."""
    reach = max(max(abs(d.uar.low), abs(d.uar.high), abs(d.uar.value)) for d in differences)
    step = next(size for size in (1, 2, 5, 10, 20, 50) if size * 3 >= 100 * reach or size == 50)
    most = max(1, ceil(100 * reach / step)) * step
    scale = _Scale(-most / 100, most / 100)
    height = _row_height(map(pair_name, differences))
    lines = [_line(scale, height * place, height, difference.uar, ()) for place, difference in enumerate(differences)]
    marks = range(-most, most + 1, step)
    ticks = [Tick(at=scale(m / 100), text=f"{m:+d}".replace("-", "−") if m else "0") for m in marks]
    return IntervalChart(lines=tuple(lines), ticks=tuple(ticks), reference=scale(0.0), row=height)


@dataclass(frozen=True)
class Spread:
    """The middle of some values and the quartiles around it."""

    middle: float
    low: float
    high: float


def spread_chart(spreads: Sequence[Spread], unit: str) -> IntervalChart:
    """Return a dot and a bar a row around a line at 0."""
    edges = [0.0, *(edge for spread in spreads for edge in (spread.low, spread.high))]
    step = next(size for size in (1, 2, 5, 10, 20, 50) if size * 8 >= max(edges) - min(edges) or size == 50)
    low, high = floor(min(edges) / step) * step, ceil(max(edges) / step) * step
    scale = _Scale(low, high)
    lines = [
        IntervalLine(y=ROW * place + 32, dot=scale(spread.middle), low=scale(spread.low), high=scale(spread.high))
        for place, spread in enumerate(spreads)
    ]
    marks = [
        Tick(at=scale(mark), text=f"{mark:+d}".replace("-", "−") if mark else "0")
        for mark in range(low, high + 1, step)
    ]
    last = Tick(at=marks[-1].at, text=f"{marks[-1].text} {unit}")
    return IntervalChart(lines=tuple(lines), ticks=(*marks[:-1], last), reference=scale(0.0))


def curve_panels(results: Sequence[FoldResult]) -> tuple[CurvePanel, ...]:
    """Return a model's learning curves: validation UAR in percent first, then a panel for each loss term."""
    shown = [result for result in results if result.history]
    names = list(dict.fromkeys(name for result in shown for point in result.history for name in point.losses))
    panels = [_panel("validation UAR, %", shown, lambda point: 100 * point.validation_uar, 1.0)]
    panels += [
        _panel(name, shown, lambda point, name=name: point.losses.get(name, float("nan")), 0.99) for name in names
    ]
    return tuple(panels) if shown else ()


def face_strip(table: FaceTable) -> str:
    """Return a path under the clips' sorted shares of frames with a face, best to worst, in a 400 x 90 box."""
    shares = [share(face) for face in reversed(table.clips)]
    kept = [shares[k] for k in _spread(len(shares), 200)]
    width = WIDTH / len(kept)
    steps = " ".join(f"V{_n(90 - 90 * value)}H{_n((k + 1) * width)}" for k, value in enumerate(kept))
    return f"M0 90{steps}V90Z"


class _Scale:
    """Linear map from values to the figure's width inside its margins."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.span = low, (high - low) or 1.0

    def __call__(self, value: float) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (value - self.low) / self.span, 1)


def _line(scale: _Scale, top: float, row: float, interval: Interval, singles: tuple[float, ...]) -> IntervalLine:
    dot, low, high = scale(interval.value), scale(interval.low), scale(interval.high)
    return IntervalLine(y=top + row - ROW + 32, dot=dot, low=low, high=high, singles=singles)


def _row_height(names: Iterable[str]) -> float:
    return TALL_ROW if any(len(name) > LONGEST for name in names) else ROW


def _panel(
    title: str, results: Sequence[FoldResult], value: Callable[[HistoryPoint], float], keep: float
) -> CurvePanel:
    series = [[(p.step, value(p)) for p in result.history if isfinite(value(p))] for result in results]
    points = [point for line in series for point in line]
    last = max((step for step, _ in points), default=1) or 1
    # A generator's loss may spike; beyond the share `keep` it is drawn at the edge rather than flatten the rest.
    low, high = _limits([y for _, y in points], keep)
    place = _Place(last, low, high)
    best = [
        place(step, y)
        for result, line in zip(results, series, strict=True)
        for step, y in line
        if step == result.best_step
    ]
    return CurvePanel(
        title=title,
        thin=tuple(_path(place, series[k]) for k in _spread(len(series), MOST_LINES) if series[k]),
        mean=_path(place, _mean(series)),
        chosen=tuple(best),
        low=_short(low),
        high=_short(high),
        last_step=last,
        trainings=len(series),
    )


class _Place:
    """Map from (step, value) to a panel's coordinates."""

    def __init__(self, last: int, low: float, high: float) -> None:
        self.last, self.low, self.high = last, low, high

    def __call__(self, step: float, value: float) -> tuple[float, float]:
        inside = min(max(value, self.low), self.high)
        rise = (inside - self.low) / ((self.high - self.low) or 1.0)
        x = _LEFT + (PANEL_WIDTH - _LEFT - _RIGHT) * step / self.last
        y = PANEL_HEIGHT - _BOTTOM - (PANEL_HEIGHT - _TOP - _BOTTOM) * rise
        return round(x, 1), round(y, 1)


def _limits(values: Sequence[float], keep: float) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = (float(edge) for edge in np.quantile(values, [0.0, keep]))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _mean(series: Sequence[Sequence[tuple[int, float]]]) -> list[tuple[int, float]]:
    """Return the mean at each step that at least half of the trainings reached."""
    values: dict[int, list[float]] = {}
    for line in series:
        for step, y in line:
            values.setdefault(step, []).append(y)
    lines = sum(bool(line) for line in series)
    return [(step, sum(ys) / len(ys)) for step, ys in sorted(values.items()) if 2 * len(ys) >= lines]


def _path(place: _Place, line: Sequence[tuple[int, float]]) -> str:
    kept = [place(*line[k]) for k in _spread(len(line), MOST_POINTS)]
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in kept) if kept else ""


def _spread(count: int, most: int) -> Iterable[int]:
    """Return at most `most` places spread evenly over `count`, the first and last included."""
    if count <= most:
        return range(count)
    return [round(k * (count - 1) / (most - 1)) for k in range(most)]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
