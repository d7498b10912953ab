"""The records of a CSV file with the line on which each begins, or what keeps the text from being CSV."""

import csv
import io
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from valaro.errors import ValaroError, words_for
from valaro.limits import LIMITS
from valaro.regular import read_regular

# In this order: the mark of UTF-32 begins with that of UTF-16.
_MARKS = ((BOM_UTF32_LE, "UTF-32"), (BOM_UTF32_BE, "UTF-32"), (BOM_UTF16_LE, "UTF-16"), (BOM_UTF16_BE, "UTF-16"))


class Fault(NamedTuple):
    """What is wrong in a table: on which `line` (0: in the file as a whole), and `why`."""

    line: int
    why: str


def read_text(path: Path) -> str:
    """Return the text of a table.

    Raises:
        ValaroError: it cannot be read, is too large, or is not UTF-8.
    """
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


def parse_records(text: str, separator: str) -> tuple[list[tuple[int, list[str]]], list[Fault]]:
    """Return every record that is not blank with its line, the column names first, and all faults.

    Of a text that is no CSV, or has more rows than a table may have, there is no record.
    """
    faults = [
        Fault(number, "holds a NUL byte, expected plain text")
        for number, line in enumerate(text.split("\n") if "\0" in text else (), start=1)
        if "\0" in line
    ]
    try:
        records = list(_records(text.replace("\0", ""), separator))
    except _RecordError as error:
        return [], [*faults, error.fault]
    return records, faults if records else [*faults, Fault(1, "the file is empty, expected a line of column names")]


class _RecordError(Exception):
    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.fault = Fault(line, why)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    # The line of column names is no row.
    rows = -1
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = " (is a quotation mark left open?)" if '"' in text else ""
            raise _RecordError(first, f"{error}{hint}") from None
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        if rows > LIMITS.most_rows:
            most = f"{LIMITS.most_rows:,}"
            raise _RecordError(first, f"one row more than the {most} that a table may have: part the table")
        yield first, cells
