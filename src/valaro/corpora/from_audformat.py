"""An audformat database, its segments and their raters' columns, read into utterances."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from valaro.corpora.audformat_header import Header, Scheme, TableHead, read_header
from valaro.corpora.audformat_package import OUR_TABLE
from valaro.corpora.audformat_rows import NANO, Found, Segment, collect, file_of, role_of
from valaro.corpora.parse_cell import (
    GENDERS,
    checked_name,
    checked_scale,
    fits_a_cell,
    media_of,
    number_of,
    region_of,
    seconds_of,
)
from valaro.corpora.reading import Reading, existing_folder, nothing_in
from valaro.corpora.table_reader import as_problems, read_sheet
from valaro.errors import ValaroError, unknown_name
from valaro.records import DIMENSIONS, LEVEL_SCORES, Problem, Rating, Utterance

Value = TypeVar("Value")

_MACHINE, _SUMMARIES = "machine", ("vote", "ground truth")


@dataclass(frozen=True, kw_only=True)
class _Database:
    """A header, and what follows from it and the user's choices for reading rows."""

    header: Header
    corpus: str
    people: str
    scales: Mapping[str, Scheme]
    genders: Mapping[str, str]
    root: Path | None


def read_audformat(
    folder: Path,
    *,
    corpus: str | None = None,
    people: str | None = None,
    scale: tuple[float, float] | None = None,
    root: Path | None = None,
) -> Reading:
    """Read an audformat database (a folder with db.yaml and a file a table) into utterances.

    An utterance is a row of a table that has a column of valence, arousal or the speaker, or of any table where none
    has one; a file that some row cuts into segments is not an utterance besides. Columns are known by the name of
    their scheme, or by their own: `valence` and `arousal` (numbers between the scheme's minimum and maximum, or within
    `scale` if it states none, or the levels low, medium, high), `speaker`, `session`, `gender`. A speaker's gender may
    stand in the labels of the speaker scheme instead, and what a table of whole files says holds for their segments.

    Every column of a dimension is an annotator, named after its rater, else after itself, else after its table. Raters
    of type `machine` are left out, and so are `vote` and `ground truth`, which sum others up, where others rated the
    segment.

    Tables are read from .parquet or .csv. What audformat keeps as .pkl is never opened, since opening it executes what
    it holds, and YAML may not make objects either. `corpus` is by default the database's name, `people` the corpus.
    Recordings must lie below `root` (by default the database's folder), where relative names begin: a database from
    elsewhere opens nothing else.
    A database that `valaro export` wrote gives back the utterances and notes that were written, to the nanosecond.

    Refused, with file and line, and the rest goes on: a row whose times make no sense, a segment on which tables
    contradict each other, with a label outside its scheme or without a speaker for its labels, a file that is not
    there, a scheme without a scale, a table that is not there.

    Raises:
        ValaroError: no database, a header that makes no sense, or the package audformat is not installed.
    """
    header = read_header(existing_folder(folder))
    name = checked_name(header.path, header.name.replace("/", "-") if corpus is None else corpus)
    scales, no_scales = _scales(header, None if scale is None else checked_scale(scale))
    genders, no_genders = _genders(header)
    database = _Database(
        header=header,
        corpus=name,
        people=checked_name(header.path, people or name),
        scales=scales,
        genders=genders,
        root=root,
    )
    found: dict[Segment, Found] = {}
    bad_rows = [problem for table in _tables_of_utterances(header) for problem in collect(table, header, found)]
    cut = {segment.file for segment, one in found.items() if one.cut}
    wholes = {segment.file: one for segment, one in found.items() if segment.text == segment.file}
    chosen = {segment: one for segment, one in found.items() if one.cut or segment.file not in cut}
    if not found and not bad_rows:
        raise nothing_in(str(folder), "tables of files or segments, with rows")
    left_out = Counter[str](
        {
            "ratings of whole files that are cut into segments": sum(
                len(one.votes) for segment, one in found.items() if segment not in chosen
            )
        }
    )
    utterances, refused = _utterances(chosen, wholes, database, left_out)
    return Reading(
        utterances=utterances,
        notes=header.notes,
        units="segments",
        expected=len(chosen) + len(bad_rows),
        refused=(*no_scales, *no_genders, *bad_rows, *refused),
        left_out=left_out,
    )


def _tables_of_utterances(header: Header) -> Iterable[TableHead]:
    telling = {"speaker", *DIMENSIONS}
    tables = [table for table in header.tables if any(role_of(column, header) in telling for column in table.columns)]
    # The package sorts tables by name; the order of utterances is that of the table which has them all.
    return sorted(tables or header.tables, key=lambda table: header.ours and table.id != OUR_TABLE)


def _scales(header: Header, stated: tuple[float, float] | None) -> tuple[dict[str, Scheme], list[Problem]]:
    """Return the scale of every scheme that a dimension's column has, and a problem for each that has none."""
    scales: dict[str, Scheme] = {}
    problems: dict[str, Problem] = {}
    for column in (column for table in header.tables for column in table.columns):
        if role_of(column, header) not in DIMENSIONS or column.scheme in scales:
            continue
        scheme = header.schemes.get(column.scheme, Scheme(low=None, high=None, labels=None))
        is_levels = scheme.labels is not None and {label.lower() for label in scheme.labels} <= LEVEL_SCORES.keys()
        if is_levels or (scheme.low is not None and scheme.high is not None and scheme.low < scheme.high):
            scales[column.scheme] = scheme
        elif stated is not None:
            scales[column.scheme] = Scheme(low=stated[0], high=stated[1], labels=None)
        else:
            why = (
                "expected a minimum and a larger maximum, or the labels low, medium, high; "
                "--scale LOW HIGH states a scale that the database does not"
            )
            where = f"scheme '{column.scheme}'" if column.scheme else f"column '{column.id}' without a scheme"
            problems[column.scheme] = Problem(utterance=str(header.path), where=where, why=why)
    return scales, list(problems.values())


def _genders(header: Header) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """Return the genders that the speaker scheme's labels state, which may lie in a table of their own."""
    if not header.speaker_table:
        return header.speakers, ()
    file, problem = file_of(header.speaker_table, header)
    if file is None:
        return {}, (problem,)
    sheet = read_sheet(file, (header.speaker_level, "gender"), (header.speaker_level,))
    return {row.cells[0]: row.cells[1] for row in sheet.rows}, as_problems(file, sheet, "speakers")


def _utterances(
    chosen: Mapping[Segment, Found],
    wholes: Mapping[str, Found],
    database: _Database,
    left_out: Counter[str],
) -> tuple[tuple[Utterance, ...], list[Problem]]:
    utterances: dict[str, Utterance] = {}
    problems: list[Problem] = []
    genders: dict[str, str] = {}
    for segment, one in chosen.items():
        whole = wholes.get(segment.file, one)
        facts = {
            **{role: text for role, text in whole.facts.items() if text},
            **{r: t for r, t in one.facts.items() if t},
        }
        faults = list(one.faults)
        utterance = _utterance(segment, facts, _labels(one, database, left_out, faults), database, faults)
        if utterance.id in utterances:
            faults.append(f"utterance '{utterance.id}' is there already")
        known = genders.setdefault(utterance.speaker, utterance.gender) if utterance.gender else ""
        if known != utterance.gender:
            faults.append(f"speaker '{utterance.speaker}' is {utterance.gender} here but {known} before")
        if faults:
            problems.append(Problem(utterance=one.where, where=segment.text, why="; ".join(faults)))
        else:
            utterances[utterance.id] = utterance
    return tuple(utterances.values()), problems


def _labels(one: Found, database: _Database, left_out: Counter[str], faults: list[str]) -> tuple[Rating, ...]:
    """Return the ratings of those who count, in the order of the columns."""
    people = {vote.dimension for vote in one.votes if vote.rater_type not in {_MACHINE, *_SUMMARIES}}
    ratings: list[Rating] = []
    for vote in one.votes:
        if vote.scheme not in database.scales:
            continue  # a problem of the scheme, said once
        if vote.rater_type == _MACHINE:
            left_out["ratings by machines"] += 1
        elif vote.rater_type in _SUMMARIES and vote.dimension in people:
            left_out["ratings that sum up those of raters"] += 1
        else:
            try:
                score = _score(vote.text, database.scales[vote.scheme])
            except ValaroError as error:
                faults.append(f"{vote.dimension} by '{vote.annotator}': {error}")
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
    if (scheme.low, scheme.high) == (1.0, 5.0):
        return value
    return 1.0 + 4.0 * (value - scheme.low) / (scheme.high - scheme.low)


def _utterance(
    segment: Segment, facts: Mapping[str, str], ratings: tuple[Rating, ...], database: _Database, faults: list[str]
) -> Utterance:
    """Return a segment's utterance; what is wrong with it is added to `faults`."""

    def checked(parse: Callable[[str], Value], role: str, otherwise: Value) -> Value:
        try:
            return parse(facts.get(role, ""))
        except ValaroError as error:
            faults.append(str(error))
            return otherwise

    speaker, session = facts.get("speaker", ""), facts.get("session", "")
    gender = facts.get("gender", "") or database.genders.get(speaker, "")
    if ratings and not speaker:
        faults.append("labels without a speaker: folds part the speakers, so the speaker must be named")
    if database.header.ours:
        name, corpus = facts.get("utterance", ""), facts.get("corpus", "")
        faults += [f"no {role}" for role in ("utterance", "corpus", "speaker") if not facts.get(role)]
    else:
        if speaker.startswith("?"):
            faults.append(f"speaker '{speaker}': a name cannot begin with '?', which marks people who are not named")
        corpus, name = database.corpus, f"{database.corpus}/{segment.text}"
        speaker = f"{database.people}/{speaker or f'?{segment.text}'}"
    faults += [f"a control character in {text!r}" for text in (name, speaker, session) if not fits_a_cell(text)]
    sound = facts.get("sound", "")
    return Utterance(
        id=name,
        corpus=corpus,
        session=session,
        speaker=speaker,
        gender=GENDERS.get(gender.lower(), ""),
        media=_media(database, segment.file, faults),
        face_region=checked(region_of, "region", None),
        start=segment.start / NANO,
        end=None if segment.end is None else segment.end / NANO,
        ratings=ratings,
        sound=_media(database, sound, faults) if sound else None,
        sound_start=checked(lambda text: seconds_of("sound_start", text), "sound_start", None) or 0.0,
        script=facts.get("script", ""),
    )


def _media(database: _Database, text: str, faults: list[str]) -> Path:
    try:
        return media_of(text, database.header.path.parent, database.root)
    except ValaroError as error:
        faults.append(str(error))
        return Path()
