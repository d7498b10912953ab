"""What a document consists of, whatever it is written as: headings, sentences, tables, figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from valaro.analysis.results import ModelRow
from valaro.reports.value_charts import ValueChart


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading; `level` 2 begins a section, 3 a part of it, 4 a part of that."""

    kind: ClassVar[str] = "heading"
    text: str
    level: int = 3


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A paragraph; `lead` stands in bold before it, `is_quiet`: it explains."""

    kind: ClassVar[str] = "sentence"
    text: str
    lead: str = ""
    is_quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a reader must not miss."""

    kind: ClassVar[str] = "notice"
    text: str
    lead: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names with what is to be said of each."""

    kind: ClassVar[str] = "facts"
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A table's cell: `below` is a second, smaller line."""

    text: str
    below: str = ""
    is_strong: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """A table's column; that of words stands left, that of numbers right."""

    name: str
    is_words: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; a row's first cell names it."""

    kind: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Matrices:
    """Confusion matrices side by side; `name` is that of the figure's file."""

    kind: ClassVar[str] = "matrices"
    name: str
    rows: tuple[ModelRow, ...]
    caption: str


@dataclass(frozen=True, kw_only=True)
class Charts:
    """Charts over a varied setting side by side, with the same in numbers; `name` is that of the figure's file."""

    kind: ClassVar[str] = "charts"
    name: str
    charts: tuple[ValueChart, ...]
    caption: str
    table: Table


Block = Heading | Sentence | Notice | Facts | Table | Matrices | Charts


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
