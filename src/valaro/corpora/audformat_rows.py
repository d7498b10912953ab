"""What the tables of an audformat database say of each segment, put together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from valaro.corpora.audformat_header import Column, Header, TableHead
from valaro.corpora.audformat_package import FULL_NAMES
from valaro.corpora.table_reader import Row, as_problems, place, read_sheet
from valaro.errors import ValaroError
from valaro.records import DIMENSIONS, Dimension, Problem

FACTS = ("speaker", "session", "gender")
FORMS = (".parquet", ".csv")
"""What a table is read from, the preferred form first."""

_TIME = re.compile(r"(?:(\d{1,6}) days?,? ?)?(?:(\d{1,4}):(\d\d):(\d\d)(?:\.(\d{1,9}))?)?", re.ASCII)
_MISSING = {"", "nan", "nat", "<na>", "none"}
NANO = 1_000_000_000


class Segment(NamedTuple):
    """A file and where in it, in whole nanoseconds, as audformat counts; no end: to the end."""

    file: str
    start: int
    end: int | None

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
class Found:
    """What all tables say of a segment: `where` it stands first, whether it is `cut` from its file, and the rest."""

    where: str
    cut: bool
    facts: dict[str, str] = field(default_factory=dict[str, str])
    votes: list[Vote] = field(default_factory=list[Vote])
    faults: list[str] = field(default_factory=list[str])


def role_of(column: Column, header: Header) -> str:
    """Return what a column says of an utterance, a dimension or a fact; nothing if it is none of our business."""
    roles = {*DIMENSIONS, *FACTS, *(FULL_NAMES if header.ours else ())}
    return next((name for name in (column.scheme, column.id) if name in roles), "")


def file_of(table: str, header: Header) -> tuple[Path | None, Problem]:
    """Return where a table's rows are, or nothing and the problem that this is."""
    folder = header.path.parent
    stem = f"{header.path.stem}.{table}"
    if Path(stem).name != stem:
        why = "its name leads out of the folder, and it is not opened"
        return None, Problem(utterance=str(header.path), where=f"table '{table}'", why=why)
    why = f"expected {' or '.join(f'{stem}{form}' for form in FORMS)}"
    if (folder / f"{stem}.pkl").exists():
        why += "; its .pkl is not opened, since that executes what it holds: save the database as parquet"
    problem = Problem(utterance=str(header.path), where=f"table '{table}'", why=why)
    return next((file for form in FORMS if (file := folder / f"{stem}{form}").is_file()), None), problem


def collect(table: TableHead, header: Header, found: dict[Segment, Found]) -> Iterator[Problem]:
    """Add what a table's rows say to `found`; yield a problem for each row of which not even the segment is known."""
    file, problem = file_of(table.id, header)
    if file is None:
        yield problem
        return
    index = ("file", "start", "end") if table.segmented else ("file",)
    columns = [column for column in table.columns if role_of(column, header)]
    names = (*index, *(column.id for column in columns))
    sheet = read_sheet(file, names, names)
    yield from as_problems(file, sheet, "table")
    for row in sheet.rows:
        where = place(file, row.line)
        try:
            segment = _segment(row, table.segmented)
        except ValaroError as error:
            yield Problem(utterance=where, where="segment", why=str(error))
            continue
        one = found.setdefault(segment, Found(where=where, cut=table.segmented))
        one.cut |= table.segmented
        for column, text in zip(columns, row.cells[len(index) :], strict=True):
            _add(one, column, role_of(column, header), text, table.id)


def _segment(row: Row, segmented: bool) -> Segment:
    if not row.cells[0]:
        raise ValaroError("'file' is empty")
    if not segmented:
        return Segment(row.cells[0], 0, None)
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


def _add(one: Found, column: Column, role: str, text: str, table: str) -> None:
    if role not in DIMENSIONS:
        if one.facts.setdefault(role, text) != text and text:
            if one.facts[role]:
                one.faults.append(f"{role} '{text}' in table '{table}', '{one.facts[role]}' in another")
            one.facts[role] = one.facts[role] or text
        return
    if text.lower() in _MISSING:
        return
    annotator = column.rater or (column.id if column.id != role else table)
    vote = Vote(_dimension(role), annotator, column.rater_type, text, column.scheme)
    earlier = next((other for other in one.votes if other[:2] == vote[:2]), None)
    if earlier is None:
        one.votes.append(vote)
    elif earlier.text != text:
        one.faults.append(f"{role} by '{annotator}' is {text} in table '{table}', {earlier.text} in another")


def _dimension(role: str) -> Dimension:
    return next(dimension for dimension in DIMENSIONS if dimension == role)
