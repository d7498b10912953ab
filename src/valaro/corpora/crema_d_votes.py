"""CREMA-D's table of votes: how many people chose each of six emotions for a clip that they heard, saw or both."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from valaro.corpora.table_reader import Row, as_problems, place, read_sheet
from valaro.errors import ValaroError, all_at_once
from valaro.labels.categories import CATEGORIES, Levels, derived_ratings
from valaro.labels.soft_labels import soft_label_from_scores
from valaro.records import LEVELS, Dimension, Problem, Rating

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


class _Cells(NamedTuple):
    key: str
    counts: tuple[str, ...]
    clip: str
    responses: str
    summary: str


@dataclass(frozen=True, kw_only=True)
class VoteRow:
    """The votes on one clip met in one modality: `counts` in the order of EMOTIONS, `summary` as the table has it.

    `summary` names the most frequent columns, several joined by colons (`N:S`); it is empty where the table has none.
    """

    line: int
    modality: str
    clip: str
    counts: tuple[int, ...]
    summary: str = ""

    @property
    def most_frequent(self) -> frozenset[str]:
        """The columns with the most votes; several on a tie."""
        most = max(self.counts)
        return frozenset(column for column, count in zip(EMOTIONS, self.counts, strict=True) if count == most)


@dataclass(frozen=True, kw_only=True)
class VoteTable:
    """The rows of a table of votes in its order, and those that say nothing, with file and line."""

    rows: tuple[VoteRow, ...]
    refused: tuple[Problem, ...] = ()


def read_votes(path: Path) -> VoteTable:
    """Read tabulatedVotes.csv.

    The table as published has 22,326 rows: 7,442 clips in each of three modalities, every key and every pair of clip
    and modality once, four to twelve votes a row that add up to `numResponses`. So whatever contradicts itself was
    changed or damaged and is refused: a key of another form, a count that is no whole number below 1,000, counts that
    do not add up, a clip's name of another form, a key or a clip that stands there twice.

    Raises:
        ValaroError: there is no such table, it is no text, or it lacks a column.
    """
    sheet = read_sheet(path, _COLUMNS, _REQUIRED)
    if not sheet.rows:
        raise all_at_once(f"{path}: no votes can be read", sheet.faults or ("no rows below the column names",))
    if not any(row.cells[0] for row in sheet.rows):
        raise ValaroError(f"{place(path, 1)}: no column without a name: its six digits begin with what voters met")
    refused = list(as_problems(path, sheet, "votes"))
    rows: list[VoteRow] = []
    seen: dict[str, int] = {}
    for row in sheet.rows:
        cells = _cells(row)
        modality = next((name for name, digit in MODALITIES.items() if cells.key.startswith(digit)), "")
        marks = (f"key '{cells.key}'", f"clip '{cells.clip}' for {modality}")
        faults = [
            *_faults(cells),
            *(f"{mark} stands already in line {seen[mark]}" for mark in marks if mark in seen),
        ]
        if faults:
            refused.append(Problem(utterance=place(path, row.line), where="votes", why="; ".join(faults)))
            continue
        seen |= dict.fromkeys(marks, row.line)
        counts = tuple(int(count) for count in cells.counts)
        rows.append(VoteRow(line=row.line, modality=modality, clip=cells.clip, counts=counts, summary=cells.summary))
    return VoteTable(rows=tuple(rows), refused=tuple(refused))


def ratings_of(row: VoteRow, levels: Mapping[str, Levels] = CATEGORIES) -> tuple[Rating, ...]:
    """Return both dimensions' votes for which the counted votes stand; who voted is not known, so voters get numbers.

    >>> row = VoteRow(line=2, modality="both", clip="1001_DFA_ANG_XX", counts=(1, 0, 0, 0, 1, 0))
    >>> [(rating.annotator, rating.dimension, rating.score) for rating in ratings_of(row)][:3]
    [('voter 1', 'valence', 1.0), ('voter 1', 'arousal', 5.0), ('voter 2', 'valence', 3.0)]
    """
    chosen = [EMOTIONS[column] for column, count in zip(EMOTIONS, row.counts, strict=True) for _ in range(count)]
    return tuple(
        rating
        for number, category in enumerate(chosen, start=1)
        for rating in derived_ratings(category, f"voter {number}", levels)
    )


def soft_categories(rows: Sequence[VoteRow]) -> Float[np.ndarray, "n 6"]:
    """Return each row's share of votes for the six emotions, in the order of EMOTIONS.

    >>> soft_categories([VoteRow(line=2, modality="face", clip="1001_DFA_ANG_XX", counts=(6, 2, 0, 0, 0, 0))]).tolist()
    [[0.75, 0.25, 0.0, 0.0, 0.0, 0.0]]
    """
    counts = np.array([row.counts for row in rows], dtype=np.float64).reshape(-1, len(EMOTIONS))
    return counts / counts.sum(axis=1, keepdims=True)


def soft_levels(
    rows: Sequence[VoteRow], dimension: Dimension, levels: Mapping[str, Levels] = CATEGORIES
) -> Float[np.ndarray, "n 3"]:
    """Return each row's fuzzy label on a dimension, as an utterance with these votes gets it."""
    shares = [
        soft_label_from_scores([rating.score for rating in ratings_of(row, levels) if rating.dimension == dimension])
        for row in rows
    ]
    return np.stack(shares) if shares else np.zeros((0, len(LEVELS)))


def _cells(row: Row) -> _Cells:
    key, *counts, clip, responses, summary = row.cells
    return _Cells(key, tuple(counts), clip, responses, summary)


def _faults(cells: _Cells) -> list[str]:
    faults = [] if _KEY.fullmatch(cells.key) else [f"key '{cells.key}': expected six digits, the first 1, 2 or 3"]
    if not CLIP.fullmatch(cells.clip):
        faults.append(f"fileName '{cells.clip}': expected {CLIP_FORM}")
    texts = dict(zip(EMOTIONS, cells.counts, strict=True)) | (
        {"numResponses": cells.responses} if cells.responses else {}
    )
    wrong = [
        f"{column} '{text}': expected a whole number below 1000"
        for column, text in texts.items()
        if not _COUNT.fullmatch(text)
    ]
    if wrong:
        return [*faults, *wrong]
    total = sum(int(count) for count in cells.counts)
    if not total:
        faults.append("no vote in it")
    elif cells.responses and total != int(cells.responses):
        faults.append(f"the counts add up to {total}, numResponses says {cells.responses}")
    return faults
