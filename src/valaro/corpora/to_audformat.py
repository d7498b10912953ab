"""Utterances written as an audformat database that other programs load and that reads back to the same utterances."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any

from valaro.corpora.audformat_database import HEADER, KEY, NANO, OUR_TABLE, audformat
from valaro.corpora.export_form import HIGHEST, LOWEST, column_of, root_option, utterance_faults
from valaro.errors import ValaroError, all_at_once
from valaro.files import atomic_files
from valaro.records import CorpusNote, Utterance

VERSION = "1"
_GENDERS: Mapping[str, str] = {"F": "female", "M": "male"}

Key = tuple[str, int, int | None]


def write_audformat(path: Path, utterances: Sequence[Utterance], notes: Sequence[CorpusNote] = ()) -> None:
    """Write the database's header and its two tables into the folder `path`, the header last.

    Table `utterances` has one row per utterance: its file and times, its name, corpus, speaker (gender in the scheme's
    labels), session, and where they apply the part of the picture and the voice's own file. Table `ratings` has the
    labelled ones, a column for each annotator and dimension, numbers from 1 to 5. Times are kept to the nanosecond.

    Recordings stay where they are. Where all lie below `path`, they are named relative to it, so that both move
    together; else by their absolute paths.

    Raises:
        ValaroError: there is a database already, no utterance, or something that the form cannot hold (two utterances
            of a file with the same times, an annotator who rates one twice, a score outside 1 to 5, a speaker of two
            genders, a control character in a name); or the package audformat is not installed.
    """
    package = audformat()
    if (path / HEADER).exists():
        raise ValaroError(f"{path / HEADER} is there already: choose another folder")
    if not utterances:
        raise ValaroError(f"{path}: no utterance to write")
    # Who reads it back takes relative names from one folder: this one, or the root that has to be stated.
    home = None if root_option(path, utterances) else path
    keys = [_key(utterance, home) for utterance in utterances]
    faults = list(_faults(utterances, keys))
    if faults:
        raise all_at_once(f"{path}: an audformat database cannot hold these utterances", faults)
    db = package.Database(
        name=utterances[0].corpus if len({utterance.corpus for utterance in utterances}) == 1 else "valaro",
        source="valaro export",
        usage=package.define.Usage.OTHER,
        description="\n".join(f"{note.corpus}: {note.text}" for note in notes) or None,
        meta={KEY: {"version": VERSION, "notes": [note.row for note in notes]}},
    )
    _add_utterances(package, db, keys, utterances, home)
    labelled = [(key, utterance) for key, utterance in zip(keys, utterances, strict=True) if utterance.ratings]
    if labelled:
        _add_ratings(package, db, [key for key, _ in labelled], [utterance for _, utterance in labelled])
    with atomic_files(path, last=HEADER) as aside:
        db.save(str(aside), storage_format=package.define.TableStorageFormat.PARQUET)


def _key(utterance: Utterance, folder: Path | None) -> Key:
    end = None if utterance.end is None else round(utterance.end * NANO)
    return _file_name(utterance.media, folder), round(utterance.start * NANO), end


def _file_name(recording: Path, folder: Path | None) -> str:
    """Return how the database names a recording: relative to `folder`, where all recordings lie below one."""
    recording = recording.absolute()
    if folder is None or not recording.is_relative_to(folder.absolute()):
        return recording.as_posix()
    return recording.relative_to(folder.absolute()).as_posix()


def _faults(utterances: Sequence[Utterance], keys: Sequence[Key]) -> Iterator[str]:
    firsts: dict[Key, str] = {}
    genders: dict[str, str] = {}
    for utterance, key in zip(utterances, keys, strict=True):
        first = firsts.setdefault(key, utterance.id)
        if first != utterance.id:
            yield f"'{first}' and '{utterance.id}' are of the same file, start and end"
        if genders.setdefault(utterance.speaker, utterance.gender) != utterance.gender:
            yield f"'{utterance.id}': speaker '{utterance.speaker}' is of two genders"
        names = (utterance.id, utterance.corpus, utterance.speaker, utterance.session, utterance.script, key[0])
        texts = (*names, *dict.fromkeys(rating.annotator for rating in utterance.ratings))
        yield from (f"'{utterance.id}': {fault}" for fault in utterance_faults(utterance, texts))


def _in_order(utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """Return the columns so that every utterance's ratings come back in their order, if one order fits all."""
    # Dictionaries, not sets, so that the same utterances give the same columns.
    before: dict[str, dict[str, None]] = {}
    for utterance in utterances:
        columns = [column_of(rating) for rating in utterance.ratings]
        for column in columns:
            before.setdefault(column, {})
        for earlier, column in pairwise(columns):
            before[column][earlier] = None
    try:
        return tuple(TopologicalSorter(before).static_order())
    except CycleError:
        return tuple(before)


def _index(package: Any, keys: Sequence[Key]) -> Any:  # noqa: ANN401 - a pandas.Index
    return package.segmented_index(
        [file for file, _, _ in keys],
        starts=[f"{start}ns" for _, start, _ in keys],
        ends=["NaT" if end is None else f"{end}ns" for _, _, end in keys],
    )


def _add_utterances(
    package: Any,  # noqa: ANN401 - audformat
    db: Any,  # noqa: ANN401 - an audformat.Database
    keys: Sequence[Key],
    utterances: Sequence[Utterance],
    folder: Path | None,
) -> None:
    speakers = {u.speaker: {"gender": _GENDERS[u.gender]} if u.gender in _GENDERS else {} for u in utterances}
    columns: dict[str, list[Any]] = {
        "utterance": [u.id for u in utterances],
        "corpus": [u.corpus for u in utterances],
        "speaker": [u.speaker for u in utterances],
        "session": [u.session or None for u in utterances],
        "region": [" ".join(repr(float(edge)) for edge in u.face_region or ()) or None for u in utterances],
        "sound": [_file_name(u.sound, folder) if u.sound else None for u in utterances],
        "sound_start": [u.sound_start if u.sound else None for u in utterances],
        "script": [u.script or None for u in utterances],
    }
    table = db[OUR_TABLE] = package.Table(_index(package, keys))
    for name, values in columns.items():
        if all(value is None for value in values):
            continue
        db.schemes[name] = package.Scheme(
            package.define.DataType.FLOAT if name == "sound_start" else package.define.DataType.STRING,
            labels=speakers if name == "speaker" else None,
        )
        table[name] = package.Column(scheme_id=name)
        table[name].set(values)


def _add_ratings(
    package: Any,  # noqa: ANN401 - audformat
    db: Any,  # noqa: ANN401 - an audformat.Database
    keys: Sequence[Key],
    utterances: Sequence[Utterance],
) -> None:
    table = db["ratings"] = package.Table(_index(package, keys))
    scores = [{column_of(rating): float(rating.score) for rating in utterance.ratings} for utterance in utterances]
    known = {column_of(rating): rating for utterance in utterances for rating in utterance.ratings}
    for name in _in_order(utterances):
        rating = known[name]
        if rating.dimension not in db.schemes:
            db.schemes[rating.dimension] = package.Scheme(
                package.define.DataType.FLOAT, minimum=LOWEST, maximum=HIGHEST
            )
        if rating.annotator not in db.raters:
            db.raters[rating.annotator] = package.Rater(package.define.RaterType.HUMAN)
        table[name] = package.Column(scheme_id=rating.dimension, rater_id=rating.annotator)
        table[name].set([given.get(name) for given in scores])
