"""The manifest: a Parquet table of utterances that says its version and its fingerprint."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from valaro.documents import parse_json
from valaro.errors import StoreError, words_for
from valaro.files import atomic_write
from valaro.parquet import read_parquet, read_schema
from valaro.records import CorpusNote, Rating, Utterance
from valaro.regular import ABSENT, why_not_readable
from valaro.store.checksum import canonical_json, checksum

VERSION = "1"
_VERSION_KEY, _FINGERPRINT_KEY, _NOTES_KEY = b"valaro.manifest", b"valaro.fingerprint", b"valaro.notes"
_RATING = pa.struct([("annotator", pa.string()), ("dimension", pa.string()), ("score", pa.float64())])
_COLUMNS = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "corpus", "session", "speaker", "gender", "media")),
        ("face_region", pa.list_(pa.float64(), 4)),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("ratings", pa.list_(_RATING)),
        ("sound", pa.string()),
        ("sound_start", pa.float64()),
        ("script", pa.string()),
        ("stated_means", pa.list_(_RATING)),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The utterances of a corpus or several, what pages must say of them, and the fingerprint of both."""

    utterances: tuple[Utterance, ...]
    notes: tuple[CorpusNote, ...]
    fingerprint: str


def fingerprint(utterances: Sequence[Utterance], notes: Sequence[CorpusNote] = ()) -> str:
    """Return the checksum of what the utterances say.

    Of a recording only the file's name counts, so that neither a moved folder nor a touched file changes it.
    """

    def content() -> Iterator[object]:
        for utterance in utterances:
            yield [
                *_row(utterance, Path(utterance.media.name), utterance.sound and Path(utterance.sound.name)).values()
            ]
        for note in notes:
            yield note.facts

    return checksum(content())


def write_manifest(path: Path, utterances: Sequence[Utterance], notes: Sequence[CorpusNote] = ()) -> None:
    """Write the manifest, whole or not at all; recordings are named relative to its folder.

    Raises:
        StoreError: an utterance stands there twice, or `check_target`.
    """
    check_target(path)
    twice = [name for name, count in Counter(utterance.id for utterance in utterances).items() if count > 1]
    if twice:
        raise StoreError(f"{path}: {len(twice)} utterances are named more than once: {', '.join(twice[:10])}")
    folder = path.absolute().parent.resolve()
    # Looking up a folder costs system calls, and a corpus has few folders for many recordings.
    files = [file for utterance in utterances for file in (utterance.media, utterance.sound) if file is not None]
    folders = {there: _way(there, folder) for there in {file.parent for file in files}}
    ways = {file: folders[file.parent] / file.name for file in files}
    rows = [
        _row(utterance, ways[utterance.media], utterance.sound and ways[utterance.sound]) for utterance in utterances
    ]
    metadata = {
        _VERSION_KEY: VERSION.encode(),
        _FINGERPRINT_KEY: fingerprint(utterances, notes).encode(),
        _NOTES_KEY: canonical_json([note.facts for note in notes]).encode(),
    }
    table = pa.Table.from_pylist(rows, schema=_COLUMNS.with_metadata(metadata))
    with atomic_write(path) as aside:
        pq.write_table(table, aside)


def check_target(path: Path) -> None:
    """Check that a manifest may be written to `path`: a name in .parquet, which nothing but a manifest has yet.

    Raises:
        StoreError: another suffix, or a file that would be lost: a user's own table, say.
    """
    if path.suffix.lower() != ".parquet":
        raise StoreError(f"cannot write a manifest to '{path}': expected a name that ends in .parquet")
    if not path.exists():
        return
    try:
        is_manifest = _VERSION_KEY in (read_schema(path).metadata or {})
    except (pa.ArrowException, OSError, ValueError):
        is_manifest = False
    if not is_manifest:
        raise StoreError(f"cannot write a manifest to '{path}': what is there is none, give another name or remove it")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest and check it against its fingerprint; recordings get absolute paths."""
    why = why_not_readable(path)
    if why:
        what = "there is no such manifest" if why == ABSENT else f"{why}, expected a manifest"
        raise StoreError(f"{path}: {what}; `valaro read` makes one")
    rows, metadata = _read_checked(path)
    folder = path.absolute().parent.resolve()
    try:
        utterances = tuple(_utterance(row, folder) for row in rows)
        notes = tuple(map(CorpusNote.of, parse_json(metadata[_NOTES_KEY])))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: a damaged manifest ({words_for(error)}); read the corpus again") from None
    expected = metadata.get(_FINGERPRINT_KEY, b"").decode(errors="replace")
    found = fingerprint(utterances, notes)
    if found != expected:
        fault = f"the rows were changed or damaged (fingerprint {found}, expected {expected})"
        raise StoreError(f"{path}: {fault}; read the corpus again")
    return Manifest(utterances=utterances, notes=notes, fingerprint=found)


def _read_checked(path: Path) -> tuple[list[dict[str, Any]], dict[bytes, bytes]]:
    try:
        metadata = read_schema(path).metadata or {}
        version = metadata.get(_VERSION_KEY, b"").decode(errors="replace")
        if not version:
            raise StoreError(f"{path}: a Parquet file, but no manifest; make one with `valaro read table`")
        if version != VERSION:
            raise StoreError(f"{path}: a manifest of version {version}, expected {VERSION}; read the corpus again")
        return read_parquet(path).to_pylist(), metadata
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StoreError(
            f"{path}: not a manifest, or a damaged one: expected a Parquet file ({words_for(error)})"
        ) from None


def _row(utterance: Utterance, media: PurePath, sound: PurePath | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": utterance.id,
        "corpus": utterance.corpus,
        "session": utterance.session,
        "speaker": utterance.speaker,
        "gender": utterance.gender,
        "media": media.as_posix(),
        "face_region": None if utterance.face_region is None else [float(edge) for edge in utterance.face_region],
        "start": float(utterance.start),
        "end": None if utterance.end is None else float(utterance.end),
        "ratings": _votes(utterance.ratings),
    }
    if sound is not None:
        row |= {"sound": sound.as_posix(), "sound_start": float(utterance.sound_start)}
    if utterance.script:
        row["script"] = utterance.script
    if utterance.stated_means:
        row["stated_means"] = _votes(utterance.stated_means)
    return row


def _votes(ratings: Sequence[Rating]) -> list[dict[str, object]]:
    return [
        {"annotator": rating.annotator, "dimension": rating.dimension, "score": float(rating.score)}
        for rating in ratings
    ]


def _utterance(row: dict[str, Any], folder: Path) -> Utterance:
    return Utterance(
        id=row["id"],
        corpus=row["corpus"],
        session=row["session"],
        speaker=row["speaker"],
        gender=row["gender"],
        media=_there(folder, row["media"]),
        face_region=None if row["face_region"] is None else tuple(row["face_region"]),
        start=row["start"],
        end=row["end"],
        ratings=tuple(Rating(**rating) for rating in row["ratings"]),
        # Manifests made before there were these columns lack them.
        sound=_there(folder, row["sound"]) if row.get("sound") else None,
        sound_start=row.get("sound_start") or 0.0,
        script=row.get("script") or "",
        stated_means=tuple(Rating(**rating) for rating in row.get("stated_means") or ()),
    )


def _there(folder: Path, way: str) -> Path:
    return Path(os.path.normpath(folder / PurePosixPath(way)))


def _way(place: Path, folder: Path) -> PurePosixPath:
    """Return the way from the real `folder` to a recordings' folder.

    Links are followed, since `..` leaves a linked folder elsewhere than its name says; the recording itself may be a
    link and keeps its name, which tells its kind.
    """
    return PurePosixPath(Path(os.path.relpath(place.absolute().resolve(), folder)).as_posix())
