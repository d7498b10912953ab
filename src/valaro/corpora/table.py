"""Any corpus that comes as a table, one row per utterance, read into utterances."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from valaro.corpora.options import TableOptions
from valaro.corpora.parse_cell import (
    GENDERS,
    NOT_NAMED,
    RowParser,
    checked_name,
    checked_scale,
    fits_a_cell,
    gender_of,
    hidden_sign,
    media_of,
    region_of,
    score_of,
)
from valaro.corpora.reading import Reading
from valaro.corpora.table_faults import CellError, Fault, line_word
from valaro.corpora.table_reader import read_rows
from valaro.labels.levels import HIGH_FROM, LOW_UP_TO, level_of
from valaro.records import DIMENSIONS, LEVELS, Dimension, Rating, Utterance

REQUIRED = ("utterance", "file")
PLAIN_NAMES = ("utterances", "manifest", "table", "labels", "metadata", "index")
"""A table so called names its corpus after its folder, any other after itself."""

ALONE = "label"
"""The annotator of a label that stands alone in its cell, without places for several."""


class _Cells(NamedTuple):
    """A row's texts: the columns a table may have, in the order asked of the reader."""

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


COLUMNS = _Cells._fields
_NAMES = ("utterance", "speaker", "session", "script")
"""They have the one Unicode form that utterances have; files keep that of the disk."""


class _Table(NamedTuple):
    path: Path
    corpus: str
    people: str
    scale: tuple[float, float]
    root: Path | None


def read_table(path: Path, options: TableOptions = TableOptions()) -> Reading:
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
    plain = path.absolute().parent.name if path.stem.lower() in PLAIN_NAMES else path.stem
    corpus = checked_name(path, plain if options.corpus is None else options.corpus)
    people = checked_name(path, options.people or corpus)
    table = _Table(path, corpus, people, checked_scale(options.scale), options.root)
    rows = read_rows(path, COLUMNS, REQUIRED)
    cells = [(row.line, _normalized(_Cells(*row.cells))) for row in rows.rows]
    faults: list[Fault] = []
    utterances = tuple(_utterance(line, row, table, faults) for line, row in cells)
    faults += _contradictions(cells, line_word(path))
    if not (cells or faults or rows.faults):
        faults.append(Fault(1, "no rows below the column names"))
    rows.require_sound(faults)
    return Reading(utterances=utterances, remarks=tuple(_missing_levels(utterances, options)))


def _normalized(cells: _Cells) -> _Cells:
    return cells._replace(**{name: normalize("NFC", getattr(cells, name)) for name in _NAMES})


def _utterance(line: int, cells: _Cells, table: _Table, faults: list[Fault]) -> Utterance:
    """Return a row's utterance; what is wrong with the row is added to `faults`, all of it."""
    row = RowParser(line)
    _check_names(cells, row)

    def media(text: str) -> Path:
        return media_of(text, table.path.parent, table.root)

    start, end = row.seconds("start", cells.start) or 0.0, row.seconds("end", cells.end)
    if end is not None and end <= start:
        row.add("end {:g} s is not after start {:g} s", end, start)
    utterance = Utterance(
        id=f"{table.corpus}/{cells.utterance}",
        corpus=table.corpus,
        session=cells.session,
        script=cells.script,
        speaker=f"{table.people}/{cells.speaker or f'?{cells.utterance}'}",
        gender=row.parse(gender_of, cells.gender, ""),
        media=row.parse(media, cells.file, Path()),
        face_region=row.parse(region_of, cells.region, None),
        start=start,
        end=end,
        ratings=row.parse(lambda text: _ratings("valence", text, table.scale), cells.valence, ())
        + row.parse(lambda text: _ratings("arousal", text, table.scale), cells.arousal, ()),
        sound=row.parse(media, cells.sound, None) if cells.sound else None,
        sound_start=row.seconds("sound_start", cells.sound_start) or 0.0,
    )
    faults += row.faults
    return utterance


def _check_names(cells: _Cells, row: RowParser) -> None:
    for column, cell in cells._asdict().items():
        if column in REQUIRED and not cell:
            row.add(f"'{column}' is empty")
        if sign := hidden_sign(cell):
            row.add(f"'{column}' holds a sign that nobody sees, {{}}: {{!a}}", sign, cell)
        elif not fits_a_cell(cell):
            row.add(f"'{column}' holds a control character: {{!r}}", cell)
    if cells.sound_start and not cells.sound:
        row.add("sound_start without a 'sound' that it belongs to")
    if not cells.speaker and (cells.valence or cells.arousal):
        row.add("a labelled row without a speaker: folds part the speakers, so its speaker must be named")
    if cells.speaker.startswith("?"):
        row.add(NOT_NAMED, cells.speaker)


def _ratings(dimension: Dimension, text: str, scale: tuple[float, float]) -> tuple[Rating, ...]:
    votes = [vote.strip() for vote in text.split(";")]
    if text and not any(votes):
        raise CellError(f"{dimension} '{{}}': no vote in it", text)
    try:
        scores = [(str(number), score_of(vote, scale)) for number, vote in enumerate(votes, start=1) if vote]
    except CellError as error:
        raise CellError(f"{dimension}: {error.reason}", *error.values) from None
    is_alone = len(votes) == 1
    return tuple(
        Rating(annotator=ALONE if is_alone else number, dimension=dimension, score=score) for number, score in scores
    )


def _contradictions(rows: Sequence[tuple[int, _Cells]], word: str) -> Iterator[Fault]:
    """Yield what only several rows together show: an utterance named twice, a speaker of two genders."""
    utterances: dict[str, int] = {}
    genders: dict[str, tuple[int, str]] = {}
    for line, cells in rows:
        first = utterances.setdefault(cells.utterance, line)
        if first != line and cells.utterance:
            yield Fault(line, "utterance '{}' stands already in {} {}", (cells.utterance, word, first))
        gender = GENDERS.get(cells.gender.lower(), "")
        if gender and cells.speaker:
            earlier, known = genders.setdefault(cells.speaker, (line, gender))
            if known != gender:
                values = (cells.speaker, gender, known, word, earlier)
                yield Fault(line, "speaker '{}' is {} here but {} in {} {}", values)


def _missing_levels(utterances: Sequence[Utterance], options: TableOptions) -> Iterator[str]:
    """Yield a sentence for each dimension that is labelled and lacks a level, as on a scale that was not stated."""
    hint = "; if the labels are numbers on another scale, state it, as in --scale 1 3" if not options.scale else ""
    for dimension in DIMENSIONS:
        scores = [r.score for utterance in utterances for r in utterance.ratings if r.dimension == dimension]
        missing = [level for index, level in enumerate(LEVELS) if index not in set(map(level_of, scores))]
        if scores and missing:
            between = f"votes lie between {min(scores):g} and {max(scores):g} on 1 to 5"
            bounds = f"of which up to {LOW_UP_TO:g} is low, from {HIGH_FROM:g} on high"
            yield f"no {dimension} vote is {' or '.join(missing)}: {between}, {bounds}{hint}"
