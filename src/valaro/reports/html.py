"""Blocks as one self-contained page."""

from collections.abc import Iterable, Sequence
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
        written = _joined("{}", map(_written, group), "\n")
        parts.append(Markup('<div class="figures">{}</div>').format(written) if are_figures else written)
    return Markup("\n").join(parts)


def _written(block: Block) -> Markup:
    match block:
        case Heading():
            return Markup("<h{0}>{1}</h{0}>").format(block.level, block.text)
        case Sentence():
            style = Markup(' class="quiet"') if block.is_quiet else ""
            return Markup("<p{}>{}{}</p>").format(style, _lead(block.lead), block.text)
        case Notice():
            return Markup('<div class="notice"><p>{}{}</p></div>').format(_lead(block.lead), block.text)
        case Facts():
            return Markup('<dl class="facts">{}</dl>').format(_joined("<dt>{}</dt><dd>{}</dd>", block.pairs))
        case Verbatim():
            return Markup("<pre>{}</pre>").format(block.text)
        case Bullets():
            return Markup("<ul>{}</ul>").format(_joined("<li>{}</li>", block.items))
        case Verdict():
            return _verdict(block)
        case Table():
            return _table(block)
        case Figure():
            return _figure(block)
        case Folded():
            head = Markup("<details{}><summary>{}</summary>").format(
                Markup(" open") if block.is_open else "", block.summary
            )
            return Markup("{}\n{}</details>").format(head, html(block.blocks))
        case Section():
            return _section(block)


def _joined(form: str, items: Iterable[object], between: str = "") -> Markup:
    """Return each item, or tuple of items, as `form` has it."""
    shape, mark = Markup(form), Markup(between)  # noqa: S704 constants of this file
    return mark.join(shape.format(*(item if isinstance(item, tuple) else (item,))) for item in items)


def _verdict(block: Verdict) -> Markup:
    uses = Markup("").join(
        Markup("<p>{}{}</p>").format(text, Markup(" <code>{}</code>").format(command) if command else "")
        for text, command in block.uses
    )
    return Markup('<div class="verdict"><p class="said">{}</p>{}</div>').format(block.text, uses)


def _table(block: Table) -> Markup:
    styles = [Markup(' class="words"') if column.is_words else Markup("") for column in block.columns]
    names = [column.name for column in block.columns]
    head = _joined('<th scope="col"{}>{}</th>', zip(styles, names, strict=True))
    lines = [
        Markup('<tr><th scope="row" class="named">{}</th>{}</tr>').format(
            _cell(first), _joined("<td{}>{}</td>", zip(styles[1:], map(_cell, others), strict=True))
        )
        for first, *others in block.rows
    ]
    return Markup(
        '<div class="scroll" tabindex="0"><table><thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table></div>{}{}'
    ).format(head, Markup("\n").join(lines), _quiet(block.caption), _note(block.note))


def _figure(block: Figure) -> Markup:
    is_wide = isinstance(block.panels[0], Intervals | ValueChart | Histogram | FaceTable)
    labels = [f"{block.label}: {title}" if (title := panel_title(panel)) else block.label for panel in block.panels]
    # What plots.py draws is escaped there.
    drawn = "\n".join(page_svg(panel, label) for panel, label in zip(block.panels, labels, strict=True))
    numbers = _written(Folded(summary="The same in numbers", blocks=(block.table,))) if block.table else ""
    return Markup('<figure class="{}"><div class="panels">{}</div><figcaption>{}</figcaption>{}{}</figure>').format(
        "wide" if is_wide else "small",
        Markup(drawn),  # noqa: S704
        block.caption,
        _note(block.note),
        numbers,
    )


def _section(block: Section) -> Markup:
    inside = html(block.blocks)
    if block.is_folded:
        # The address lies inside, so that a link to it opens what is folded.
        return Markup(
            '<details class="part"><summary><h2>{}</h2></summary>\n<section id="{}">{}</section></details>'
        ).format(block.title, block.name, inside)
    return Markup('<section id="{}"><h2>{}</h2>\n{}</section>').format(block.name, block.title, inside)


def _note(text: str) -> Markup:
    return _written(Notice(text=text)) if text else Markup("")


def _quiet(text: str) -> Markup:
    return _written(Sentence(text=text, is_quiet=True)) if text else Markup("")


def _cell(cell: Cell) -> Markup:
    text = Markup("<strong>{}</strong>").format(cell.text) if cell.is_strong else escape(cell.text)
    return Markup("{}{}{}").format(
        _level_bar(cell.levels), text, Markup("<small>{}</small>").format(cell.below) if cell.below else ""
    )


def _level_bar(counts: tuple[int, ...]) -> Markup:
    total = sum(counts)
    if not total:
        return Markup("")
    shares = [(level, f"{100 * number / total:.1f}") for level, number in zip(LEVELS, counts, strict=True)]
    bars = _joined('<i class="{}" style="width: {}%"></i>', shares)
    label = ", ".join(f"{level} {number}" for level, number in zip(LEVELS, counts, strict=True))
    return Markup('<span class="levels" role="img" aria-label="{}">{}</span>').format(label, bars)


def _lead(lead: str) -> Markup:
    return Markup("<strong>{}</strong>").format(lead) if lead else Markup("")
