"""The rows of a CSV, TSV or Parquet file, every cell as text with the line it stands on."""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa

from valaro.errors import ValaroError, words_for
from valaro.limits import LIMITS
from valaro.parquet import read_parquet, read_schema
from valaro.records import Problem
from valaro.regular import read_regular
from valaro.spreadsheet import unguarded

SEPARATORS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: the `line` its text begins on (in Parquet the row's number), its cells in the order asked for."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The wanted columns of a file; `faults` are all that could not be read, each with file and line.

    Without a required column no row says anything, so `rows` is empty.
    """

    rows: tuple[Row, ...]
    faults: tuple[str, ...]


def read_sheet(path: Path, columns: Sequence[str], required: Sequence[str]) -> Sheet:
    """Read `columns` of a table; a column that is absent gives empty cells, other columns are left alone."""
    kind = path.suffix.lower()
    if kind not in {*SEPARATORS, ".parquet"}:
        raise ValaroError(f"{path}: expected a table whose name ends in .csv, .tsv or .parquet")
    if not path.is_file():
        raise ValaroError(f"{path}: {'is a folder, expected a table' if path.is_dir() else 'there is no such file'}")
    if kind == ".parquet":
        return _read_parquet(path, columns, required)
    return _read_text(path, SEPARATORS[kind], columns, required)


def place(path: Path, line: int) -> str:
    """Return how a message names a line of a table (or a row of a Parquet file, whose first row is 1)."""
    return f"{path}, {'row' if path.suffix.lower() == '.parquet' else 'line'} {line}"


def as_problems(path: Path, sheet: Sheet, where: str) -> tuple[Problem, ...]:
    """Return a sheet's faults as problems, for a reader that goes on without the rows that cannot be read."""
    spots = [fault.removeprefix(str(path)).partition(": ") for fault in sheet.faults]
    return tuple(Problem(utterance=f"{path}{spot}", where=where, why=why) for spot, _, why in spots)


def _read_text(path: Path, separator: str, columns: Sequence[str], required: Sequence[str]) -> Sheet:
    text = _decode(path)
    faults = [
        f"{place(path, number)}: holds a NUL byte, expected plain text"
        for number, line in enumerate(text.split("\n"), start=1)
        if "\0" in line
    ]
    lines: list[tuple[int, list[str]]] = []
    try:
        lines.extend(_records(text.replace("\0", ""), separator))
    except _RecordError as error:
        return Sheet(rows=(), faults=(*faults, f"{place(path, error.line)}: {error.why}"))
    if not lines:
        return Sheet(rows=(), faults=(*faults, f"{place(path, 1)}: the file is empty, expected a line of column names"))
    (first, header), *body = lines
    header = [name.strip() for name in header]
    faults += [f"{place(path, first)}: {fault}" for fault in _header_faults(header, separator, columns, required)]
    faults += [
        f"{place(path, line)}: {len(cells)} cells, expected {len(header)} as in the line of column names"
        for line, cells in body
        if len(cells) != len(header)
    ]
    if not set(required) <= set(header):
        return Sheet(rows=(), faults=tuple(faults))
    positions = [header.index(column) if column in header else None for column in columns]
    rows = tuple(
        Row(line=line, cells=tuple("" if at is None else unguarded(cells[at].strip()) for at in positions))
        for line, cells in body
        if len(cells) == len(header)
    )
    return Sheet(rows=rows, faults=tuple(faults))


def _decode(path: Path) -> str:
    try:
        raw = read_regular(path, LIMITS.most_table_bytes)
    except OSError as error:
        raise ValaroError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValaroError(f"{path}: {error}") from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValaroError(f"{place(path, 1)}: the text is UTF-16, expected UTF-8: save the table as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + raw[: error.start].count(b"\n")
        why = f"byte 0x{raw[error.start]:02x} is not UTF-8: save the table as UTF-8"
        raise ValaroError(f"{place(path, line)}: {why}") from None


class _RecordError(Exception):
    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every record that is not blank with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = " (is a quotation mark left open?)" if '"' in text else ""
            raise _RecordError(first, f"{error}{hint}") from None
        if any(cell.strip() for cell in cells):
            yield first, cells


def _header_faults(
    header: Sequence[str], separator: str, columns: Sequence[str], required: Sequence[str]
) -> Iterator[str]:
    counts = Counter(header)
    yield from (
        f"the column '{column}' stands there {counts[column]} times" for column in columns if counts[column] > 1
    )
    missing = [column for column in columns if column not in counts]
    for name in counts:
        # A label column that is misspelt would silently make a corpus unlabelled.
        near = get_close_matches(name.lower(), missing, n=1, cutoff=0.85)
        if name not in columns and near:
            yield f"unknown column '{name}': did you mean '{near[0]}'? Rename it, or drop it if it is something else"
    absent = [column for column in required if column not in counts]
    if absent:
        names = " and ".join(f"'{column}'" for column in absent)
        yield f"no column {names}; expected {', '.join(required)}, and where they apply: " + ", ".join(
            column for column in columns if column not in required
        )
    if absent and separator not in "".join(header) and len(header) == 1 and ";" in header[0]:
        yield "the columns are separated by semicolons, expected commas: votes such as 2;4;5 use the semicolon"


def _read_parquet(path: Path, columns: Sequence[str], required: Sequence[str]) -> Sheet:
    try:
        header = read_schema(path).names
        faults = tuple(f"{path}: {fault}" for fault in _header_faults(header, "", columns, required))
        if not set(required) <= set(header):
            return Sheet(rows=(), faults=faults)
        counts = Counter(header)
        present = [column for column in columns if counts[column] == 1]
        table = read_parquet(path, present)
        cells = {name: [_as_text(value) for value in table.column(name).to_pylist()] for name in present}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ValaroError(f"{path}: not a readable Parquet file: {words_for(error)}") from None
    empty = [""] * table.num_rows
    by_row = zip(*(cells.get(column, empty) for column in columns), strict=True)
    return Sheet(rows=tuple(Row(line=line, cells=row) for line, row in enumerate(by_row, start=1)), faults=faults)


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
