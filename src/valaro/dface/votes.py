"""Pictures of faces with the votes of several people, as FERPlus gives them: each picture is a distribution."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from valaro.corpora.reading import existing_folder
from valaro.corpora.table_reader import read_rows
from valaro.dface.pictures import FaceReading, Faces, Labelled, is_picture, read_crops
from valaro.errors import ValaroError, all_at_once
from valaro.records import Problem

EXPRESSIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
NOT_ONE = ("unknown", "NF")
"""Votes for no expression: the voter could not tell, or saw no face."""

_PICTURE, _USAGE = "Image name", "Usage"
_PARTS = {"": "train", "Training": "train", "PublicTest": "validation", "PrivateTest": "test"}


@dataclass(frozen=True, kw_only=True)
class _Voted:
    name: str
    part: str
    target: tuple[float, ...]


def read_votes(folder: Path, table: Path) -> FaceReading:
    """Read the pictures in `folder` (and below) that a table of votes names.

    A row has the picture's name, then how many voters chose each expression, `unknown` and `NF` (no face). The target
    is the voters' distribution over the eight expressions. A picture for which no expression has more votes than
    `unknown` and than `NF` is left out; so is a row without a name, where FERPlus has dropped the picture. `Usage` says
    the part: Training, PublicTest (chooses the network) or PrivateTest (tests it); without it all is for training.

    Raises:
        ValaroError: a column is missing, or no picture is left to train on.
    """
    existing_folder(folder)
    rows = read_rows(table, (_USAGE, _PICTURE, *EXPRESSIONS, *NOT_ONE), (_PICTURE, *EXPRESSIONS, *NOT_ONE))
    rows.require_rows("row of votes")
    rejected = list(rows.problems("votes"))
    skipped: Counter[str] = Counter()
    voted: list[_Voted] = []
    seen: dict[str, int] = {}
    for row in rows.rows:
        usage, name, *cells = row.cells
        if not name:
            skipped["rows without a picture"] += 1
            continue
        try:
            picture = _voted(usage, name, cells, line=row.line, seen=seen)
        except ValaroError as error:
            rejected.append(Problem(utterance=name, where=rows.at(row.line), why=str(error)))
            continue
        if picture is None:
            skipped["pictures in which most voters saw no expression"] += 1
        else:
            voted.append(picture)
    files = _files(folder)
    faces = {
        part: _faces([picture for picture in voted if picture.part == part], files, rejected)
        for part in _PARTS.values()
    }
    if not len(faces["train"]):
        problems = [f"{problem.utterance}: {problem.why}" for problem in rejected]
        raise all_at_once(
            f"{table}: no picture to train on is left", problems or ["no row has Usage Training"], most=10
        )
    return FaceReading(
        train=faces["train"],
        validation=faces["validation"] if len(faces["validation"]) else None,
        test=faces["test"] if len(faces["test"]) else None,
        rejected=tuple(rejected),
        skipped=skipped,
    )


def _voted(usage: str, name: str, cells: list[str], *, line: int, seen: dict[str, int]) -> _Voted | None:
    """Return what a row says; None: no expression leads. `seen` has the line of each picture so far."""
    if seen.setdefault(name, line) != line:
        raise ValaroError(f"the picture stands already in line {seen[name]}")
    if usage not in _PARTS:
        raise ValaroError(f"Usage '{usage}': expected {', '.join(part for part in _PARTS if part)}, or nothing")
    wrong = [
        f"{column} '{cell}'"
        for column, cell in zip((*EXPRESSIONS, *NOT_ONE), cells, strict=True)
        if not re.fullmatch(r"\d{1,4}", cell, re.ASCII)
    ]
    if wrong:
        raise ValaroError(f"{', '.join(wrong)}: expected a number of votes")
    votes = [int(cell) for cell in cells]
    expressions, others = votes[: len(EXPRESSIONS)], votes[len(EXPRESSIONS) :]
    if not sum(votes):
        raise ValaroError("nobody has voted on it")
    if max(expressions) <= max(others):
        return None
    total = sum(expressions)
    return _Voted(name=name, part=_PARTS[usage], target=tuple(count / total for count in expressions))


def _files(folder: Path) -> Mapping[str, list[Path]]:
    """Return the pictures below `folder` by name: FERPlus has them in a sub-folder a part."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if is_picture(path):
            files.setdefault(path.name, []).append(path)
    return files


def _faces(voted: list[_Voted], files: Mapping[str, list[Path]], rejected: list[Problem]) -> Faces:
    labelled: list[Labelled] = []
    for picture in voted:
        paths = files.get(picture.name, [])
        if len(paths) == 1:
            labelled.append((picture.name, paths[0], picture.target))
            continue
        why = f"{len(paths)} pictures of this name: {paths[0]}, {paths[1]} ..." if paths else "there is no such picture"
        rejected.append(Problem(utterance=picture.name, where="picture", why=why))
    return read_crops(labelled, EXPRESSIONS, rejected)
