"""Every figure, drawn: SVG for the page; SVG, PDF and PNG as files; the same panels give the same bytes."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from math import ceil
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.typing import RcKeyType

from valaro.analysis.calibration import CalibrationRow
from valaro.analysis.data import FaceTable
from valaro.analysis.results import ModelRow
from valaro.evaluation.calibration import Bin
from valaro.records import LEVELS
from valaro.reports.figures import Curve, Histogram, IntervalLine, Intervals, Panel, PointMap, ValueChart, sorted_shares
from valaro.reports.formats import count, percent
from valaro.reports.svg import document, page_element

INK, QUIET, RULE, PAPER = "#22252a", "#62676f", "#dedad1", "#ffffff"
COLOURS = ("#0072b2", "#c85200", "#00795a", "#a3497f", "#2b7fb0", "#8f6a00")
"""Okabe and Ito's, darkened until thin lines and print carry them; shapes tell them apart where colours do not."""
MARKERS, DASHES = ("o", "s", "^", "D", "v", "P"), ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_KINDS = {
    "unlabelled": ("o", QUIET, 0.5, 1.6),
    "generated": ("D", "#a3497f", 0.9, 3.0),
    "low": ("v", "#0072b2", 0.9, 3.8),
    "medium": ("s", "#b3ada1", 1.0, 3.4),
    "high": ("^", "#c85200", 0.9, 3.8),
}
_ON_THE_PAGE = {
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    RULE: "var(--line)",
    PAPER: "var(--paper)",
    "#b3ada1": "var(--medium)",
    **dict(zip(COLOURS, (f"var(--c{k})" for k in range(6)), strict=True)),
}
_STYLE: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.labelcolor": QUIET,
    "axes.labelsize": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "legend.borderpad": 0.0,
    "legend.labelspacing": 0.3,
    "figure.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "valaro",
    "pdf.fonttype": 42,
}
_ROW, _TALL_ROW, _LONGEST = 0.34, 0.46, 30
"""Inches of an interval's row, with one line of text or two, and the letters of a name that leave room for numbers."""
_WIDE, _SMALL = 4.0, 2.6


def page_svg(panel: Panel, label: str) -> str:
    """Return a panel as an SVG element of a page, with the page's colours and letters."""
    return page_element(_saved([panel], 1, "svg", {"Date": None}, transparent=True), _plain(label), _ON_THE_PAGE)


def figure_files(panels: Sequence[Panel], label: str) -> dict[str, bytes]:
    """Return the panels, beside one another, as whole files by their suffix."""
    columns = min(len(panels), 3 if _layout(panels[0]).width < _WIDE else 2)
    return {
        ".svg": document(_saved(panels, columns, "svg", {"Date": None}), _plain(label)),
        ".pdf": _saved(panels, columns, "pdf", {"CreationDate": None, "Title": _plain(label)}),
        ".png": _saved(panels, columns, "png", {"Title": _plain(label)}),
    }


def _plain(text: str) -> str:
    """Return text on one line; what no font and no XML can hold becomes a sign of its own."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))


def _saved(
    panels: Sequence[Panel], columns: int, form: str, metadata: dict[str, str | None], *, transparent: bool = False
) -> bytes:
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A name may have letters that the font has not: the browser's own will do, and a file shows a box.
        warnings.filterwarnings("ignore", message="Glyph")
        figure = _figure(panels, columns)
        for artist in figure.findobj():
            artist.set_clip_on(False)
        buffer = io.BytesIO()
        figure.savefig(buffer, format=form, dpi=200, metadata=metadata, transparent=transparent)
    return buffer.getvalue()


def _figure(panels: Sequence[Panel], columns: int) -> Figure:
    layouts = [_layout(panel) for panel in panels]
    width, height = max(layout.width for layout in layouts), max(layout.height for layout in layouts)
    rows = ceil(len(panels) / columns)
    figure = Figure(figsize=(width * columns, height * rows))
    for number, (panel, layout) in enumerate(zip(panels, layouts, strict=True)):
        row, column = divmod(number, columns)
        axes = figure.add_axes(
            (
                (column + layout.left / width) / columns,
                (rows - row - 1 + layout.bottom / height) / rows,
                (width - layout.left - layout.right) / width / columns,
                (height - layout.top - layout.bottom) / height / rows,
            )
        )
        _draw(panel, axes)
    return figure


@dataclass(frozen=True)
class _Layout:
    """A panel's size, and what it leaves free around its axes, in inches."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float


def _layout(panel: Panel) -> _Layout:
    match panel:
        case Intervals():
            return _Layout(_WIDE, _row_height(panel) * len(panel.lines) + 0.5, 0.15, 0.15, 0.2, 0.25)
        case ValueChart():
            legend = 0.17 * (len(panel.series) + len(panel.references))
            return _Layout(_WIDE, 2.6 + legend, 0.4, 0.1, 0.3 + legend, 0.45)
        case Curve():
            return _Layout(_SMALL, 1.6, 0.5, 0.12, 0.26, 0.26)
        case ModelRow():
            return _Layout(_SMALL, 1.75, 0.62, 0.05, 0.5, 0.05)
        case CalibrationRow():
            return _Layout(_SMALL, 2.6, 0.45, 0.12, 0.28, 0.4)
        case PointMap():
            left, right, bottom, top = panel.frame
            return _Layout(3.2, 0.3 + 3.1 * (top - bottom) / (right - left), 0.05, 0.05, 0.25, 0.05)
        case Histogram() | FaceTable():
            return _Layout(_WIDE, 1.5, 0.4, 0.15, 0.1, 0.3)


@singledispatch
def _draw(panel: object, axes: Axes) -> None:  # noqa: ARG001 the signature of all that are registered
    raise TypeError(f"no drawing of {type(panel).__name__}")


def _row_height(panel: Intervals) -> float:
    return _TALL_ROW if any(len(_named(line)) > _LONGEST for line in panel.lines) else _ROW


def _named(line: IntervalLine) -> str:
    return f"{line.name} − {line.above}" if line.above else line.name


def _cut(text: str, most: int) -> str:
    plain = _plain(text)
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def _title(axes: Axes, text: str, most: int = 36, *, above: float = 0.0) -> None:
    axes.set_title(_cut(text, most), loc="left", fontsize=8, fontweight="bold", pad=5 + above)


@_draw.register
def _(panel: Intervals, axes: Axes) -> None:
    edges = [panel.reference, *(edge for line in panel.lines for edge in (line.low, line.high, *line.singles))]
    low, high = min(edges), max(edges)
    room = 0.04 * (high - low or 1.0)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(len(panel.lines) - 0.05, -0.1)
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.axvline(panel.reference, color=QUIET, linewidth=0.9, linestyle="--", zorder=1)
    side = "left" if panel.reference - low < 0.2 * (high - low) else "center"
    side = "right" if high - panel.reference < 0.2 * (high - low) else side
    axes.annotate(
        panel.reference_name,
        (panel.reference, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 2),
        textcoords="offset points",
        ha=side,
        color=QUIET,
        fontsize=7.5,
    )
    is_tall = _row_height(panel) == _TALL_ROW
    for row, line in enumerate(panel.lines):
        _interval_line(axes, line_at=row, line=line, is_tall=is_tall)


def _interval_line(axes: Axes, *, line_at: int, line: IntervalLine, is_tall: bool) -> None:
    colour, marker = COLOURS[line.colour % 6], MARKERS[line.colour % 6]
    at = line_at + 0.8
    halo = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6}
    beside = axes.get_yaxis_transform()
    names = [_named(line)]
    if is_tall and line.above:
        names = [line.name, f"− {line.above}"]
    for name, most, down in zip(names, (46, 36), (0.3 if is_tall else 0.42, 0.56), strict=False):
        text = _cut(name, most)
        axes.text(0, line_at + down, text, transform=beside, fontweight="bold", bbox=halo, va="center")
    axes.text(
        1, line_at + (0.56 if is_tall else 0.42), line.words, transform=beside, ha="right", bbox=halo, va="center"
    )
    axes.plot(line.singles, [at] * len(line.singles), "o", color=colour, alpha=0.3, markersize=4, markeredgewidth=0)
    axes.plot([line.low, line.high], [at, at], color=colour, linewidth=2, solid_capstyle="round")
    axes.plot([line.value], [at], marker, color=colour, markersize=6.5, markeredgecolor=PAPER)


@_draw.register
def _(panel: Curve, axes: Axes) -> None:
    _title(axes, panel.title)
    colour = COLOURS[panel.colour % 6]
    for line in panel.thin:
        axes.plot(*zip(*line, strict=True), color=colour, linewidth=0.6, alpha=0.25)
    if panel.mean:
        axes.plot(*zip(*panel.mean, strict=True), color=colour, linewidth=1.6)
    if panel.chosen:
        axes.plot(*zip(*panel.chosen, strict=True), "o", markerfacecolor=PAPER, markeredgecolor=colour, markersize=3.2)
    axes.set_xlim(0, panel.last_step)
    axes.set_ylim(panel.low, panel.high)
    axes.set_yticks([panel.low, panel.high], [_short(panel.low), _short(panel.high)])
    axes.set_xticks([0, panel.last_step], ["0", f"{panel.last_step} steps"])
    axes.xaxis.get_majorticklabels()[-1].set_horizontalalignment("right")


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


@_draw.register
def _(panel: ModelRow, axes: Axes) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, 3)
    axes.set_ylim(3, 0)
    axes.text(-0.75, -0.72, _cut(panel.model_result.label, 40), fontweight="bold")
    axes.text(1.5, -0.38, "predicted", ha="center", color=QUIET, fontsize=7.5)
    totals = panel.matrix.sum(axis=1)
    for row, level in enumerate(LEVELS):
        axes.text(row + 0.5, -0.08, level, ha="center", color=QUIET, fontsize=7.5)
        axes.text(-0.08, row + 0.5, level, ha="right", va="center", color=QUIET, fontsize=7.5)
        for column, number in enumerate(map(float, panel.matrix[row])):
            share = number / float(totals[row]) if totals[row] else None
            opacity = round(0.03 + 0.55 * (share or 0.0), 2)
            axes.bar(column + 0.5, 0.94, width=0.94, bottom=row + 0.03, color=COLOURS[0], alpha=opacity, linewidth=0)
            axes.text(column + 0.5, row + 0.48, f"{percent(share)} %", ha="center")
            axes.text(column + 0.5, row + 0.82, count(number), ha="center", fontsize=7)


@_draw.register
def _(panel: CalibrationRow, axes: Axes) -> None:
    _title(axes, panel.label)
    axes.plot([0, 100], [0, 100], color=QUIET, linewidth=0.9, linestyle="--")
    if panel.after_temperature_scaling:
        scaled = sorted(panel.after_temperature_scaling.bins, key=lambda own: own.confidence)
        axes.plot(*_reliability(scaled), color=QUIET, linewidth=0.8)
        axes.scatter(*_reliability(scaled), s=_dot_sizes(scaled), facecolors="none", edgecolors=QUIET, linewidths=0.9)
    sizes = _dot_sizes(panel.bins)
    axes.scatter(*_reliability(panel.bins), s=sizes, color=COLOURS[panel.colour % 6], edgecolors=PAPER)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xticks([0, 50, 100])
    axes.set_yticks([0, 50, 100])
    axes.set_xlabel("% sure")
    axes.set_ylabel("% right", labelpad=-6)


def _reliability(bins: Sequence[Bin]) -> tuple[list[float], list[float]]:
    """Return how sure and how right the answers of each bin are, percent."""
    return [100 * own.confidence for own in bins], [100 * own.accuracy for own in bins]


def _dot_sizes(bins: Sequence[Bin]) -> list[float]:
    """Return the dots' areas: of all answers together 220."""
    total = sum(own.count for own in bins) or 1
    return [max(8.0, 220 * own.count / total) for own in bins]


@_draw.register
def _(panel: ValueChart, axes: Axes) -> None:
    apart = (max(panel.places) - min(panel.places) or 1.0) * 0.018
    handles: list[Line2D] = []
    for number, series in enumerate(panel.series):
        colour, marker = COLOURS[series.colour % 6], MARKERS[number % 6]
        moved = (number - (len(panel.series) - 1) / 2) * apart
        x = [panel.places[panel.values.index(value)] + moved for value, _ in series.points]
        y = [100 * score.value for _, score in series.points]
        style = DASHES[number % 6] if panel.are_numbers and len(x) > 1 else "none"
        axes.vlines(x, [100 * s.low for _, s in series.points], [100 * s.high for _, s in series.points], colors=colour)
        handles += axes.plot(
            x, y, color=colour, marker=marker, markersize=5, linestyle=style, label=_cut(series.label, 52)
        )
    for number, reference in enumerate(panel.references):
        colour = COLOURS[reference.colour % 6]
        style = (0, (4 + 2 * number, 2))
        handles.append(
            axes.axhline(
                100 * reference.value, color=colour, linewidth=1.2, linestyle=style, label=_cut(reference.label, 52)
            )
        )
    _title(axes, panel.title, 60, above=12.5 * len(handles) + 3)
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.1, 1.0))
    axes.set_xticks(panel.places, [_cut(value, 14) for value in panel.values])
    room = 0.08 * (max(panel.places) - min(panel.places) or 1.0)
    axes.set_xlim(min(panel.places) - room, max(panel.places) + room)
    axes.set_xlabel(_plain(panel.setting))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(visible=True, axis="y")


@_draw.register
def _(panel: PointMap, axes: Axes) -> None:
    _title(axes, panel.title, 48)
    left, right, bottom, top = panel.frame
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(True)
    for kind, points in panel.points:
        marker, colour, opacity, size = _KINDS[kind]
        face = "none" if kind == "generated" else colour
        edge = {"medium": INK, "generated": colour}.get(kind, "none")
        axes.plot(
            points[:, 0],
            points[:, 1],
            marker,
            markersize=size,
            markerfacecolor=face,
            markeredgecolor=edge,
            markeredgewidth=0.6,
            alpha=opacity,
        )


@_draw.register
def _(panel: Histogram, axes: Axes) -> None:
    widths = [high - low for low, high in zip(panel.edges, panel.edges[1:], strict=False)]
    axes.bar(panel.edges[:-1], panel.counts, width=[0.92 * width for width in widths], align="edge", color=COLOURS[0])
    axes.set_xticks(
        [panel.edges[0], panel.edges[-1]], [f"{panel.edges[0]:.1f} {panel.unit}", f"{panel.highest:.1f} {panel.unit}"]
    )
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.grid(visible=True, axis="y")


@_draw.register
def _(panel: FaceTable, axes: Axes) -> None:
    shares = [100 * share for share in sorted_shares(panel)]
    axes.stairs(shares, fill=True, color=COLOURS[0])
    axes.set_xlim(0, len(shares))
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100])
    axes.set_xticks([0, len(shares)], ["best clip", "worst clip"])
    axes.xaxis.get_majorticklabels()[0].set_horizontalalignment("left")
    axes.xaxis.get_majorticklabels()[-1].set_horizontalalignment("right")
    axes.grid(visible=True, axis="y")
