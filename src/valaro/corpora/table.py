"""Any corpus that comes as a table, a row an utterance, read into utterances."""

import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from valaro.corpora.sheet import place, read_sheet
from valaro.errors import ValaroError, all_at_once, unknown_name
from valaro.records import DIMENSIONS, LEVEL_SCORES, Dimension, Rating, Utterance

Value = TypeVar("Value")
Region = tuple[float, float, float, float]

REQUIRED = ("utterance", "file")
REGIONS: dict[str, Region | None] = {
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 1.0, 1.0),
    "top": (0.0, 0.0, 1.0, 0.5),
    "bottom": (0.0, 0.5, 1.0, 1.0),
    "full": None,
}
GENDERS = {"": "", "f": "F", "female": "F", "m": "M", "male": "M"}
PLAIN_NAMES = ("utterances", "manifest", "table", "labels", "metadata", "index")
"""A table so called names its corpus after its folder, any other after itself."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


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


class _Table(NamedTuple):
    path: Path
    corpus: str
    people: str
    scale: tuple[float, float]
    root: Path


def read_table(
    path: Path,
    *,
    corpus: str | None = None,
    people: str | None = None,
    scale: tuple[float, float] | None = None,
    root: Path | None = None,
) -> tuple[Utterance, ...]:
    """Read a CSV, TSV or Parquet table into utterances, or raise one error that names every fault with its line.

    Columns `utterance` and `file` (relative to the table's folder) are required; `start`, `end` (seconds), `speaker`,
    `gender` (F, M), `session`, `script` (what is said, where several say it), `region` (left, right, top, bottom,
    full, or four fractions left top right bottom), `valence` and `arousal` are optional, all others ignored. A label is
    a level (low, medium, high), a number on `scale` (LOW, HIGH; 1 to 5 if not stated) or several annotators' votes as
    `2;4;5`, an empty place in which is an annotator who did not vote. Names stay text: speaker 03 is `03`.

    Recordings must lie below `root` (by default the table's folder): a table from elsewhere opens nothing else.

    `corpus` is by default the table's name, or its folder's if the table has a plain name such as `manifest.csv`;
    `people` (by default the corpus) goes before speakers' names, so that two corpora of the same people can say so.
    An unlabelled row without a speaker is its own person: if that person also speaks in test data, no fold can know.
    """
    corpus = _corpus_name(path, corpus)
    table = _Table(path, corpus, _corpus_name(path, people or corpus), _scale(scale), root or path.absolute().parent)
    sheet = read_sheet(path, _Cells._fields, REQUIRED)
    faults = list(sheet.faults)
    rows = [(row.line, _Cells(*row.cells)) for row in sheet.rows]
    utterances = [_utterance(line, cells, table, faults) for line, cells in rows]
    faults += _contradictions(path, rows)
    if not rows and not faults:
        faults.append(f"{place(path, 1)}: no rows below the column names")
    if faults:
        raise all_at_once(f"{len(faults)} {'problems' if len(faults) > 1 else 'problem'} in {path}", faults)
    return tuple(utterance for utterance in utterances if utterance is not None)


def _corpus_name(path: Path, corpus: str | None) -> str:
    if corpus is None:
        corpus = path.absolute().parent.name if path.stem.lower() in PLAIN_NAMES else path.stem
    if not corpus or "/" in corpus or not corpus.isprintable():
        raise ValaroError(f"{path}: '{corpus}' cannot name a corpus or its people: expected a word without '/'")
    return corpus


def _scale(scale: tuple[float, float] | None) -> tuple[float, float]:
    low, high = scale or (1.0, 5.0)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValaroError(f"scale {low:g} to {high:g}: expected two numbers, the lower one first")
    return low, high


def _utterance(line: int, cells: _Cells, table: _Table, faults: list[str]) -> Utterance | None:
    """Return a row's utterance; what is wrong with the row is added to `faults`, all of it."""
    found: list[str] = []

    def checked(parse: Callable[[str], Value], text: str, otherwise: Value) -> Value:
        try:
            return parse(text)
        except ValaroError as error:
            found.append(str(error))
            return otherwise

    found += _name_faults(cells)
    start = checked(lambda text: _seconds("start", text), cells.start, None) or 0.0
    end = checked(lambda text: _seconds("end", text), cells.end, None)
    if end is not None and end <= start:
        found.append(f"end {end:g} s is not after start {start:g} s")
    utterance = Utterance(
        id=f"{table.corpus}/{cells.utterance}",
        corpus=table.corpus,
        session=cells.session,
        script=cells.script,
        speaker=f"{table.people}/{cells.speaker}" if cells.speaker else f"{table.people}/?{cells.utterance}",
        gender=checked(_gender, cells.gender, ""),
        media=checked(lambda text: _media(table, text), cells.file, Path()),
        face_region=checked(_region, cells.region, None),
        start=start,
        end=end,
        ratings=checked(lambda text: _ratings("valence", text, table.scale), cells.valence, ())
        + checked(lambda text: _ratings("arousal", text, table.scale), cells.arousal, ()),
    )
    faults += [f"{place(table.path, line)}: {fault}" for fault in found]
    return None if found else utterance


def _name_faults(cells: _Cells) -> list[str]:
    faults = [f"'{column}' is empty" for column, cell in zip(REQUIRED, cells[:2], strict=True) if not cell]
    faults += [
        f"'{column}' holds a control character: {cell!r}"
        for column, cell in zip(_Cells._fields, cells, strict=True)
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in cell)
    ]
    if not cells.speaker and (cells.valence or cells.arousal):
        faults.append("a labelled row without a speaker: folds part the speakers, so its speaker must be named")
    if cells.speaker.startswith("?"):
        faults.append(f"speaker '{cells.speaker}': a name cannot begin with '?', which marks people who are not named")
    return faults


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        hint = " (write a decimal point)" if re.fullmatch(r"-?\d+,\d+", text) else ""
        raise ValaroError(f"'{text}' is not a number{hint}")
    return float(text)


def _seconds(column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        seconds = _number(text)
    except ValaroError as error:
        raise ValaroError(f"{column}: {error}; expected seconds") from None
    if seconds < 0:
        raise ValaroError(f"{column}: {text} s is before the recording begins")
    return seconds


def _gender(text: str) -> str:
    if text.lower() not in GENDERS:
        raise ValaroError(f"gender '{text}': expected F, M, female, male or nothing")
    return GENDERS[text.lower()]


def _media(table: _Table, text: str) -> Path:
    """Return the path of a recording, which must exist and be named below the root; a link there may lead anywhere."""
    media = table.path.absolute().parent / text
    if not text or "\0" in text:
        return media
    # By name, not by where links lead: a folder of links is a corpus, too.
    root = Path(os.path.normpath(table.root.absolute()))
    if not Path(os.path.normpath(media)).is_relative_to(root):
        raise ValaroError(
            f"file '{text}' leaves the folder {root}: if that is meant, state where recordings lie (--root)"
        )
    try:
        exists = media.is_file()
    except OSError as error:
        raise ValaroError(f"file '{text}': {error.strerror}") from None
    if not exists:
        raise ValaroError(f"file '{text}' {'is a folder' if media.is_dir() else 'does not exist'} (looked at {media})")
    return media


def _region(text: str) -> Region | None:
    if not text:
        return None
    if text.lower() in REGIONS:
        return REGIONS[text.lower()]
    expected = f"expected {', '.join(REGIONS)}, or four fractions left top right bottom such as 0.5 0 1 1"
    parts = re.split(r"[\s,;]+", text)
    if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValaroError(f"region '{text}': {expected}")
    left, top, right, bottom = (float(part) for part in parts)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValaroError(f"region '{text}': {expected}, with 0 <= left < right <= 1 and 0 <= top < bottom <= 1")
    return left, top, right, bottom


def _ratings(dimension: Dimension, text: str, scale: tuple[float, float]) -> tuple[Rating, ...]:
    votes = [vote.strip() for vote in text.split(";")]
    if text and not any(votes):
        raise ValaroError(f"{dimension} '{text}': no vote in it")
    try:
        scores = [(place, _score(vote, scale)) for place, vote in enumerate(votes, start=1) if vote]
    except ValaroError as error:
        raise ValaroError(f"{dimension}: {error}") from None
    alone = len(votes) == 1
    return tuple(
        Rating(annotator="label" if alone else str(place), dimension=dimension, score=score) for place, score in scores
    )


def _score(text: str, scale: tuple[float, float]) -> float:
    """Return a level or a number on `scale` as a score on the 1-5 scale."""
    if text.lower() in LEVEL_SCORES:
        return LEVEL_SCORES[text.lower()]
    if any(sign.isalpha() for sign in text) and not _NUMBER.fullmatch(text):
        raise unknown_name("level", text, LEVEL_SCORES)
    low, high = scale
    score = _number(text)
    if not low <= score <= high:
        raise ValaroError(f"{text} is outside the scale {low:g} to {high:g}: state its scale with --scale LOW HIGH")
    return score if scale == (1.0, 5.0) else 1.0 + 4.0 * (score - low) / (high - low)


def _contradictions(path: Path, rows: Sequence[tuple[int, _Cells]]) -> list[str]:
    """Return what only several rows together show: an utterance named twice, a speaker of two genders."""
    faults: list[str] = []
    utterances: dict[str, int] = {}
    genders: dict[str, tuple[int, str]] = {}
    for line, cells in rows:
        first = utterances.setdefault(cells.utterance, line)
        if first != line and cells.utterance:
            faults.append(f"{place(path, line)}: utterance '{cells.utterance}' stands already in {place(path, first)}")
        gender = GENDERS.get(cells.gender.lower(), "")
        earlier, known = (
            genders.setdefault(cells.speaker, (line, gender)) if gender and cells.speaker else (line, gender)
        )
        if known != gender:
            words = f"speaker '{cells.speaker}' is {gender} here but {known} in {place(path, earlier)}"
            faults.append(f"{place(path, line)}: {words}")
    return faults


assert set(DIMENSIONS) <= set(_Cells._fields)
