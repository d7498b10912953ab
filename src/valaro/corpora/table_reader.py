"""The rows of a CSV, TSV or Parquet file, every cell as text with the line it stands on."""

import csv
import io
import math
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from valaro.corpora.table_faults import CellError, Fault, in_few_lines, line_name
from valaro.errors import ValaroError, all_at_once, words_for
from valaro.limits import LIMITS
from valaro.parquet import read_parquet, read_schema
from valaro.records import Problem
from valaro.regular import read_regular, why_no_file
from valaro.spreadsheet import unguarded

SEPARATORS = {".csv": ",", ".tsv": "\t"}
_SEPARATOR_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
"""What some spreadsheets write before a table, for other spreadsheets."""

# In this order: the mark of UTF-32 begins with that of UTF-16.
_MARKS = ((BOM_UTF32_LE, "UTF-32"), (BOM_UTF32_BE, "UTF-32"), (BOM_UTF16_LE, "UTF-16"), (BOM_UTF16_BE, "UTF-16"))


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
        """Raise one error that names every fault, `more` ones too, if there is any; many of one reason on one line."""
        faults = (*self.faults, *more)
        if faults:
            heading = f"{len(faults)} problem{'s' * (len(faults) > 1)} in {self.path}"
            raise all_at_once(heading, in_few_lines(self.path, faults))


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


def take_rows(
    path: Path, columns: Sequence[str], required: Sequence[str], take: Callable[[Sequence[str]], Iterator[CellError]]
) -> None:
    """Give the cells of each row to `take`, which yields what is wrong with them; raise one error with every fault."""
    rows = read_rows(path, columns, required)
    rows.require_sound([Fault(line, why.reason, why.values) for line, cells in rows.rows for why in take(cells)])


def _read_text(path: Path) -> str:
    """Return the text of a table; ValaroError if it cannot be read, is too large, or is not UTF-8."""
    try:
        raw = read_regular(path, LIMITS.most_table_bytes)
    except OSError as error:
        raise ValaroError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValaroError(f"{path}: {words_for(error)}") from None
    wide = next((name for mark, name in _MARKS if raw.startswith(mark)), "")
    if wide:
        raise ValaroError(f"{path}, line 1: the text is {wide}, expected UTF-8: save the table as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + raw[: error.start].count(b"\n")
        why = f"byte 0x{raw[error.start]:02x} is not UTF-8: save the table as UTF-8"
        raise ValaroError(f"{path}, line {line}: {why}") from None


def _read_csv(path: Path, columns: Sequence[str], required: Sequence[str]) -> Rows:
    separator, text, faults = SEPARATORS[path.suffix.lower()], _read_text(path), list[Fault]()
    stated = _SEPARATOR_LINE.match(text)
    if stated and stated[1] != separator:
        return Rows(path, (), (Fault(1, _other_separator(stated[1], separator)),))
    # The line that names the separator stays, empty, so that all others keep their numbers.
    records = _records("\n" + text[stated.end() :] if stated else text, separator, faults)
    if not records:
        return Rows(path, (), tuple(faults))
    (first, header), *body = records
    header = [name.strip() for name in header]
    other = _separator_of(header, columns, separator)
    if other:
        # Everything else that could be said of the cells follows from it.
        return Rows(path, (), (Fault(first, _other_separator(other, separator)),))
    faults += [Fault(first, why) for why in _header_faults(header, columns, required)]
    why = f"{{}} cells, expected {len(header)} as in the line of column names"
    faults += [Fault(line, why, (len(cells),)) for line, cells in body if len(cells) != len(header)]
    positions = [header.index(column) if column in header else None for column in columns]
    rows = tuple(
        Row(line, tuple("" if at is None else unguarded(cells[at].strip()) for at in positions))
        for line, cells in body
        if len(cells) == len(header) and set(required) <= set(header)
    )
    return Rows(path, rows, tuple(faults))


def _records(text: str, separator: str, faults: list[Fault]) -> list[tuple[int, list[str]]]:
    """Return every record that is not blank with its line, the column names first; none of what cannot be a table."""
    for number, line in enumerate(text.split("\n") if "\0" in text else (), start=1):
        faults += [Fault(number, "holds a NUL byte, expected plain text")] if "\0" in line else []
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=separator, strict=True)
    records: list[tuple[int, list[str]]] = []
    # The line of column names is no row.
    while len(records) <= LIMITS.most_rows + 1:
        first = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            hint = " (is a quotation mark left open?)" if '"' in text else ""
            faults.append(Fault(first, f"{error}{hint}"))
            return []
        if cells is None:
            faults += [] if records else [Fault(1, "the file is empty, expected a line of column names")]
            return records
        if any(cell.strip() for cell in cells):
            records.append((first, cells))
    why = f"one row more than the {LIMITS.most_rows:,} that a table may have: part the table"
    faults.append(Fault(records[-1][0], why))
    return []


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
