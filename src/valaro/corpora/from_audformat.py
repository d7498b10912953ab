"""An audformat database (a folder with db.yaml and one file per table), read into utterances; see docs/corpora.md.

An utterance is a row of a table that has a column of valence, arousal or the speaker, or of any table where none has
one; a file that some row cuts into segments is not an utterance besides. What a table of whole files says holds for
their segments. A database that `valaro export` wrote gives back the utterances and notes that were written.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from valaro.corpora.audformat_database import NANO, OUR_TABLE, Column, Header, Scheme, TableHead, read_header
from valaro.corpora.options import TableOptions
from valaro.corpora.parse_cell import (
    GENDERS,
    NOT_NAMED,
    RowParser,
    checked_name,
    checked_scale,
    fits_a_cell,
    media_of,
    number_of,
    on_five,
    region_of,
)
from valaro.corpora.reading import Reading, existing_folder, nothing_in
from valaro.corpora.table_faults import CellError
from valaro.corpora.table_reader import Row, read_rows
from valaro.errors import unknown_name
from valaro.records import DIMENSIONS, LEVEL_SCORES, Dimension, Problem, Rating, Utterance

_MACHINE, _SUMMARIES = "machine", ("vote", "ground truth")
"""Raters who are not counted, and those who sum others up: not counted where others rated the segment."""

_TIME = re.compile(r"(?:(\d{1,6}) days?,? ?)?(?:(\d{1,4}):(\d\d):(\d\d)(?:\.(\d{1,9}))?)?", re.ASCII)
_MISSING = {"", "nan", "nat", "<na>", "none"}


class _Segment(NamedTuple):
    """A file and where in it, in whole nanoseconds; no end: to the end."""

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


@dataclass(kw_only=True)
class _Facts:
    """What all tables say of a segment."""

    source: str
    """The file and line of its first row."""
    is_cut: bool = False
    """Whether some row cuts it from its file."""
    cells: dict[tuple[str, str], tuple[Column, str]] = field(default_factory=dict[tuple[str, str], tuple[Column, str]])
    """A column and what it says, by role and annotator."""
    faults: list[str] = field(default_factory=list[str])

    def add(self, column: Column, text: str, table: str) -> None:
        """Take a cell in; what contradicts another table is a fault."""
        if not text or (column.annotator and text.lower() in _MISSING):
            return
        _, known = self.cells.setdefault((column.role, column.annotator), (column, text))
        if known != text:
            what = f"{column.role} by '{column.annotator}':" if column.annotator else column.role
            self.faults.append(f"{what} '{text}' in table '{table}', '{known}' in another")

    @property
    def texts(self) -> dict[str, str]:
        """What is said beside labels, by role."""
        return {role: text for (role, annotator), (_, text) in self.cells.items() if not annotator}

    @property
    def votes(self) -> list[tuple[Dimension, Column, str]]:
        """The labels, as they are written."""
        return [
            (name, column, text) for column, text in self.cells.values() for name in DIMENSIONS if name == column.role
        ]


@dataclass(kw_only=True)
class _Database:
    """A header, and what follows from it and the user's choices for reading rows."""

    header: Header
    corpus: str
    people: str
    root: Path | None
    scales: dict[str, Scheme] = field(default_factory=dict[str, Scheme])
    genders: Mapping[str, str] = field(default_factory=dict[str, str])
    rejected: list[Problem] = field(default_factory=list[Problem])
    skipped: Counter[str] = field(default_factory=Counter[str])

    def media(self, text: str) -> Path:
        return media_of(text, self.header.path.parent, self.root)


def read_audformat(folder: Path, options: TableOptions = TableOptions()) -> Reading:
    """Read an audformat database; `corpus` is by default its name, `people` the corpus.

    Recordings must lie below `root` (by default the database's folder), where relative names begin: a database from
    elsewhere opens nothing else.

    Raises:
        ValaroError: no database, a header that makes no sense, or the package audformat is not installed.
    """
    header = read_header(existing_folder(folder))
    corpus = checked_name(header.path, header.name.replace("/", "-") if options.corpus is None else options.corpus)
    people = checked_name(header.path, options.people or corpus)
    database = _Database(header=header, corpus=corpus, people=people, root=options.root)
    _set_scales(database, None if options.scale is None else checked_scale(options.scale))
    _set_genders(database)
    segments: dict[_Segment, _Facts] = {}
    bad_rows = [problem for table in _tables_of_utterances(header) for problem in _add_rows(table, header, segments)]
    database.rejected += bad_rows
    if not segments and not bad_rows:
        raise nothing_in(folder, "tables of files or segments, with rows")
    cut = {segment.file for segment, facts in segments.items() if facts.is_cut}
    chosen = {segment: facts for segment, facts in segments.items() if facts.is_cut or segment.file not in cut}
    unused = sum(len(facts.votes) for segment, facts in segments.items() if segment not in chosen)
    database.skipped["ratings of whole files that are cut into segments"] = unused
    return Reading(
        utterances=_utterances(chosen, segments, database),
        notes=header.notes,
        unit="segment",
        expected=len(chosen) + len(bad_rows),
        rejected=tuple(database.rejected),
        skipped=database.skipped,
    )


def _tables_of_utterances(header: Header) -> list[TableHead]:
    telling = {"speaker", *DIMENSIONS}
    tables = [table for table in header.tables if any(column.role in telling for column in table.columns)]
    # The package sorts tables by name; the order of utterances is that of the table which has them all.
    return sorted(tables or header.tables, key=lambda table: header.is_ours and table.id != OUR_TABLE)


def _set_scales(database: _Database, stated: tuple[float, float] | None) -> None:
    """Find the scale of every scheme that a dimension's column has; one without is a problem, said once."""
    header = database.header
    firsts: dict[str, Column] = {}
    for column in (column for table in header.tables for column in table.columns if column.annotator):
        firsts.setdefault(column.scheme, column)
    for name, column in firsts.items():
        scheme = header.schemes.get(name, Scheme())
        is_levels = scheme.labels is not None and {label.lower() for label in scheme.labels} <= LEVEL_SCORES.keys()
        if is_levels or scheme.scale is not None:
            database.scales[name] = scheme
        elif stated is not None:
            database.scales[name] = Scheme(scale=stated)
        else:
            why = (
                "expected a minimum and a larger maximum, or the labels low, medium, high; "
                "--scale LOW HIGH states a scale that the database does not"
            )
            where = f"scheme '{name}'" if name else f"column '{column.id}' without a scheme"
            database.rejected.append(Problem(utterance=str(header.path), where=where, why=why))


def _set_genders(database: _Database) -> None:
    """Find the genders that the speaker scheme's labels state, which may lie in a table of their own."""
    header = database.header
    database.genders = header.genders
    if header.speaker_table:
        path, problem = header.file_of(header.speaker_table)
        if path is None:
            database.rejected.append(problem)
            return
        rows = read_rows(path, (header.speaker_level, "gender"), (header.speaker_level,))
        database.genders = {row.cells[0]: row.cells[1] for row in rows.rows}
        database.rejected += rows.problems("speakers")


def _add_rows(table: TableHead, header: Header, segments: dict[_Segment, _Facts]) -> Iterator[Problem]:
    """Add what a table says to `segments`; yield a problem for each row of which not even the segment is known."""
    path, problem = header.file_of(table.id)
    if path is None:
        yield problem
        return
    index = ("file", "start", "end") if table.is_segmented else ("file",)
    names = (*index, *(column.id for column in table.columns))
    rows = read_rows(path, names, names)
    yield from rows.problems("table")
    for row in rows.rows:
        try:
            segment = _segment(row, table.is_segmented)
        except CellError as error:
            yield Problem(utterance=rows.at(row.line), where="segment", why=str(error))
            continue
        facts = segments.setdefault(segment, _Facts(source=rows.at(row.line)))
        facts.is_cut |= table.is_segmented
        for column, text in zip(table.columns, row.cells[len(index) :], strict=True):
            facts.add(column, text, table.id)


def _segment(row: Row, is_segmented: bool) -> _Segment:
    if not row.cells[0]:
        raise CellError("'file' is empty")
    if not is_segmented:
        return _Segment(row.cells[0])
    start, end = _time("start", row.cells[1]) or 0, _time("end", row.cells[2])
    if end is not None and end <= start:
        raise CellError("end {} is not after start {}", row.cells[2], row.cells[1])
    return _Segment(row.cells[0], start, end)


def _time(column: str, text: str) -> int | None:
    """Return a time in nanoseconds; None where nothing is said."""
    if text.lower() in _MISSING:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise CellError(f"{column} '{{}}': expected a time such as 0 days 00:00:01.5", text)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * NANO + int((match[5] or "").ljust(9, "0"))


def _utterances(
    chosen: Mapping[_Segment, _Facts], segments: Mapping[_Segment, _Facts], database: _Database
) -> tuple[Utterance, ...]:
    """Return the utterances of the chosen segments; one with a fault is a problem of the database instead."""
    utterances: dict[str, Utterance] = {}
    genders: dict[str, str] = {}
    for segment, facts in chosen.items():
        row = RowParser()
        texts = {**segments.get(_Segment(segment.file), facts).texts, **facts.texts}
        utterance = _utterance(segment, texts, _ratings(facts, database, row), database, row)
        if utterance.id in utterances:
            row.add("utterance '{}' is there already", utterance.id)
        known = genders.setdefault(utterance.speaker, utterance.gender) if utterance.gender else ""
        if known != utterance.gender:
            row.add("speaker '{}' is {} here but {} before", utterance.speaker, utterance.gender, known)
        faults = [*facts.faults, *(fault.why for fault in row.faults)]
        if faults:
            database.rejected.append(Problem(utterance=facts.source, where=segment.text, why="; ".join(faults)))
        else:
            utterances[utterance.id] = utterance
    return tuple(utterances.values())


def _ratings(facts: _Facts, database: _Database, row: RowParser) -> tuple[Rating, ...]:
    """Return the ratings of those who count, in the order of the columns."""
    votes = facts.votes
    rated = {dimension for dimension, column, _ in votes if column.rater_type not in {_MACHINE, *_SUMMARIES}}
    ratings: list[Rating] = []
    for dimension, column, text in votes:
        if column.scheme not in database.scales:
            continue  # a problem of the scheme, said once
        if column.rater_type == _MACHINE:
            database.skipped["ratings by machines"] += 1
        elif column.rater_type in _SUMMARIES and dimension in rated:
            database.skipped["ratings that sum up those of raters"] += 1
        else:
            try:
                score = _score(text, database.scales[column.scheme])
            except CellError as error:
                row.add("{} by '{}': {}", dimension, column.annotator, error)
            else:
                ratings.append(Rating(annotator=column.annotator, dimension=dimension, score=score))
    return tuple(ratings)


def _score(text: str, scheme: Scheme) -> float:
    """Return a label of the scheme as a score on the 1-5 scale."""
    if scheme.labels is not None:
        if text not in scheme.labels:
            raise CellError("{}", unknown_name("level", text, scheme.labels))
        return LEVEL_SCORES[text.lower()]
    assert scheme.scale is not None
    value, (low, high) = number_of(text), scheme.scale
    if not low <= value <= high:
        raise CellError("{} is outside the scale {:g} to {:g}", text, low, high)
    return on_five(value, scheme.scale)


def _utterance(
    segment: _Segment, texts: Mapping[str, str], ratings: tuple[Rating, ...], database: _Database, row: RowParser
) -> Utterance:
    """Return a segment's utterance; what is wrong with it is added to the faults of `row`."""

    def text(role: str) -> str:
        return texts.get(role, "")

    speaker, session, sound = text("speaker"), text("session"), text("sound")
    gender = text("gender") or database.genders.get(speaker, "")
    if ratings and not speaker:
        row.add("labels without a speaker: folds part the speakers, so the speaker must be named")
    if database.header.is_ours:
        name, corpus = text("utterance"), text("corpus")
        for role in ("utterance", "corpus", "speaker"):
            if not text(role):
                row.add(f"no {role}")
    else:
        if speaker.startswith("?"):
            row.add(NOT_NAMED, speaker)
        corpus, name = database.corpus, f"{database.corpus}/{segment.text}"
        speaker = f"{database.people}/{speaker or f'?{segment.text}'}"
    for part in (name, speaker, session):
        if not fits_a_cell(part):
            row.add("a control character in {!r}", part)
    return Utterance(
        id=name,
        corpus=corpus,
        session=session,
        speaker=speaker,
        gender=GENDERS.get(gender.lower(), ""),
        media=row.parse(database.media, segment.file, Path()),
        face_region=row.parse(region_of, text("region"), None),
        start=segment.start / NANO,
        end=None if segment.end is None else segment.end / NANO,
        ratings=ratings,
        sound=row.parse(database.media, sound, None) if sound else None,
        sound_start=row.seconds("sound_start", text("sound_start")) or 0.0,
        script=text("script"),
    )
