"""What a report consists of, whatever it is written as: sections of headings, paragraphs, tables and figures."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from valaro.analysis.results import ModelRow
from valaro.evaluation.interval import Interval
from valaro.records import LEVELS
from valaro.reports.figures import Panel
from valaro.reports.formats import count, percent, points, span, span_of_points

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading inside a section; `level` 3 or 4."""

    text: str
    level: int = 3


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A paragraph; `lead` stands in bold before it, `is_quiet`: it explains."""

    text: str
    lead: str = ""
    is_quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The whole report in a sentence, and which model to use: each with its command, which can be copied."""

    text: str
    uses: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a reader must not miss."""

    text: str
    lead: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names with what is to be said of each."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Verbatim:
    """Text that keeps its lines."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Bullets:
    """A list of short texts."""

    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A table's cell: `below` is a second, smaller line; `levels` are counts of low, medium, high to show as a bar."""

    text: str
    below: str = ""
    is_strong: bool = False
    levels: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Column:
    """A table's column; that of words stands left, that of numbers right."""

    name: str
    is_words: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; a row's first cell names it. `note`: what a reader of its numbers must not miss."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Panels side by side; `name` is that of its files, `label` says what it shows, `table` is the same in numbers."""

    name: str
    panels: tuple[Panel, ...]
    label: str
    caption: str
    note: str = ""
    table: Table | None = None


@dataclass(frozen=True, kw_only=True)
class Folded:
    """What only some readers open."""

    summary: str
    blocks: "tuple[Block, ...]"
    is_open: bool = False


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report with its address on the page; `short` names it in the list of sections."""

    name: str
    title: str
    short: str
    blocks: "tuple[Block, ...]"
    is_folded: bool = False


Block = Heading | Sentence | Verdict | Notice | Facts | Verbatim | Bullets | Table | Figure | Folded | Section
Columns = Sequence[tuple[Column | str, Callable[[Item], Cell | str]]]
"""A table's columns as data: the name of each, and what it says of an item."""


def words(name: str) -> Column:
    """Return a column of words."""
    return Column(name=name, is_words=True)


def table(columns: Sequence[Column | str], rows: Iterable[Sequence[Cell | str]], caption: str = "") -> Table:
    """Return a table from plain texts where nothing more is to be said: a text is a column of numbers, or a cell."""
    return Table(
        columns=tuple(Column(name=column) if isinstance(column, str) else column for column in columns),
        rows=tuple(tuple(Cell(text=cell) if isinstance(cell, str) else cell for cell in row) for row in rows),
        caption=caption,
    )


def table_of(items: Iterable[Item], columns: Columns[Item], caption: str = "", note: str = "") -> Table:
    """Return a table with a row for each item."""
    rows = [[cell(item) for _, cell in columns] for item in items]
    return replace(table([name for name, _ in columns], rows, caption), note=note)


def score_cell(score: Interval, *, is_strong: bool = True) -> Cell:
    """Return a score in percent above its interval."""
    return Cell(text=percent(score.value), below=span(score), is_strong=is_strong)


def points_cell(difference: Interval, *, is_strong: bool = True) -> Cell:
    """Return a difference in points above its interval."""
    return Cell(text=points(difference.value), below=span_of_points(difference), is_strong=is_strong)


def section(name: str, title: str, short: str, blocks: Iterable[Block], *, is_folded: bool = False) -> list[Block]:
    """Return the section, nothing where there is nothing to say in it."""
    kept = tuple(blocks)
    return [Section(name=name, title=title, short=short, blocks=kept, is_folded=is_folded)] if kept else []


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield every block, those inside others after them."""
    for block in blocks:
        yield block
        if isinstance(block, Section | Folded):
            yield from walk(block.blocks)


def matrices(name: str, panels: Sequence[ModelRow], caption: str, note: str = "") -> Figure:
    """Return confusion matrices with the same in numbers."""
    rows = [
        (panel.model_result.label, level, *(_share(float(n), float(counts.sum())) for n in counts))
        for panel in panels
        for level, counts in zip(LEVELS, panel.matrix, strict=True)
    ]
    columns = (words("model"), words("true level"), *(f"said {level}, %" for level in LEVELS))
    numbers = table(columns, rows)
    return Figure(name=name, panels=tuple(panels), label=caption, caption=caption, note=note, table=numbers)


def _share(number: float, total: float) -> Cell:
    return Cell(text=percent(number / total if total else None), below=count(number))
