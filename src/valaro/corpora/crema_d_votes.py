"""CREMA-D's table of votes: how many people chose each of six emotions for a clip that they heard, saw or both."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from valaro.corpora.table_faults import Fault
from valaro.corpora.table_reader import read_rows
from valaro.errors import ValaroError
from valaro.labels.categories import CATEGORIES, Levels, derived_ratings
from valaro.records import Problem, Rating

EMOTIONS: Mapping[str, str] = {
    "A": "anger",
    "D": "disgust",
    "F": "fear",
    "H": "happiness",
    "N": "neutral",
    "S": "sadness",
}
"""The table's columns of counts, and the category that each one counts."""

ACTED: Mapping[str, str] = {"ANG": "A", "DIS": "D", "FEA": "F", "HAP": "H", "NEU": "N", "SAD": "S"}
"""What a clip's name says the actor meant, and the column in which votes agree."""

MODALITIES: Mapping[str, str] = {"voice": "1", "face": "2", "both": "3"}
"""What voters met, and the first digit of the keys of its rows."""

SENTENCES = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
CLIP = re.compile(rf"(?P<actor>\d{{4}})_({'|'.join(SENTENCES)})_(?P<acted>{'|'.join(ACTED)})_(LO|MD|HI|XX)", re.ASCII)
CLIP_FORM = "ACTOR_SENTENCE_EMOTION_LEVEL such as 1001_DFA_ANG_XX"

_KEY = re.compile(r"[123]\d{5}", re.ASCII)
# Each vote becomes a record, so a count must stay one that people can have given.
_COUNT = re.compile(r"\d{1,3}", re.ASCII)
_COLUMNS = ("", *EMOTIONS, "fileName", "numResponses", "emoVote")
_REQUIRED = (*EMOTIONS, "fileName")


@dataclass(frozen=True, kw_only=True)
class VoteRow:
    """The votes on one clip met in one modality: `counts` in the order of EMOTIONS, `summary` as the table has it.

    `summary` names the most frequent columns, several joined by colons (`N:S`); it is empty where the table has none.
    """

    modality: str
    clip: str
    counts: tuple[int, ...]
    summary: str = ""


class VoteTable(NamedTuple):
    """The rows of a table of votes in its order, and those that say nothing, with file and line."""

    rows: tuple[VoteRow, ...]
    rejected: tuple[Problem, ...]


def read_votes(path: Path, actors: Collection[str] | None = None, source: str = "") -> VoteTable:
    """Read tabulatedVotes.csv, all rows or those of `actors`, who are named in the file `source`.

    The table as published has 22,326 rows: 7,442 clips in each of three modalities, every key and every pair of clip
    and modality once, four to twelve votes a row that add up to `numResponses`. So whatever contradicts itself was
    changed or damaged and is rejected: a key of another form, a count that is no whole number below 1,000, counts that
    do not add up, a clip's name of another form, a key or a clip that stands there twice.

    Raises:
        ValaroError: there is no such table, it is no text, or it lacks a column.
    """
    table = read_rows(path, _COLUMNS, _REQUIRED)
    table.require_rows("votes")
    if not any(row.cells[0] for row in table.rows):
        raise ValaroError(f"{table.at(1)}: no column without a name: its six digits begin with what voters met")
    rows: list[VoteRow] = []
    faults: list[Fault] = []
    unknown: list[Fault] = []
    lines: dict[str, int] = {}
    for line, (key, *texts, clip, responses, summary) in table.rows:
        modality = next((name for name, digit in MODALITIES.items() if key.startswith(digit)), "")
        marks = (f"key '{key}'", f"clip '{clip}' for {modality}")
        wrong = [*_name_faults(key, clip), *_count_faults(texts, responses)]
        wrong += [f"{mark} stands already in line {lines[mark]}" for mark in marks if mark in lines]
        if wrong:
            faults.append(Fault(line, "; ".join(wrong)))
            continue
        lines |= dict.fromkeys(marks, line)
        if actors is not None and clip[:4] not in actors:
            unknown.append(Fault(line, f"fileName '{clip}': actor '{clip[:4]}' is not in {source}"))
            continue
        rows.append(VoteRow(modality=modality, clip=clip, counts=tuple(map(int, texts)), summary=summary))
    return VoteTable(tuple(rows), table.problems("votes", [*faults, *unknown]))


def _name_faults(key: str, clip: str) -> Iterator[str]:
    if not _KEY.fullmatch(key):
        yield f"key '{key}': expected six digits, the first 1, 2 or 3"
    if not CLIP.fullmatch(clip):
        yield f"fileName '{clip}': expected {CLIP_FORM}"


def _count_faults(texts: Sequence[str], responses: str) -> Iterator[str]:
    counts = dict(zip(EMOTIONS, texts, strict=True)) | ({"numResponses": responses} if responses else {})
    wrong = {column: text for column, text in counts.items() if not _COUNT.fullmatch(text)}
    yield from (f"{column} '{text}': expected a whole number below 1000" for column, text in wrong.items())
    total = 0 if wrong else sum(map(int, texts))
    if not wrong and not total:
        yield "no vote in it"
    elif not wrong and responses and total != int(responses):
        yield f"the counts add up to {total}, numResponses says {responses}"


def ratings_of(row: VoteRow, levels: Mapping[str, Levels] = CATEGORIES) -> tuple[Rating, ...]:
    """Return both dimensions' votes for which the counted votes stand; who voted is not known, so voters get numbers.

    >>> row = VoteRow(modality="both", clip="1001_DFA_ANG_XX", counts=(1, 0, 0, 0, 1, 0))
    >>> [(rating.annotator, rating.dimension, rating.score) for rating in ratings_of(row)][:3]
    [('voter 1', 'valence', 1.0), ('voter 1', 'arousal', 5.0), ('voter 2', 'valence', 3.0)]
    """
    chosen = [EMOTIONS[column] for column, count in zip(EMOTIONS, row.counts, strict=True) for _ in range(count)]
    return tuple(
        rating
        for number, category in enumerate(chosen, start=1)
        for rating in derived_ratings(category, f"voter {number}", levels)
    )
