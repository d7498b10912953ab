"""Utterances written as a table, a CSV file a corpus, that `valaro read table` reads back."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from valaro.corpora.parse_cell import checked_name, fits_a_cell
from valaro.corpora.search_roots import recordings_root, root_option
from valaro.corpora.table import ALONE, PLAIN_NAMES
from valaro.errors import all_at_once
from valaro.files import write_text
from valaro.records import DIMENSIONS, Dimension, Utterance
from valaro.spreadsheet import csv_text

COLUMNS = (
    "utterance",
    "file",
    "start",
    "end",
    "speaker",
    "gender",
    "session",
    "script",
    "region",
    *DIMENSIONS,
    "sound",
    "sound_start",
)

_PLACE = re.compile(r"[1-9]\d{0,2}", re.ASCII)


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
    faults += [f"a control character or outer blank in {text!r}" for text in texts if not fits_a_cell(text)]
    votes = [(rating.dimension, rating.annotator) for rating in utterance.ratings]
    faults += [
        f"two votes on {dimension} of '{who}'" for dimension, who in set(votes) if votes.count((dimension, who)) > 1
    ]
    faults += [
        f"{rating.dimension} is {rating.score:g}, outside 1 to 5"
        for rating in utterance.ratings
        if not 1 <= rating.score <= 5
    ]
    return [f"'{utterance.id}': {fault}" for fault in faults]


def _name(utterance: Utterance) -> str:
    return utterance.id.removeprefix(f"{utterance.corpus}/")


def _write(folder: Path, corpus: str, utterances: Sequence[Utterance]) -> WrittenTable:
    people = utterances[0].people
    path = folder / f"{corpus}.csv"
    root = recordings_root(folder, utterances)
    places = {dimension: _places(utterances, dimension) for dimension in DIMENSIONS}
    rows: list[list[str]] = []
    for utterance in utterances:
        speaker = utterance.speaker.partition("/")[2]
        region = utterance.face_region
        rows.append(
            [
                _name(utterance),
                _way(utterance.media, root),
                _number(utterance.start) if utterance.start else "",
                "" if utterance.end is None else _number(utterance.end),
                speaker if utterance.is_speaker_known else "",
                utterance.gender,
                utterance.session,
                utterance.script,
                "" if region is None else " ".join(_number(edge) for edge in region),
                *(_votes(utterance, dimension, places[dimension]) for dimension in DIMENSIONS),
                "" if utterance.sound is None else _way(utterance.sound, root),
                _number(utterance.sound_start) if utterance.sound is not None and utterance.sound_start else "",
            ]
        )
    write_text(path, csv_text(COLUMNS, rows))
    options = (
        *(("--corpus", corpus) if corpus.lower() in PLAIN_NAMES else ()),
        *(("--people", people) if people != corpus else ()),
        *root_option(folder, utterances),
    )
    return WrittenTable(path=path, options=options)


def _places(utterances: Sequence[Utterance], dimension: Dimension) -> Mapping[str, int]:
    """Return each annotator's place among a row's votes, from 1: the number that is their name, or as they come up."""
    names = dict.fromkeys(
        rating.annotator for utterance in utterances for rating in utterance.ratings if rating.dimension == dimension
    )
    others = [name for name in names if name != ALONE]
    numbered = all(_PLACE.fullmatch(name) for name in others)
    places = {name: int(name) if numbered else place for place, name in enumerate(others, start=1)}
    # Beside others, a vote without an annotator's name is one more annotator's.
    return {**places, ALONE: max(places.values(), default=0) + 1}


def _votes(utterance: Utterance, dimension: Dimension, places: Mapping[str, int]) -> str:
    votes = {rating.annotator: rating.score for rating in utterance.ratings if rating.dimension == dimension}
    if not votes or votes.keys() == {ALONE}:
        return "".join(_number(score) for score in votes.values())
    # A vote without any semicolon would come back as one that has no annotator.
    parts = [""] * max(2, *(places[name] for name in votes))
    for name, score in votes.items():
        parts[places[name] - 1] = _number(score)
    return ";".join(parts)


def _number(value: float) -> str:
    """Return a number so that it comes back to the last digit."""
    return repr(float(value)).removesuffix(".0")


def _way(recording: Path, root: Path) -> str:
    # Links are followed, as for the root.
    place = recording.absolute().parent.resolve()
    return (Path(os.path.relpath(place, root)) / recording.name).as_posix()
