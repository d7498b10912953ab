"""What the tables of an audformat database say of each segment, put together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from valaro.corpora.audformat_header import Column, Header, TableHead
from valaro.corpora.table_reader import Row, read_rows
from valaro.errors import ValaroError
from valaro.records import DIMENSIONS, Dimension, Problem

FORMS = (".parquet", ".csv")
"""What a table is read from, the preferred form first."""

NANO = 1_000_000_000
_TIME = re.compile(r"(?:(\d{1,6}) days?,? ?)?(?:(\d{1,4}):(\d\d):(\d\d)(?:\.(\d{1,9}))?)?", re.ASCII)
_MISSING = {"", "nan", "nat", "<na>", "none"}


class Segment(NamedTuple):
    """A file and where in it, in whole nanoseconds, as audformat counts; no end: to the end."""

    file: str
    start: int = 0
    end: int | None = None

    @property
    def text(self) -> str:
        """The file, and the seconds where it is cut: `a.wav:1.5-2.25`."""
        if not self.start and self.end is None:
            return self.file
        first, last = (
            "" if time is None else f"{time / NANO:.9f}".rstrip("0").rstrip(".") for time in (self.start, self.end)
        )
        return f"{self.file}:{first}-{last}"


class Vote(NamedTuple):
    """A label as it is written in a column, before its scheme's scale is known."""

    dimension: Dimension
    annotator: str
    rater_type: str
    text: str
    scheme: str


@dataclass(kw_only=True)
class Facts:
    """What all tables say of a segment."""

    source: str
    """The file and line of its first row."""
    is_cut: bool
    """Whether some row cuts it from its file."""
    texts: dict[str, str] = field(default_factory=dict[str, str])
    """By role."""
    votes: list[Vote] = field(default_factory=list[Vote])
    faults: list[str] = field(default_factory=list[str])

    def add(self, column: Column, text: str, table: str) -> None:
        """Take a cell in; what contradicts another table is a fault."""
        role = column.role
        if role not in DIMENSIONS:
            known = self.texts.get(role, "")
            if text and known and known != text:
                self.faults.append(f"{role} '{text}' in table '{table}', '{known}' in another")
            self.texts[role] = known or text
        elif text.lower() not in _MISSING:
            vote = Vote(role, column.annotator, column.rater_type, text, column.scheme)
            earlier = next((other for other in self.votes if other[:2] == vote[:2]), None)
            if earlier is None:
                self.votes.append(vote)
            elif earlier.text != text:
                why = f"{role} by '{vote.annotator}' is {text} in table '{table}', {earlier.text} in another"
                self.faults.append(why)


def file_of(table: str, header: Header) -> tuple[Path | None, Problem]:
    """Return where a table's rows are, or nothing and the problem that this is; a .pkl is never opened."""
    folder, stem = header.path.parent, f"{header.path.stem}.{table}"
    path = None
    if Path(stem).name != stem:
        why = "its name leads out of the folder, and it is not opened"
    else:
        why = f"expected {' or '.join(f'{stem}{form}' for form in FORMS)}"
        if (folder / f"{stem}.pkl").exists():
            why += "; its .pkl is not opened, since that executes what it holds: save the database as parquet"
        path = next((file for form in FORMS if (file := folder / f"{stem}{form}").is_file()), None)
    return path, Problem(utterance=str(header.path), where=f"table '{table}'", why=why)


def add_rows(table: TableHead, header: Header, segments: dict[Segment, Facts]) -> Iterator[Problem]:
    """Add what a table says to `segments`; yield a problem for each row of which not even the segment is known."""
    path, problem = file_of(table.id, header)
    if path is None:
        yield problem
        return
    index = ("file", "start", "end") if table.is_segmented else ("file",)
    names = (*index, *(column.id for column in table.columns))
    rows = read_rows(path, names, names)
    yield from rows.problems("table")
    for row in rows.rows:
        source = rows.at(row.line)
        try:
            segment = _segment(row, table.is_segmented)
        except ValaroError as error:
            yield Problem(utterance=source, where="segment", why=str(error))
            continue
        facts = segments.setdefault(segment, Facts(source=source, is_cut=False))
        facts.is_cut |= table.is_segmented
        for column, text in zip(table.columns, row.cells[len(index) :], strict=True):
            facts.add(column, text, table.id)


def _segment(row: Row, is_segmented: bool) -> Segment:
    if not row.cells[0]:
        raise ValaroError("'file' is empty")
    if not is_segmented:
        return Segment(row.cells[0])
    start, end = _time("start", row.cells[1]) or 0, _time("end", row.cells[2])
    if end is not None and end <= start:
        raise ValaroError(f"end {row.cells[2]} is not after start {row.cells[1]}")
    return Segment(row.cells[0], start, end)


def _time(column: str, text: str) -> int | None:
    """Return a time in nanoseconds; None where nothing is said."""
    if text.lower() in _MISSING:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValaroError(f"{column} '{text}': expected a time such as 0 days 00:00:01.5")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * NANO + int((match[5] or "").ljust(9, "0"))
