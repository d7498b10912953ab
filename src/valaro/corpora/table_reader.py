"""The rows of a CSV, TSV or Parquet file, every cell as text with the line it stands on."""

import csv
import io
import math
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
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
from valaro.regular import read_regular, why_no_file
from valaro.spreadsheet import unguarded

SEPARATORS = {".csv": ",", ".tsv": "\t"}
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
"""What some spreadsheets write before a table, for other spreadsheets."""

# In this order: the mark of UTF-32 begins with that of UTF-16.
_MARKS = ((BOM_UTF32_LE, "UTF-32"), (BOM_UTF32_BE, "UTF-32"), (BOM_UTF16_LE, "UTF-16"), (BOM_UTF16_BE, "UTF-16"))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: the `line` its text begins on (in Parquet the row's number), its cells in the order asked for."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong in a table: on which `line` (0: in the file as a whole), and `why`."""

    line: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The wanted columns of the file `path`; `wrong` is all that could not be read.

    Without a required column no row says anything, so `rows` is empty.
    """

    path: Path
    rows: tuple[Row, ...]
    wrong: tuple[Fault, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, each with file and line."""
        return tuple(f"{place(self.path, fault.line)}: {fault.why}" for fault in self.wrong)


def read_sheet(path: Path, columns: Sequence[str], required: Sequence[str]) -> Sheet:
    """Read `columns` of a table; a column that is absent gives empty cells, other columns are left alone."""
    kind = path.suffix.lower()
    why = why_no_file(path, "a table")
    if why:
        raise ValaroError(f"{path}: {why}")
    if kind not in {*SEPARATORS, ".parquet"}:
        raise ValaroError(f"{path}: expected a table whose name ends in .csv, .tsv or .parquet")
    if kind == ".parquet":
        return _read_parquet(path, columns, required)
    return _read_text(path, SEPARATORS[kind], columns, required)


def place(path: Path, line: int) -> str:
    """Return how a message names a line of a table (or a row of a Parquet file, whose first row is 1)."""
    return f"{path}, {line_word(path)} {line}" if line else str(path)


def line_word(path: Path) -> str:
    """Return what the lines of a table are called: a Parquet file has rows alone."""
    return "row" if path.suffix.lower() == ".parquet" else "line"


def as_problems(path: Path, sheet: Sheet, where: str) -> tuple[Problem, ...]:
    """Return a sheet's faults as problems, for a reader that goes on without the rows that cannot be read."""
    return tuple(Problem(utterance=place(path, fault.line), where=where, why=fault.why) for fault in sheet.wrong)


def _read_text(path: Path, separator: str, columns: Sequence[str], required: Sequence[str]) -> Sheet:
    text = _decode(path)
    stated = _SEPARATOR_LINE.match(text)
    if stated and stated[1] != separator:
        return Sheet(path=path, rows=(), wrong=(Fault(line=1, why=_other_separator(stated[1], separator)),))
    # Its line stays, empty, so that all others keep their numbers.
    text = "\n" + text[stated.end() :] if stated else text
    wrong = _nul_faults(text)
    lines: list[tuple[int, list[str]]] = []
    try:
        _check_rows(text.replace("\0", ""), separator)
        lines.extend(_records(text.replace("\0", ""), separator))
    except _RecordError as error:
        return Sheet(path=path, rows=(), wrong=(*wrong, Fault(line=error.line, why=error.why)))
    if not lines:
        empty = Fault(line=1, why="the file is empty, expected a line of column names")
        return Sheet(path=path, rows=(), wrong=(*wrong, empty))
    (first, header), *body = lines
    header = [name.strip() for name in header]
    other = _separator_of(header, columns, separator)
    if other:
        # Everything else that could be said of the cells follows from it.
        return Sheet(path=path, rows=(), wrong=(Fault(line=first, why=_other_separator(other, separator)),))
    wrong += [Fault(line=first, why=why) for why in _header_faults(header, columns, required)]
    wrong += [
        Fault(line=line, why=f"{len(cells)} cells, expected {len(header)} as in the line of column names")
        for line, cells in body
        if len(cells) != len(header)
    ]
    if not set(required) <= set(header):
        return Sheet(path=path, rows=(), wrong=tuple(wrong))
    positions = [header.index(column) if column in header else None for column in columns]
    rows = tuple(
        Row(line=line, cells=tuple("" if at is None else unguarded(cells[at].strip()) for at in positions))
        for line, cells in body
        if len(cells) == len(header)
    )
    return Sheet(path=path, rows=rows, wrong=tuple(wrong))


_SEPARATOR_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}


def _separator_of(header: Sequence[str], columns: Sequence[str], separator: str) -> str:
    """Return what separates the columns' names where it is not `separator`, else nothing."""
    known = {column.lower() for column in columns}
    whole = separator.join(header)
    others = [sign for sign in _SEPARATOR_NAMES if sign != separator and sign in whole]
    if known & {name.lower() for name in header}:
        return ""
    return next((sign for sign in others if known & {name.strip().lower() for name in whole.split(sign)}), "")


def _other_separator(found: str, expected: str) -> str:
    names = [_SEPARATOR_NAMES.get(sign, f"'{sign}'") for sign in (found, expected)]
    hint = ": votes such as 2;4;5 use the semicolon" if found == ";" else ""
    return f"the columns are separated by {names[0]}, expected {names[1]}{hint}"


def _decode(path: Path) -> str:
    try:
        raw = read_regular(path, LIMITS.most_table_bytes)
    except OSError as error:
        raise ValaroError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValaroError(f"{path}: {error}") from None
    wide = next((name for mark, name in _MARKS if raw.startswith(mark)), "")
    if wide:
        raise ValaroError(f"{place(path, 1)}: the text is {wide}, expected UTF-8: save the table as UTF-8")
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


def _nul_faults(text: str) -> list[Fault]:
    if "\0" not in text:
        return []
    return [
        Fault(line=number, why="holds a NUL byte, expected plain text")
        for number, line in enumerate(text.split("\n"), start=1)
        if "\0" in line
    ]


def _check_rows(text: str, separator: str) -> None:
    """Raise where a table has more rows than are read, before any of them is kept."""
    if text.count("\n") + text.count("\r") <= LIMITS.most_rows:
        return
    # The line of column names is none.
    for count, (line, _) in enumerate(_records(text, separator)):
        if count > LIMITS.most_rows:
            raise _RecordError(
                line, f"one row more than the {LIMITS.most_rows:,} that a table may have: part the table"
            )


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


def _header_faults(header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> Iterator[str]:
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


def _read_parquet(path: Path, columns: Sequence[str], required: Sequence[str]) -> Sheet:
    try:
        header = read_schema(path).names
        wrong = tuple(Fault(line=0, why=why) for why in _header_faults(header, columns, required))
        if not set(required) <= set(header):
            return Sheet(path=path, rows=(), wrong=wrong)
        counts = Counter(header)
        present = [column for column in columns if counts[column] == 1]
        table = read_parquet(path, present)
        cells = {name: [_as_text(value) for value in table.column(name).to_pylist()] for name in present}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ValaroError(f"{path}: not a readable Parquet file: {words_for(error)}") from None
    empty = [""] * table.num_rows
    by_row = zip(*(cells.get(column, empty) for column in columns), strict=True)
    rows = tuple(Row(line=line, cells=row) for line, row in enumerate(by_row, start=1))
    return Sheet(path=path, rows=rows, wrong=wrong)


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
