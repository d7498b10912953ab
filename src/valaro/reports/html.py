"""Blocks as one self-contained page."""

from collections.abc import Iterable, Sequence
from functools import singledispatch
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from valaro.analysis.data import FaceTable
from valaro.analysis.results import DimensionResults, dimension_results
from valaro.errors import ValaroError
from valaro.files import write_page
from valaro.records import LEVELS, RunRecord
from valaro.reports.blocks import (
    Block,
    Bullets,
    Cell,
    Facts,
    Figure,
    Folded,
    Heading,
    Notice,
    Section,
    Sentence,
    Table,
    Verbatim,
    Verdict,
    walk,
)
from valaro.reports.document import document, title_of
from valaro.reports.figures import Histogram, Intervals, ValueChart
from valaro.reports.figures import title_of as panel_title
from valaro.reports.plots import page_svg


def write_report(runs: Sequence[RunRecord], path: Path) -> None:
    """Write one HTML file about `runs` to `path`; it needs no network, and the same runs give the same bytes."""
    write_page(path, report_page(runs))


def report_page(runs: Sequence[RunRecord]) -> str:
    """Return the report's HTML."""
    if not runs:
        raise ValaroError("no runs to report on: expected at least one run folder")
    results = dimension_results(runs)
    return page_of(runs, results, document(runs, results))


def page_of(runs: Sequence[RunRecord], results: Sequence[DimensionResults], blocks: Sequence[Block]) -> str:
    """Return the HTML of a report that is made of blocks already."""
    title = title_of(results)
    made_from = f"Made by valaro from the stored predictions of {', '.join(run.name for run in runs)}."
    return page(blocks, title=f"{title}: emotion from voice and face", heading=title, footer=made_from)


def page(blocks: Sequence[Block], *, title: str, heading: str, footer: str) -> str:
    """Return the page: what comes before the first section stands in its head."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.jinja").render(
        title=title,
        heading=heading,
        footer=footer,
        sections=[block for block in walk(blocks) if isinstance(block, Section)],
        head=html(block for block in blocks if not isinstance(block, Section)),
        body=html(block for block in blocks if isinstance(block, Section)),
    )


def html(blocks: Iterable[Block]) -> Markup:
    """Return the blocks; figures that follow one another share the width."""
    parts: list[Markup] = []
    for are_figures, group in groupby(blocks, lambda block: isinstance(block, Figure)):
        written = Markup("\n").join(map(_written, group))
        parts.append(Markup('<div class="figures">{}</div>').format(written) if are_figures else written)
    return Markup("\n").join(parts)


@singledispatch
def _written(block: object) -> Markup:
    raise TypeError(f"no HTML for {type(block).__name__}")


@_written.register
def _(block: Heading) -> Markup:
    return Markup("<h{0}>{1}</h{0}>").format(block.level, block.text)


@_written.register
def _(block: Sentence) -> Markup:
    attribute = Markup(' class="quiet"') if block.is_quiet else ""
    return Markup("<p{}>{}{}</p>").format(attribute, _lead(block.lead), block.text)


@_written.register
def _(block: Verdict) -> Markup:
    use = Markup("<p>{} <code>{}</code></p>").format(block.use, block.command) if block.use else ""
    return Markup('<div class="verdict"><p class="said">{}</p>{}</div>').format(block.text, use)


@_written.register
def _(block: Notice) -> Markup:
    return Markup('<div class="notice"><p>{}{}</p></div>').format(_lead(block.lead), block.text)


@_written.register
def _(block: Facts) -> Markup:
    pairs = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*pair) for pair in block.pairs)
    return Markup('<dl class="facts">{}</dl>').format(pairs)


@_written.register
def _(block: Verbatim) -> Markup:
    return Markup("<pre>{}</pre>").format(block.text)


@_written.register
def _(block: Bullets) -> Markup:
    return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(item) for item in block.items))


@_written.register
def _(block: Table) -> Markup:
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_words(column.is_words), column.name) for column in block.columns
    )
    lines: list[Markup] = []
    for first, *others in block.rows:
        cells = Markup("").join(
            Markup("<td{}>{}</td>").format(_words(column.is_words), _cell(cell))
            for column, cell in zip(block.columns[1:], others, strict=True)
        )
        lines.append(Markup('<tr><th scope="row" class="named">{}</th>{}</tr>').format(_cell(first), cells))
    caption = Markup('<p class="quiet">{}</p>').format(block.caption) if block.caption else ""
    return Markup(
        '<div class="scroll" tabindex="0"><table><thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table></div>{}'
    ).format(head, Markup("\n").join(lines), caption)


@_written.register
def _(block: Figure) -> Markup:
    is_wide = isinstance(block.panels[0], Intervals | ValueChart | Histogram | FaceTable)
    drawn = Markup("\n").join(
        Markup(page_svg(panel, f"{block.label}: {title}" if (title := panel_title(panel)) else block.label))  # noqa: S704 drawn by plots.py, which escapes
        for panel in block.panels
    )
    numbers = Folded(summary="The same in numbers", blocks=(block.table,)) if block.table else None
    return Markup('<figure class="{}"><div class="panels">{}</div><figcaption>{}</figcaption>{}</figure>').format(
        "wide" if is_wide else "small", drawn, block.caption, _written(numbers) if numbers else ""
    )


@_written.register
def _(block: Folded) -> Markup:
    is_open = Markup(" open") if block.is_open else ""
    return Markup("<details{}><summary>{}</summary>\n{}</details>").format(is_open, block.summary, html(block.blocks))


@_written.register
def _(block: Section) -> Markup:
    inside = html(block.blocks)
    if block.is_folded:
        # The address lies inside, so that a link to it opens what is folded.
        return Markup(
            '<details class="part"><summary><h2>{}</h2></summary>\n<section id="{}">{}</section></details>'
        ).format(block.title, block.name, inside)
    return Markup('<section id="{}"><h2>{}</h2>\n{}</section>').format(block.name, block.title, inside)


def _cell(cell: Cell) -> Markup:
    text = Markup("<strong>{}</strong>").format(cell.text) if cell.is_strong else escape(cell.text)
    return Markup("{}{}{}").format(
        _level_bar(cell.levels), text, Markup("<small>{}</small>").format(cell.below) if cell.below else ""
    )


def _level_bar(counts: tuple[int, ...]) -> Markup:
    if not sum(counts):
        return Markup("")
    bars = Markup("").join(
        Markup('<i class="{}" style="width: {:.1f}%"></i>').format(level, 100 * number / sum(counts))
        for level, number in zip(LEVELS, counts, strict=True)
    )
    said = ", ".join(f"{level} {number}" for level, number in zip(LEVELS, counts, strict=True))
    return Markup('<span class="levels" role="img" aria-label="{}">{}</span>').format(said, bars)


def _words(is_words: bool) -> Markup:
    return Markup(' class="words"') if is_words else Markup("")


def _lead(lead: str) -> Markup:
    return Markup("<strong>{}</strong>").format(lead) if lead else Markup("")
