"""Every figure of a report as an SVG file of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from markupsafe import Markup

from valaro.analysis import data
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.records import LEVELS, RunRecord
from valaro.reports import figures, sentences
from valaro.reports.blocks import Block, Charts, Matrices
from valaro.reports.html import environment
from valaro.reports.standalone_svg import standalone

_PAGE, _BLOCKS, _DRAWN = "figures.html.jinja", "blocks.html.jinja", "drawn.svg.jinja"
_GAP, _TITLE = 16.0, 24.0
_PANELS_A_ROW = 3


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A drawing inside a figure: its title above, its place, and its own view box."""

    title: str
    x: float
    y: float
    width: float
    height: float
    view: str
    colour: int
    inside: Markup


@dataclass(frozen=True, kw_only=True)
class MatrixCell:
    """A cell of a confusion matrix: its place, its words, and how dark it is."""

    row: int
    column: int
    share: str
    count: str
    opacity: str


class _Drawer:
    """The macros that draw, each of a template."""

    def __init__(self) -> None:
        templates = environment()
        given = {"levels": LEVELS}
        self._modules = {name: templates.get_template(name).make_module(given) for name in (_PAGE, _BLOCKS, _DRAWN)}

    def __call__(self, template: str, macro: str, *values: object) -> str:
        return str(getattr(self._modules[template], macro)(*values))


def figure_files(
    runs: Sequence[RunRecord], results: Sequence[DimensionResults], blocks: Sequence[Block]
) -> dict[str, str]:
    """Return SVG documents by their figure's name: of the results, of the blocks, of the faces."""
    draw = _Drawer()
    found: dict[str, str] = {}
    for one in results:
        found |= _of_results(draw, one)
    for block in blocks:
        if isinstance(block, Matrices):
            found[file_name(block.name)] = _matrices(draw, block.rows, block.caption)
        if isinstance(block, Charts):
            tall = max(chart.height for chart in block.charts) + 22
            pictures = [("", 0, draw(_BLOCKS, "values", chart)) for chart in block.charts]
            found[file_name(block.name)] = _side_by_side(draw, pictures, block.caption, size=(400, tall), a_row=2)
    faces = data.faces(runs)
    if faces:
        label = "Share of frames with a face, clip by clip, sorted, percent"
        found["faces"] = standalone(draw(_PAGE, "faces", figures.face_strip(faces), label), label)
    return found


_LONGEST_NAME = 120


def file_name(name: str) -> str:
    """Return a figure's name as that of a file, cut where a file system would not hold it.

    >>> file_name("curves-SSGAN face, max_unlabelled 20/3")
    'curves-SSGAN-face-max_unlabelled-20-3'
    """
    return re.sub(r"[^A-Za-z0-9._+]+", "-", name)[:_LONGEST_NAME].strip("-.")


def _of_results(draw: _Drawer, one: DimensionResults) -> dict[str, str]:
    """Return the scores, the differences and each network's learning curves."""
    labels = [row.model_result.label for row in one.rows]
    colours = [row.model_result.colour for row in one.rows]
    guessing = f"guessing {sentences.percent(one.chance)} %"
    title = f"{one.dimension.capitalize()}: UAR of each model with its 95 % interval, percent"
    shown = draw(
        _PAGE, "intervals", figures.score_chart(one), labels, sentences.score_words(one), colours, guessing, title
    )
    found = {f"scores-{one.dimension}": standalone(shown, title)}
    if one.differences:
        title = f"{one.dimension.capitalize()}: UAR differences with their 95 % intervals, points"
        names, words = [*map(sentences.pair_name, one.differences)], sentences.pair_words(one.differences)
        colours = [d.colour for d in one.differences]
        chart = figures.difference_chart(one.differences)
        found[f"differences-{one.dimension}"] = standalone(
            draw(_PAGE, "intervals", chart, names, words, colours, "no difference", title), title
        )
    for row in one.rows:
        panels = figures.curve_panels(row.model_result.results) if not row.model_result.is_linear else ()
        if panels:
            pictures = [
                (panel.title.replace("_", " "), row.model_result.colour, _svg_of(draw(_PAGE, "curve", panel, 0)))
                for panel in panels
            ]
            title = f"{row.model_result.label}, {one.dimension}: learning curves"
            name = file_name(f"curves-{one.dimension}-{row.model_result.label}")
            # Two labels may differ in nothing that a file's name can hold.
            name = f"{name}-{row.model_result.colour + 1}" if name in found else name
            found[name] = _side_by_side(draw, pictures, title, size=(200, 120), a_row=_PANELS_A_ROW)
    return found


def _matrices(draw: _Drawer, rows: Sequence[ModelRow], caption: str) -> str:
    pictures = [(row.model_result.label, 0, draw(_DRAWN, "matrix", _cells(row))) for row in rows]
    return _side_by_side(draw, pictures, caption, size=(320, 190), a_row=_PANELS_A_ROW)


def _cells(row: ModelRow) -> list[MatrixCell]:
    cells: list[MatrixCell] = []
    for place in range(len(LEVELS)):
        counts = [float(number) for number in row.matrix[place]]
        total = sum(counts)
        for column, number in enumerate(counts):
            share = number / total if total else None
            cells.append(
                MatrixCell(
                    row=place,
                    column=column,
                    share=sentences.percent(share),
                    count=sentences.count(number),
                    opacity=f"{0.03 + 0.55 * (share or 0.0):.3f}",
                )
            )
    return cells


def _side_by_side(
    draw: _Drawer, pictures: Sequence[tuple[str, int, str]], label: str, *, size: tuple[float, float], a_row: int
) -> str:
    """Return pictures (title, colour, SVG) of one size in rows of `a_row`."""
    width, height = size
    head = _TITLE if any(title for title, _, _ in pictures) else 0.0
    panels = [
        Panel(
            title=title,
            x=_GAP + (width + _GAP) * (place % a_row),
            y=head + _GAP + (height + head + _GAP) * (place // a_row),
            width=width,
            height=height,
            view=_view_of(svg),
            colour=colour,
            inside=Markup(_inside(svg)),  # noqa: S704 - drawn by our own templates, which escape what they print
        )
        for place, (title, colour, svg) in enumerate(pictures)
    ]
    columns, lines = min(a_row, len(panels)), ceil(len(panels) / a_row)
    across, down = _GAP + columns * (width + _GAP), _GAP + lines * (height + head + _GAP)
    return standalone(draw(_DRAWN, "side_by_side", across, down, panels), label)


def _svg_of(markup: str) -> str:
    return markup[markup.index("<svg") : markup.index("</svg>") + len("</svg>")]


def _inside(svg: str) -> str:
    whole = _svg_of(svg)
    return whole[whole.index(">") + 1 : whole.rindex("</svg>")]


def _view_of(svg: str) -> str:
    found = re.search(r'viewBox="([^"]+)"', svg)
    return found[1] if found else "0 0 400 300"
