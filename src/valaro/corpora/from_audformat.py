"""An audformat database (a folder with db.yaml and one file per table), read into utterances.

An utterance is a row of a table that has a column of valence, arousal or the speaker, or of any table where none has
one; a file that some row cuts into segments is not an utterance besides. Columns are known by the name of their scheme,
or by their own: `valence` and `arousal` (numbers between the scheme's minimum and maximum, or within the option `scale`
if it states none, or the levels low, medium, high), `speaker`, `session`, `gender`. A speaker's gender may stand in the
labels of the speaker scheme instead, and what a table of whole files says holds for their segments.

Every column of a dimension is an annotator, named after its rater, else after itself, else after its table. Raters of
type `machine` are skipped, and so are `vote` and `ground truth`, which sum others up, where others rated the segment.

Tables are read from .parquet or .csv by this package's own reader, not by `audformat.Database.load`: that opens the
.pkl of a table, which executes what it holds; it has no limit of rows or bytes; and one damaged cell makes it refuse
the whole database, where here a row is rejected with its file and line and the rest goes on. YAML may not make objects
either. `corpus` is by default the database's name, `people` the corpus. Recordings must lie below `root` (by default
the database's folder), where relative names begin: a database from elsewhere opens nothing else. A database that
`valaro export` wrote gives back the utterances and notes that were written, to the nanosecond.

Rejected besides: a segment on which tables contradict each other, with a label outside its scheme or without a speaker
for its labels, a file that is not there, a scheme without a scale, a table that is not there.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from valaro.corpora.audformat_header import Header, Scheme, TableHead, read_header
from valaro.corpora.audformat_package import OUR_TABLE
from valaro.corpora.audformat_segments import NANO, Facts, Segment, add_rows, file_of
from valaro.corpora.options import TableOptions
from valaro.corpora.parse_cell import (
    GENDERS,
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
from valaro.corpora.table_reader import read_rows
from valaro.errors import ValaroError, unknown_name
from valaro.records import DIMENSIONS, LEVEL_SCORES, Problem, Rating, Utterance

_MACHINE, _SUMMARIES = "machine", ("vote", "ground truth")


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
    """Read an audformat database.

    Raises:
        ValaroError: no database, a header that makes no sense, or the package audformat is not installed.
    """
    header = read_header(existing_folder(folder))
    corpus = checked_name(header.path, header.name.replace("/", "-") if options.corpus is None else options.corpus)
    people = checked_name(header.path, options.people or corpus)
    database = _Database(header=header, corpus=corpus, people=people, root=options.root)
    _set_scales(database, None if options.scale is None else checked_scale(options.scale))
    _set_genders(database)
    segments: dict[Segment, Facts] = {}
    bad_rows = [problem for table in _tables_of_utterances(header) for problem in add_rows(table, header, segments)]
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
    firsts: dict[str, str] = {}
    for column in (column for table in header.tables for column in table.columns if column.role in DIMENSIONS):
        firsts.setdefault(column.scheme, column.id)
    for name, column_id in firsts.items():
        scheme = header.schemes.get(name, Scheme())
        is_levels = scheme.labels is not None and {label.lower() for label in scheme.labels} <= LEVEL_SCORES.keys()
        if is_levels or (scheme.low is not None and scheme.high is not None and scheme.low < scheme.high):
            database.scales[name] = scheme
        elif stated is not None:
            database.scales[name] = Scheme(low=stated[0], high=stated[1])
        else:
            why = (
                "expected a minimum and a larger maximum, or the labels low, medium, high; "
                "--scale LOW HIGH states a scale that the database does not"
            )
            where = f"scheme '{name}'" if name else f"column '{column_id}' without a scheme"
            database.rejected.append(Problem(utterance=str(header.path), where=where, why=why))


def _set_genders(database: _Database) -> None:
    """Find the genders that the speaker scheme's labels state, which may lie in a table of their own."""
    header = database.header
    database.genders = header.genders
    if header.speaker_table:
        path, problem = file_of(header.speaker_table, header)
        if path is None:
            database.rejected.append(problem)
            return
        rows = read_rows(path, (header.speaker_level, "gender"), (header.speaker_level,))
        database.genders = {row.cells[0]: row.cells[1] for row in rows.rows}
        database.rejected += rows.problems("speakers")


def _utterances(
    chosen: Mapping[Segment, Facts], segments: Mapping[Segment, Facts], database: _Database
) -> tuple[Utterance, ...]:
    """Return the utterances of the chosen segments; one with a fault is a problem of the database instead."""
    utterances: dict[str, Utterance] = {}
    genders: dict[str, str] = {}
    for segment, facts in chosen.items():
        row = RowParser()
        row.faults += facts.faults
        whole = segments.get(Segment(segment.file), facts)
        texts = {role: text for source in (whole, facts) for role, text in source.texts.items() if text}
        utterance = _utterance(segment, texts, _ratings(facts, database, row), database, row)
        if utterance.id in utterances:
            row.faults.append(f"utterance '{utterance.id}' is there already")
        known = genders.setdefault(utterance.speaker, utterance.gender) if utterance.gender else ""
        if known != utterance.gender:
            row.faults.append(f"speaker '{utterance.speaker}' is {utterance.gender} here but {known} before")
        if row.faults:
            why = "; ".join(row.faults)
            database.rejected.append(Problem(utterance=facts.source, where=segment.text, why=why))
        else:
            utterances[utterance.id] = utterance
    return tuple(utterances.values())


def _ratings(facts: Facts, database: _Database, row: RowParser) -> tuple[Rating, ...]:
    """Return the ratings of those who count, in the order of the columns."""
    people = {vote.dimension for vote in facts.votes if vote.rater_type not in {_MACHINE, *_SUMMARIES}}
    ratings: list[Rating] = []
    for vote in facts.votes:
        if vote.scheme not in database.scales:
            continue  # a problem of the scheme, said once
        if vote.rater_type == _MACHINE:
            database.skipped["ratings by machines"] += 1
        elif vote.rater_type in _SUMMARIES and vote.dimension in people:
            database.skipped["ratings that sum up those of raters"] += 1
        else:
            try:
                score = _score(vote.text, database.scales[vote.scheme])
            except ValaroError as error:
                row.faults.append(f"{vote.dimension} by '{vote.annotator}': {error}")
            else:
                ratings.append(Rating(annotator=vote.annotator, dimension=vote.dimension, score=score))
    return tuple(ratings)


def _score(text: str, scheme: Scheme) -> float:
    """Return a label of the scheme as a score on the 1-5 scale."""
    if scheme.labels is not None:
        if text not in scheme.labels:
            raise unknown_name("level", text, scheme.labels)
        return LEVEL_SCORES[text.lower()]
    assert scheme.low is not None
    assert scheme.high is not None
    value = number_of(text)
    if not scheme.low <= value <= scheme.high:
        raise ValaroError(f"{text} is outside the scale {scheme.low:g} to {scheme.high:g}")
    return on_five(value, (scheme.low, scheme.high))


def _utterance(
    segment: Segment, texts: Mapping[str, str], ratings: tuple[Rating, ...], database: _Database, row: RowParser
) -> Utterance:
    """Return a segment's utterance; what is wrong with it is added to the faults of `row`."""

    def text(role: str) -> str:
        return texts.get(role, "")

    speaker, session, sound = text("speaker"), text("session"), text("sound")
    gender = text("gender") or database.genders.get(speaker, "")
    if ratings and not speaker:
        row.faults.append("labels without a speaker: folds part the speakers, so the speaker must be named")
    if database.header.is_ours:
        name, corpus = text("utterance"), text("corpus")
        row.faults += [f"no {role}" for role in ("utterance", "corpus", "speaker") if not text(role)]
    else:
        if speaker.startswith("?"):
            why = f"speaker '{speaker}': a name cannot begin with '?', which marks people who are not named"
            row.faults.append(why)
        corpus, name = database.corpus, f"{database.corpus}/{segment.text}"
        speaker = f"{database.people}/{speaker or f'?{segment.text}'}"
    row.faults += [f"a control character in {part!r}" for part in (name, speaker, session) if not fits_a_cell(part)]
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
