"""Soft labels written as a table: what the votes of each utterance come to, and which levels count as right."""

from collections.abc import Sequence
from pathlib import Path

from valaro.errors import ValaroError
from valaro.files import write_text
from valaro.labels.soft_labels import correct_levels, soft_label_of
from valaro.records import DIMENSIONS, LEVELS, Utterance
from valaro.spreadsheet import csv_text

NAME = "levels.csv"


def write_levels(folder: Path, utterances: Sequence[Utterance]) -> Path:
    """Write `levels.csv` into `folder`: one row per rated utterance and dimension, the shares of its votes.

    `right` names every level that counts as right, several where they tie.

    Raises:
        ValaroError: the file is there already, or nothing is labelled.
    """
    path = folder / NAME
    if path.exists():
        raise ValaroError(f"{path} is there already: choose another folder")
    rows: list[tuple[object, ...]] = []
    for utterance in utterances:
        for dimension in DIMENSIONS:
            votes = [rating for rating in utterance.ratings if rating.dimension == dimension]
            if not votes:
                continue
            shares = soft_label_of(utterance, dimension)
            (right,) = correct_levels(shares[None])
            named = ";".join(level for level, is_right in zip(LEVELS, right.tolist(), strict=True) if is_right)
            rows.append((utterance.id, dimension, len(votes), *(f"{share:.4f}" for share in shares), named))
    if not rows:
        raise ValaroError("no utterance is labelled: there is no level to write")
    write_text(path, csv_text(("utterance", "dimension", "votes", *LEVELS, "right"), rows))
    return path
