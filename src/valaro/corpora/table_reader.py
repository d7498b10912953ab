"""The rows of a CSV, TSV or Parquet file, every cell as text with the line it stands on."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from valaro.corpora.csv_records import Fault, parse_records, read_text
from valaro.errors import ValaroError, all_at_once, words_for
from valaro.parquet import read_parquet, read_schema
from valaro.records import Problem
from valaro.regular import why_no_file
from valaro.spreadsheet import unguarded

SEPARATORS = {".csv": ",", ".tsv": "\t"}
_SEPARATOR_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
"""What some spreadsheets write before a table, for other spreadsheets."""

_ALIKE = 3
"""Faults of one cause that still get a line each."""

_DIFFERENT = 5
"""Texts of one cause (a misspelt level, say) up to which each text gets a line of its own."""

_VARYING = re.compile(r"'.*'|\d+(?:\.\d+)?")
"""What differs between rows of one cause: what they hold, in quotation marks, and numbers."""


class Row(NamedTuple):
    """One row: the `line` its text begins on (in Parquet the row's number), its cells in the order asked for."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """The wanted columns of a table; without a required column no row says anything, and there is none."""

    path: Path
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    """All that could not be read."""

    def at(self, line: int) -> str:
        """Return how a message names a line (or a row of a Parquet file, whose first row is 1)."""
        return line_name(self.path, line)

    def problems(self, where: str, more: Sequence[Fault] = ()) -> tuple[Problem, ...]:
        """Return what could not be read, and `more` faults, for a reader that goes on without these rows."""
        faults = (*self.faults, *more)
        return tuple(Problem(utterance=self.at(fault.line), where=where, why=fault.why) for fault in faults)

    def require_rows(self, what: str) -> None:
        """Raise an error with every fault if not a single row can be read."""
        if not self.rows:
            why = [f"{self.at(fault.line)}: {fault.why}" for fault in self.faults]
            raise all_at_once(f"{self.path}: no {what} can be read", why or ["no rows below the column names"])

    def require_sound(self, more: Sequence[Fault] = ()) -> None:
        """Raise one error that names every fault, `more` ones too, if there is any; many of one cause on one line."""
        faults = (*self.faults, *more)
        if faults:
            heading = f"{len(faults)} problem{'s' * (len(faults) > 1)} in {self.path}"
            raise all_at_once(heading, _in_few_lines(self.path, faults))


def read_rows(path: Path, columns: Sequence[str], required: Sequence[str]) -> Rows:
    """Read `columns` of a table; a column that is absent gives empty cells, other columns are left alone.

    Raises:
        ValaroError: there is no such file, it is no table, no text or no Parquet.
    """
    kind = path.suffix.lower()
    why = why_no_file(path, "a table")
    if why:
        raise ValaroError(f"{path}: {why}")
    if kind == ".parquet":
        return _read_parquet(path, columns, required)
    if kind not in SEPARATORS:
        raise ValaroError(f"{path}: expected a table whose name ends in .csv, .tsv or .parquet")
    return _read_csv(path, columns, required)


def line_name(path: Path, line: int) -> str:
    """Return how a message names a line of a table."""
    return f"{path}, {line_word(path)} {line}" if line else str(path)


def line_word(path: Path) -> str:
    """Return what the lines of a table are called: a Parquet file has rows alone."""
    return "row" if path.suffix.lower() == ".parquet" else "line"


def _in_few_lines(path: Path, faults: Sequence[Fault]) -> list[str]:
    """Return the faults in the order in which their causes first come up."""
    causes: dict[str, dict[str, list[Fault]]] = defaultdict(lambda: defaultdict(list))
    for fault in faults:
        causes[_VARYING.sub("_", fault.why)][fault.why].append(fault)
    lines: list[str] = []
    for texts in causes.values():
        alike = list(texts.values())
        groups = alike if len(alike) <= _DIFFERENT else [sorted(fault for group in alike for fault in group)]
        lines += [line for group in groups for line in _group_lines(path, group)]
    return lines


def _group_lines(path: Path, group: Sequence[Fault]) -> list[str]:
    if len(group) <= _ALIKE:
        return [f"{line_name(path, fault.line)}: {fault.why}" for fault in group]
    first, *others = group
    rest = f" and {len(others) - _ALIKE} more" if len(others) > _ALIKE else ""
    lines = ", ".join(str(fault.line) for fault in others[:_ALIKE])
    likewise = f"{len(group)} times in all, likewise in {line_word(path)}s {lines}{rest}"
    return [f"{line_name(path, first.line)}: {first.why} ({likewise})"]


def _read_csv(path: Path, columns: Sequence[str], required: Sequence[str]) -> Rows:
    separator, text = SEPARATORS[path.suffix.lower()], read_text(path)
    stated = _SEPARATOR_LINE.match(text)
    if stated and stated[1] != separator:
        return Rows(path, (), (Fault(1, _other_separator(stated[1], separator)),))
    # The line that names the separator stays, empty, so that all others keep their numbers.
    records, faults = parse_records("\n" + text[stated.end() :] if stated else text, separator)
    if not records:
        return Rows(path, (), tuple(faults))
    (first, header), *body = records
    header = [name.strip() for name in header]
    other = _separator_of(header, columns, separator)
    if other:
        # Everything else that could be said of the cells follows from it.
        return Rows(path, (), (Fault(first, _other_separator(other, separator)),))
    faults += [Fault(first, why) for why in _header_faults(header, columns, required)]
    faults += [
        Fault(line, f"{len(cells)} cells, expected {len(header)} as in the line of column names")
        for line, cells in body
        if len(cells) != len(header)
    ]
    positions = [header.index(column) if column in header else None for column in columns]
    rows = tuple(
        Row(line, tuple("" if at is None else unguarded(cells[at].strip()) for at in positions))
        for line, cells in body
        if len(cells) == len(header) and set(required) <= set(header)
    )
    return Rows(path, rows, tuple(faults))


def _separator_of(header: Sequence[str], columns: Sequence[str], separator: str) -> str:
    """Return what separates the columns' names where it is not `separator`, else nothing."""
    known = {column.lower() for column in columns}
    if known & {name.lower() for name in header}:
        return ""
    whole = separator.join(header).lower()
    others = (sign for sign in _SEPARATOR_NAMES if sign != separator and sign in whole)
    return next((sign for sign in others if known & {name.strip() for name in whole.split(sign)}), "")


def _other_separator(actual: str, expected: str) -> str:
    names = [_SEPARATOR_NAMES.get(sign, f"'{sign}'") for sign in (actual, expected)]
    hint = ": votes such as 2;4;5 use the semicolon" if actual == ";" else ""
    return f"the columns are separated by {names[0]}, expected {names[1]}{hint}"


def _header_faults(header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> Iterator[str]:
    counts = Counter(header)
    yield from (f"the column '{name}' stands there {counts[name]} times" for name in columns if counts[name] > 1)
    missing = [column for column in columns if column not in counts]
    for name in counts:
        # A label column that is misspelt would silently make a corpus unlabelled.
        near = get_close_matches(name.lower(), missing, n=1, cutoff=0.85)
        if name not in columns and near:
            yield f"unknown column '{name}': did you mean '{near[0]}'? Rename it, or drop it if it is something else"
    absent = [column for column in required if column not in counts]
    if absent:
        names, optional = " and ".join(f"'{name}'" for name in absent), [c for c in columns if c not in required]
        yield f"no column {names}; expected {', '.join(required)}, and where they apply: {', '.join(optional)}"


def _read_parquet(path: Path, columns: Sequence[str], required: Sequence[str]) -> Rows:
    try:
        header = Counter(read_schema(path).names)
        faults = tuple(Fault(0, why) for why in _header_faults(list(header.elements()), columns, required))
        if not set(required) <= set(header):
            return Rows(path, (), faults)
        present = [column for column in columns if header[column] == 1]
        table = read_parquet(path, present)
        cells = {name: [_as_text(value) for value in table.column(name).to_pylist()] for name in present}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ValaroError(f"{path}: not a readable Parquet file: {words_for(error)}") from None
    by_row = zip(*(cells.get(column, [""] * table.num_rows) for column in columns), strict=True)
    return Rows(path, tuple(Row(line, row) for line, row in enumerate(by_row, start=1)), faults)


def _as_text(value: object) -> str:
    """Return a Parquet value as the text a CSV would hold: a column of whole numbers with gaps is stored as floats."""
    match value:
        case None:
            return ""
        case float():
            return "" if math.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
        case list():
            return ";".join(_as_text(item) for item in value)
        case bytes():
            return value.decode("utf-8")
        case _:
            return str(value).strip()
