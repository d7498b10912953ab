"""CSV that people open in a spreadsheet: a text there is never taken for a formula, and reads back as it was.

A spreadsheet computes a cell that begins with one of the signs below, and a formula can call a program or an address.
An apostrophe before it says, as it does in spreadsheets, that a text follows. Numbers are left alone.
"""

import csv
import io
import re
from collections.abc import Iterable

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue()


def guarded(cell: str) -> str:
    """Return a cell's text with an apostrophe where a spreadsheet would compute it.

    >>> [guarded(cell) for cell in ("=1+1", "-0.5", "-a.wav", "'=x", "a=b")]
    ["'=1+1", '-0.5', "'-a.wav", "''=x", 'a=b']
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """Return the text that `guarded` was given.

    >>> [unguarded(cell) for cell in ("'=1+1", "-0.5", "''=x", "'tis")]
    ['=1+1', '-0.5', "'=x", "'tis"]
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
