"""Every figure, drawn: SVG for the page; SVG, PDF and PNG as files; the same panels give the same bytes."""

import io
import re
import warnings
from collections.abc import Sequence
from functools import singledispatch
from math import ceil
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.typing import RcKeyType

from valaro.records import LEVELS
from valaro.reports.figures import (
    Curve,
    FaceStrip,
    Histogram,
    IntervalLine,
    Intervals,
    Matrix,
    Panel,
    PointMap,
    Reliability,
    ValueChart,
)
from valaro.reports.sentences import count, percent

INK, QUIET, RULE, PAPER = "#22252a", "#62676f", "#dedad1", "#ffffff"
COLOURS = ("#0072b2", "#c85200", "#00795a", "#a3497f", "#2b7fb0", "#8f6a00")
"""Okabe and Ito's, darkened until thin lines and print carry them; shapes tell them apart where colours do not."""
MARKERS, DASHES = ("o", "s", "^", "D", "v", "P"), ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_KINDS = {
    "unlabelled": (".", QUIET, 0.5, 9.0),
    "generated": ("D", "#a3497f", 0.9, 9.0),
    "low": ("v", "#0072b2", 0.9, 14.0),
    "medium": ("s", "#b3ada1", 1.0, 12.0),
    "high": ("^", "#c85200", 0.9, 14.0),
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
    "figure.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "valaro",
    "pdf.fonttype": 42,
}
_ROW, _TALL_ROW, _LONGEST = 0.34, 0.46, 30
"""Inches of an interval's row, with one line of text or two, and the letters of a name that leave room for numbers."""
_WIDE, _SMALL = 4.0, 2.6


def page_svg(panel: Panel, label: str) -> str:
    """Return a panel as an SVG element of a page, coloured by the page's style."""
    svg = re.sub(r' (?:width|height|xmlns(?::xlink)?|version)="[^"]*"(?=[^<]*viewBox)', "", _svg([panel], 1))
    svg = re.sub(
        r'^<svg[^>]*?viewBox="([^"]*)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{_quoted(label)}">', svg
    )
    for drawn, variable in _ON_THE_PAGE.items():
        svg = svg.replace(drawn, variable)
    return svg.replace("xlink:href", "href")


def figure_files(panels: Sequence[Panel], label: str) -> dict[str, bytes]:
    """Return the panels, beside one another, as whole files by their suffix."""
    columns = min(len(panels), 3 if _size(panels[0])[0] < _WIDE else 2)
    svg = _svg(panels, columns)
    head, rest = svg.split(">", 1)
    head = f'{head} role="img" style="stroke-linejoin: round">'
    document = f'<?xml version="1.0" encoding="utf-8"?>\n{head}<title>{escape(label)}</title>{rest}'
    return {
        ".svg": document.encode(),
        ".pdf": _saved(panels, columns, "pdf", {"CreationDate": None, "Title": _plain(label)}),
        ".png": _saved(panels, columns, "png", {"Title": _plain(label)}),
    }


def _quoted(text: str) -> str:
    return escape(text, {'"': "&quot;"}).replace("\\", "\\\\")


def _plain(text: str) -> str:
    """Return text on one line; what no font and no XML can hold becomes a sign of its own."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))


def _svg(panels: Sequence[Panel], columns: int) -> str:
    """Return the drawing without what names a date, a place or a program, and without ids that nothing refers to."""
    text = _saved(panels, columns, "svg", {"Date": None}).decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>|\n\s*(?=<)", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*</defs>", "", text)
    used = set(re.findall(r'href="#([^"]+)"', text))
    return re.sub(r' id="([^"]*)"', lambda match: match[0] if match[1] in used else "", text).strip()


def _saved(panels: Sequence[Panel], columns: int, form: str, metadata: dict[str, str | None]) -> bytes:
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A name may have letters that the font has not: the browser's own will do, and a file shows a box.
        warnings.filterwarnings("ignore", message="Glyph")
        figure = _figure(panels, columns)
        for artist in figure.findobj():
            artist.set_clip_on(False)
        buffer = io.BytesIO()
        figure.savefig(buffer, format=form, dpi=200, metadata=metadata)
    return buffer.getvalue()


def _figure(panels: Sequence[Panel], columns: int) -> Figure:
    sizes = [_size(panel) for panel in panels]
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    rows = ceil(len(panels) / columns)
    whole_width, whole_height = width * columns, height * rows
    figure = Figure(figsize=(whole_width, whole_height))
    for number, panel in enumerate(panels):
        left, right, top, bottom = _margins(panel)
        row, column = divmod(number, columns)
        axes = figure.add_axes(
            (
                (width * column + left) / whole_width,
                (height * (rows - row - 1) + bottom) / whole_height,
                (width - left - right) / whole_width,
                (height - top - bottom) / whole_height,
            )
        )
        _draw(panel, axes)
    return figure


def _size(panel: Panel) -> tuple[float, float]:
    """Return a panel's width and height in inches."""
    match panel:
        case Intervals():
            return _WIDE, _row_height(panel) * len(panel.lines) + 0.5
        case ValueChart():
            return _WIDE, 2.6 + 0.17 * (len(panel.series) + len(panel.references))
        case Curve():
            return _SMALL, 1.6
        case Matrix():
            return _SMALL, 1.75
        case Reliability():
            return _SMALL, 2.6
        case PointMap():
            left, right, bottom, top = panel.frame
            return 3.2, 0.3 + 3.1 * (top - bottom) / (right - left)
        case Histogram() | FaceStrip():
            return _WIDE, 1.5


def _margins(panel: Panel) -> tuple[float, float, float, float]:
    """Return the inches left of, right of, above and below the axes."""
    match panel:
        case Intervals():
            return 0.15, 0.15, 0.2, 0.25
        case ValueChart():
            return 0.4, 0.1, 0.3 + 0.17 * (len(panel.series) + len(panel.references)), 0.45
        case Curve():
            return 0.5, 0.12, 0.26, 0.26
        case Matrix():
            return 0.62, 0.05, 0.5, 0.05
        case Reliability():
            return 0.45, 0.12, 0.28, 0.4
        case PointMap():
            return 0.05, 0.05, 0.25, 0.05
        case Histogram() | FaceStrip():
            return 0.4, 0.15, 0.1, 0.3


@singledispatch
def _draw(panel: object, axes: Axes) -> None:  # noqa: ARG001 the signature of all that are registered
    raise TypeError(f"no drawing of {type(panel).__name__}")


def _row_height(panel: Intervals) -> float:
    return _TALL_ROW if any(len(line.name) > _LONGEST for line in panel.lines) else _ROW


def _cut(text: str, most: int) -> str:
    plain = _plain(text)
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def _title(axes: Axes, text: str, most: int = 36) -> None:
    axes.set_title(_cut(text, most), loc="left", fontsize=8, fontweight="bold", pad=5)


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
    first, minus, second = line.name.partition(" − ") if is_tall else (line.name, "", "")
    beside = axes.get_yaxis_transform()
    text_at = line_at + (0.3 if is_tall else 0.42)
    axes.text(0, text_at, _cut(first, 46), transform=beside, fontweight="bold", bbox=halo, va="center")
    if minus:
        axes.text(
            0, line_at + 0.56, _cut(f"− {second}", 32), transform=beside, fontweight="bold", bbox=halo, va="center"
        )
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
def _(panel: Matrix, axes: Axes) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, 3)
    axes.set_ylim(3, 0)
    axes.text(-0.75, -0.72, _cut(panel.title, 40), fontweight="bold")
    axes.text(1.5, -0.38, "predicted", ha="center", color=QUIET, fontsize=7.5)
    for row, counts in enumerate(panel.counts):
        axes.text(row + 0.5, -0.08, LEVELS[row], ha="center", color=QUIET, fontsize=7.5)
        axes.text(-0.08, row + 0.5, LEVELS[row], ha="right", va="center", color=QUIET, fontsize=7.5)
        for column, number in enumerate(counts):
            share = number / sum(counts) if sum(counts) else None
            opacity = 0.03 + 0.55 * (share or 0.0)
            axes.fill_between(
                [column + 0.03, column + 0.97], row + 0.03, row + 0.97, color=COLOURS[0], alpha=opacity, linewidth=0
            )
            axes.text(column + 0.5, row + 0.48, f"{percent(share)} %", ha="center")
            axes.text(column + 0.5, row + 0.82, count(number), ha="center", fontsize=7)


@_draw.register
def _(panel: Reliability, axes: Axes) -> None:
    _title(axes, panel.title)
    colour = COLOURS[panel.colour % 6]
    axes.plot([0, 100], [0, 100], color=QUIET, linewidth=0.9, linestyle="--")
    total = sum(each.count for each in panel.bins) or 1
    scaled = sorted((100 * each.confidence, 100 * each.accuracy, each.count) for each in panel.scaled)
    if scaled:
        x, y, counts = zip(*scaled, strict=True)
        sizes = [max(8.0, 220 * number / total) for number in counts]
        axes.plot(x, y, color=QUIET, linewidth=0.8)
        axes.scatter(x, y, s=sizes, facecolors="none", edgecolors=QUIET, linewidths=0.9)
    for each in panel.bins:
        size = max(8.0, 220 * each.count / total)
        axes.scatter([100 * each.confidence], [100 * each.accuracy], s=size, color=colour, edgecolors=PAPER)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xticks([0, 50, 100])
    axes.set_yticks([0, 50, 100])
    axes.set_xlabel("% sure")
    axes.set_ylabel("% right", labelpad=-6)


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
    _title(axes, "", 1)
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.1, 1.0),
        frameon=False,
        fontsize=7.5,
        borderpad=0,
        labelspacing=0.3,
    )
    axes.figure.text(0.02, 0.98, _cut(panel.title, 60), fontweight="bold", va="top") if len(
        axes.figure.axes
    ) == 1 else axes.annotate(
        _cut(panel.title, 60),
        (-0.1, 1),
        xycoords="axes fraction",
        xytext=(0, 12.5 * len(handles) + 8),
        textcoords="offset points",
        fontweight="bold",
    )
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
        axes.scatter(
            points[:, 0].round(3),
            points[:, 1].round(3),
            s=size,
            marker=marker,
            facecolors=face,
            edgecolors=edge,
            linewidths=0.6,
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
def _(panel: FaceStrip, axes: Axes) -> None:
    places = list(range(len(panel.shares) + 1))
    heights = [100 * share for share in (*panel.shares, panel.shares[-1])]
    axes.fill_between(places, heights, step="post", color=COLOURS[0], linewidth=0)
    axes.set_xlim(0, len(panel.shares))
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100])
    axes.set_xticks([0, len(panel.shares)], ["best clip", "worst clip"])
    axes.xaxis.get_majorticklabels()[0].set_horizontalalignment("left")
    axes.xaxis.get_majorticklabels()[-1].set_horizontalalignment("right")
    axes.grid(visible=True, axis="y")
