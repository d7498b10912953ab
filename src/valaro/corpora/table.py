"""Any corpus that comes as a table, a row an utterance, read into utterances."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar
from unicodedata import normalize

from valaro.corpora.few_lines import in_few_lines
from valaro.corpora.parse_cell import (
    GENDERS,
    checked_name,
    checked_scale,
    fits_a_cell,
    gender_of,
    hidden_sign,
    media_of,
    region_of,
    score_of,
    seconds_of,
)
from valaro.corpora.table_reader import Fault, line_word, read_sheet
from valaro.errors import ValaroError, all_at_once
from valaro.records import DIMENSIONS, Dimension, Rating, Utterance

Value = TypeVar("Value")

REQUIRED = ("utterance", "file")
PLAIN_NAMES = ("utterances", "manifest", "table", "labels", "metadata", "index")
"""A table so called names its corpus after its folder, any other after itself."""

ALONE = "label"
"""The annotator of a label that stands alone in its cell, without places for several."""


class _Cells(NamedTuple):
    """A row's texts: the columns a table may have, in the order asked of the sheet."""

    utterance: str
    file: str
    start: str
    end: str
    speaker: str
    gender: str
    session: str
    script: str
    region: str
    valence: str
    arousal: str
    sound: str
    sound_start: str

    @classmethod
    def of(cls, texts: Sequence[str]) -> "_Cells":
        """Return a row's texts, names in the one Unicode form that utterances have; files keep that of the disk."""
        cells = cls(*texts)
        return cells._replace(**{name: normalize("NFC", getattr(cells, name)) for name in _NAMES})


_NAMES = ("utterance", "speaker", "session", "script")


class _Table(NamedTuple):
    path: Path
    corpus: str
    people: str
    scale: tuple[float, float]
    root: Path | None


def read_table(
    path: Path,
    *,
    corpus: str | None = None,
    people: str | None = None,
    scale: tuple[float, float] | None = None,
    root: Path | None = None,
) -> tuple[Utterance, ...]:
    """Read a CSV, TSV or Parquet table into utterances, or raise one error that names every fault with its line.

    Columns `utterance` and `file` (relative to `root`, by default the table's folder) are required; `start`, `end`
    (seconds), `speaker`, `gender` (F, M), `session`, `script` (what is said, where several say it), `region` (left,
    right, top, bottom, full, or four fractions left top right bottom), `valence`, `arousal`, `sound` (the voice's own
    file) and `sound_start` (seconds) are optional, all others ignored. A label is a level (low, medium, high), a number
    on `scale` (LOW, HIGH; 1 to 5 if not stated) or several annotators' votes as `2;4;5`, an empty place in which is an
    annotator who did not vote; an empty cell is no label. Names stay text: speaker 03 is `03`.

    Recordings must lie below `root`: a table from elsewhere opens nothing else.

    `corpus` is by default the table's name, or its folder's if the table has a plain name such as `manifest.csv`;
    `people` (by default the corpus) goes before speakers' names, so that two corpora of the same people can say so.
    An unlabelled row without a speaker is its own person: if that person also speaks in test data, no fold can know.
    """
    corpus = checked_name(path, _corpus_name(path) if corpus is None else corpus)
    people = checked_name(path, people or corpus)
    table = _Table(path, corpus, people, checked_scale(scale), root)
    sheet = read_sheet(path, _Cells._fields, REQUIRED)
    faults = list(sheet.wrong)
    rows = [(row.line, _Cells.of(row.cells)) for row in sheet.rows]
    utterances = [_utterance(line, cells, table, faults) for line, cells in rows]
    faults += _contradictions(rows, line_word(path))
    if not rows and not faults:
        faults.append(Fault(line=1, why="no rows below the column names"))
    if faults:
        heading = f"{len(faults)} {'problems' if len(faults) > 1 else 'problem'} in {path}"
        raise all_at_once(heading, in_few_lines(path, faults))
    return tuple(utterance for utterance in utterances if utterance is not None)


def _corpus_name(path: Path) -> str:
    return path.absolute().parent.name if path.stem.lower() in PLAIN_NAMES else path.stem


def _utterance(line: int, cells: _Cells, table: _Table, faults: list[Fault]) -> Utterance | None:
    """Return a row's utterance; what is wrong with the row is added to `faults`, all of it."""
    found: list[str] = []

    def checked(parse: Callable[[str], Value], text: str, otherwise: Value) -> Value:
        try:
            return parse(text)
        except ValaroError as error:
            found.append(str(error))
            return otherwise

    found += _name_faults(cells)
    start = checked(lambda text: seconds_of("start", text), cells.start, None) or 0.0
    end = checked(lambda text: seconds_of("end", text), cells.end, None)
    if end is not None and end <= start:
        found.append(f"end {end:g} s is not after start {start:g} s")
    utterance = Utterance(
        id=f"{table.corpus}/{cells.utterance}",
        corpus=table.corpus,
        session=cells.session,
        script=cells.script,
        speaker=f"{table.people}/{cells.speaker}" if cells.speaker else f"{table.people}/?{cells.utterance}",
        gender=checked(gender_of, cells.gender, ""),
        media=checked(lambda text: media_of(text, table.path.parent, table.root), cells.file, Path()),
        face_region=checked(region_of, cells.region, None),
        start=start,
        end=end,
        ratings=checked(lambda text: _ratings("valence", text, table.scale), cells.valence, ())
        + checked(lambda text: _ratings("arousal", text, table.scale), cells.arousal, ()),
        sound=checked(lambda text: media_of(text, table.path.parent, table.root), cells.sound, None)
        if cells.sound
        else None,
        sound_start=checked(lambda text: seconds_of("sound_start", text), cells.sound_start, None) or 0.0,
    )
    faults += [Fault(line=line, why=why) for why in found]
    return None if found else utterance


def _name_faults(cells: _Cells) -> list[str]:
    faults = [f"'{column}' is empty" for column, cell in zip(REQUIRED, cells[:2], strict=True) if not cell]
    faults += [
        f"'{column}' holds a control character: {cell!r}"
        for column, cell in zip(_Cells._fields, cells, strict=True)
        if not fits_a_cell(cell) and not hidden_sign(cell)
    ]
    faults += [
        f"'{column}' holds a sign that nobody sees, {sign}: {cell!a}"
        for column, cell in zip(_Cells._fields, cells, strict=True)
        if (sign := hidden_sign(cell))
    ]
    if cells.sound_start and not cells.sound:
        faults.append("sound_start without a 'sound' that it belongs to")
    if not cells.speaker and (cells.valence or cells.arousal):
        faults.append("a labelled row without a speaker: folds part the speakers, so its speaker must be named")
    if cells.speaker.startswith("?"):
        faults.append(f"speaker '{cells.speaker}': a name cannot begin with '?', which marks people who are not named")
    return faults


def _ratings(dimension: Dimension, text: str, scale: tuple[float, float]) -> tuple[Rating, ...]:
    votes = [vote.strip() for vote in text.split(";")]
    if text and not any(votes):
        raise ValaroError(f"{dimension} '{text}': no vote in it")
    try:
        scores = [(place, score_of(vote, scale)) for place, vote in enumerate(votes, start=1) if vote]
    except ValaroError as error:
        raise ValaroError(f"{dimension}: {error}") from None
    alone = len(votes) == 1
    return tuple(
        Rating(annotator=ALONE if alone else str(place), dimension=dimension, score=score) for place, score in scores
    )


def _contradictions(rows: Sequence[tuple[int, _Cells]], word: str) -> list[Fault]:
    """Return what only several rows together show: an utterance named twice, a speaker of two genders."""
    faults: list[Fault] = []
    utterances: dict[str, int] = {}
    genders: dict[str, tuple[int, str]] = {}
    for line, cells in rows:
        first = utterances.setdefault(cells.utterance, line)
        if first != line and cells.utterance:
            faults.append(Fault(line=line, why=f"utterance '{cells.utterance}' stands already in {word} {first}"))
        gender = GENDERS.get(cells.gender.lower(), "")
        earlier, known = (
            genders.setdefault(cells.speaker, (line, gender)) if gender and cells.speaker else (line, gender)
        )
        if known != gender:
            why = f"speaker '{cells.speaker}' is {gender} here but {known} in {word} {earlier}"
            faults.append(Fault(line=line, why=why))
    return faults


assert set(DIMENSIONS) <= set(_Cells._fields)
