"""What do CREMA-D's votes become: how many are ties, and do the soft labels agree with the table's own summary?

    python benchmarks/crema_d_votes.py tabulatedVotes.csv [--levels LEVELS.csv] [--summary summaryTable.csv]

Turns every row of the table into soft labels, over the six emotions and over the three levels of both dimensions,
with the reader's own functions, and prints for each modality the share of ties and of rows in which the most frequent
answers are those of the summary: of the column emoVote, or of the corpus's summaryTable.csv if that is given. Six
emotions can only differ from emoVote by a fault, since both come from the same counts. Levels can: three votes for
anger and two for disgust against four for neutral make neutral the most frequent emotion, and low the most frequent
valence.
"""

import argparse
import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from valaro.corpora.crema_d_votes import (
    ACTED,
    CLIP,
    EMOTIONS,
    MODALITIES,
    VoteRow,
    ratings_of,
    read_votes,
)
from valaro.corpora.levels_table import levels_for
from valaro.labels.categories import CATEGORIES, Levels
from valaro.labels.soft_labels import correct_levels, soft_label_from_scores
from valaro.records import DIMENSIONS, LEVELS, Dimension

SUMMARIES = {"voice": "VoiceVote", "face": "FaceVote", "both": "MultiModalVote"}

Summary = Callable[[VoteRow], frozenset[str]]


def soft_categories(rows: Sequence[VoteRow]) -> Float[np.ndarray, "n 6"]:
    """Return each row's share of votes for the six emotions, in the order of EMOTIONS.

    >>> soft_categories([VoteRow(modality="face", clip="1001_DFA_ANG_XX", counts=(6, 2, 0, 0, 0, 0))]).tolist()
    [[0.75, 0.25, 0.0, 0.0, 0.0, 0.0]]
    """
    counts = np.array([row.counts for row in rows], dtype=np.float64).reshape(-1, len(EMOTIONS))
    return counts / counts.sum(axis=1, keepdims=True)


def soft_levels(
    rows: Sequence[VoteRow], dimension: Dimension, levels: Mapping[str, Levels] = CATEGORIES
) -> Float[np.ndarray, "n 3"]:
    """Return each row's soft label on a dimension, as an utterance with these votes gets it."""
    shares = [
        soft_label_from_scores([rating.score for rating in ratings_of(row, levels) if rating.dimension == dimension])
        for row in rows
    ]
    return np.stack(shares) if shares else np.zeros((0, len(LEVELS)))


def read_summary(path: Path) -> Mapping[tuple[str, str], frozenset[str]]:
    """Return the most frequent emotions by clip and modality from summaryTable.csv."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["FileName"], modality): frozenset(row[column].split(":"))
        for row in rows
        for modality, column in SUMMARIES.items()
    }


def acted(row: VoteRow) -> str:
    """Return the column of the emotion that the clip's name says."""
    match = CLIP.fullmatch(row.clip)
    assert match is not None
    return ACTED[match["acted"]]


def percent(marks: Sequence[bool]) -> str:
    """Return the share of marks that are set, and their number."""
    return f"{100 * np.mean(marks):6.2f} % ({sum(marks)})"


def show_emotions(rows: Sequence[VoteRow], summary: Summary) -> None:
    """Print ties and agreement over the six emotions."""
    soft_labels = soft_categories(rows)
    assert np.allclose(soft_labels.sum(axis=1), 1)
    top = np.isclose(soft_labels, soft_labels.max(axis=1, keepdims=True))
    columns = list(EMOTIONS)
    found = [frozenset(columns[at] for at in np.flatnonzero(marks)) for marks in top]
    print(f"  six emotions: ties {percent([len(one) > 1 for one in found])}")
    print(f"    same as the summary   {percent([one == summary(row) for one, row in zip(found, rows, strict=True)])}")
    print(f"    the emotion acted     {percent([acted(row) in one for one, row in zip(found, rows, strict=True)])}")


def show_levels(rows: Sequence[VoteRow], summary: Summary, levels: Path | None) -> None:
    """Print ties, counts and agreement over the three levels of each dimension."""
    table = levels_for(EMOTIONS.values(), levels)
    for dimension in DIMENSIONS:
        soft_labels = soft_levels(rows, dimension, table)
        assert np.allclose(soft_labels.sum(axis=1), 1)
        found = [frozenset(LEVELS[at] for at in np.flatnonzero(marks)) for marks in correct_levels(soft_labels)]
        first = [LEVELS[at] for at in soft_labels.argmax(axis=1)]
        expected = [frozenset(getattr(table[EMOTIONS[column]], dimension) for column in summary(row)) for row in rows]
        counts = ", ".join(f"{level} {first.count(level)}" for level in LEVELS)
        same = [one == other for one, other in zip(found, expected, strict=True)]
        among = [one in other for one, other in zip(first, expected, strict=True)]
        print(f"  {dimension}: ties {percent([len(one) > 1 for one in found])}; argmax {counts}")
        print(f"    same as the summary's {percent(same)}")
        print(f"    argmax among them     {percent(among)}")


def main() -> None:
    """Read the table and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--levels", type=Path, help="a table category,valence,arousal instead of the known one")
    parser.add_argument("--summary", type=Path, help="summaryTable.csv instead of the column emoVote")
    options = parser.parse_args()
    votes = read_votes(options.table)
    print(f"{len(votes.rows)} rows into soft labels, {len(votes.rejected)} refused")
    for problem in votes.rejected[:20]:
        print(f"  {problem.utterance}: {problem.why}")
    summaries = read_summary(options.summary) if options.summary else {}

    def summary(row: VoteRow) -> frozenset[str]:
        if summaries:
            return summaries.get((row.clip, row.modality), frozenset())
        return frozenset(row.summary.split(":"))

    for name in ("all", *MODALITIES):
        rows = [row for row in votes.rows if name in {"all", row.modality}]
        if not rows:
            continue
        print(f"{name}: {len(rows)} rows, {sum(sum(row.counts) for row in rows)} votes")
        show_emotions(rows, summary)
        show_levels(rows, summary, options.levels)


if __name__ == "__main__":
    main()
