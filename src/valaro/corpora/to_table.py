"""Utterances written as a table, one CSV file per corpus, that `valaro read table` reads back."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from valaro.corpora.export_form import recordings_root, root_option, utterance_faults
from valaro.corpora.parse_cell import checked_name
from valaro.corpora.table import ALONE, COLUMNS, PLAIN_NAMES
from valaro.errors import all_at_once
from valaro.files import write_text
from valaro.records import DIMENSIONS, Dimension, Utterance
from valaro.spreadsheet import csv_text

_NUMBER = re.compile(r"[1-9]\d{0,2}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class WrittenTable:
    """A table, and the options with which `valaro read table` gives back what was written."""

    path: Path
    options: tuple[str, ...]


def write_tables(folder: Path, utterances: Sequence[Utterance]) -> tuple[WrittenTable, ...]:
    """Write a file `CORPUS.csv` for each corpus into `folder`, which names the recordings relative to itself.

    Where one lies elsewhere, the names are relative to the folder that the option `--root` then states.

    What a table has no place for is lost: notes, and annotators' names. A vote keeps its place among the others, so
    that `2;;4` are the first and the third annotator of the corpus.

    Raises:
        ValaroError: no utterance, a table that is there already, or something that would not come back: a labelled
            utterance without a speaker's name, speakers of several peoples in one corpus, two votes of one annotator, a
            score outside 1 to 5, a control character in a name.
    """
    corpora = tuple(dict.fromkeys(utterance.corpus for utterance in utterances))
    for corpus in corpora:
        checked_name(folder, corpus)
    faults = [fault for utterance in utterances for fault in _faults(utterance)]
    for corpus in corpora:
        peoples = sorted({utterance.people for utterance in utterances if utterance.corpus == corpus})
        if len(peoples) > 1:
            faults.append(f"the speakers of '{corpus}' belong to several peoples: {', '.join(peoples)}")
    faults += [f"{path} is there already" for corpus in corpora if (path := folder / f"{corpus}.csv").exists()]
    if faults or not corpora:
        raise all_at_once(f"{folder}: tables cannot be written", faults or ["there is none"])
    return tuple(
        _write(folder, corpus, [utterance for utterance in utterances if utterance.corpus == corpus])
        for corpus in corpora
    )


def _faults(utterance: Utterance) -> list[str]:
    faults: list[str] = []
    name, speaker = _name(utterance), utterance.speaker.partition("/")[2]
    if not utterance.id.startswith(f"{utterance.corpus}/"):
        faults.append(f"its name does not begin with its corpus '{utterance.corpus}'")
    if not utterance.is_speaker_known and (utterance.ratings or speaker != f"?{name}"):
        faults.append("its speaker is not named")
    texts = (name, utterance.session, utterance.script, speaker, str(utterance.media), str(utterance.sound))
    faults += utterance_faults(utterance, texts)
    return [f"'{utterance.id}': {fault}" for fault in faults]


def _name(utterance: Utterance) -> str:
    return utterance.id.removeprefix(f"{utterance.corpus}/")


def _write(folder: Path, corpus: str, utterances: Sequence[Utterance]) -> WrittenTable:
    people, path, root = utterances[0].people, folder / f"{corpus}.csv", recordings_root(folder, utterances)
    numbers: dict[Dimension, Mapping[str, int]] = {
        dimension: _annotator_numbers(utterances, dimension) for dimension in DIMENSIONS
    }
    write_text(path, csv_text(COLUMNS, [_row(utterance, root, numbers) for utterance in utterances]))
    options = (
        *(("--corpus", corpus) if corpus.lower() in PLAIN_NAMES else ()),
        *(("--people", people) if people != corpus else ()),
        *root_option(folder, utterances),
    )
    return WrittenTable(path=path, options=options)


def _row(utterance: Utterance, root: Path, numbers: Mapping[Dimension, Mapping[str, int]]) -> list[str]:
    cells = {
        "utterance": _name(utterance),
        "file": _relative(utterance.media, root),
        "start": _number(utterance.start) if utterance.start else "",
        "end": "" if utterance.end is None else _number(utterance.end),
        "speaker": utterance.speaker.partition("/")[2] if utterance.is_speaker_known else "",
        "gender": utterance.gender,
        "session": utterance.session,
        "script": utterance.script,
        "region": " ".join(map(_number, utterance.face_region or ())),
        **{dimension: _votes(utterance, dimension, numbers[dimension]) for dimension in DIMENSIONS},
    }
    if utterance.sound is not None:
        cells["sound"] = _relative(utterance.sound, root)
        cells["sound_start"] = _number(utterance.sound_start) if utterance.sound_start else ""
    return [cells.get(column, "") for column in COLUMNS]


def _annotator_numbers(utterances: Sequence[Utterance], dimension: Dimension) -> Mapping[str, int]:
    """Return each annotator's position among a row's votes, from 1: the number in their name, or as they come up."""
    names = dict.fromkeys(
        rating.annotator for utterance in utterances for rating in utterance.ratings if rating.dimension == dimension
    )
    others = [name for name in names if name != ALONE]
    are_numbers = all(_NUMBER.fullmatch(name) for name in others)
    numbers = {name: int(name) if are_numbers else number for number, name in enumerate(others, start=1)}
    # Beside others, a vote without an annotator's name is one more annotator's.
    return {**numbers, ALONE: max(numbers.values(), default=0) + 1}


def _votes(utterance: Utterance, dimension: Dimension, numbers: Mapping[str, int]) -> str:
    votes = {rating.annotator: rating.score for rating in utterance.ratings if rating.dimension == dimension}
    if not votes or votes.keys() == {ALONE}:
        return "".join(_number(score) for score in votes.values())
    # A vote without any semicolon would come back as one that has no annotator.
    parts = [""] * max(2, *(numbers[name] for name in votes))
    for name, score in votes.items():
        parts[numbers[name] - 1] = _number(score)
    return ";".join(parts)


def _number(value: float) -> str:
    """Return a number so that it comes back to the last digit."""
    return repr(float(value)).removesuffix(".0")


def _relative(recording: Path, root: Path) -> str:
    # Links are followed, as for the root.
    folder = recording.absolute().parent.resolve()
    return (Path(os.path.relpath(folder, root)) / recording.name).as_posix()
