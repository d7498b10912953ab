"""The manifest: a Parquet table of utterances that says its version and its fingerprint."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from valaro.documents import parse_json
from valaro.errors import StoreError, words_for
from valaro.files import atomic_write
from valaro.jsonfile import from_plain
from valaro.parquet import read_parquet, read_schema
from valaro.records import CorpusNote, Utterance
from valaro.regular import ABSENT, why_not_readable
from valaro.store.checksum import canonical_json, checksum

VERSION = "2"
_VERSION_KEY, _FINGERPRINT_KEY, _NOTES_KEY = b"valaro.manifest", b"valaro.fingerprint", b"valaro.notes"


_Plain = Callable[[Any], Any]


def _column(hint: Any) -> tuple[Any, _Plain]:  # noqa: ANN401 - a type hint; pyarrow types its own classes as unknown
    """Return the kind of column that holds what a field of a record holds, and how that becomes plain values."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        kind, plain = _column(next(option for option in inner if option is not NoneType))
        return kind, lambda value: None if value is None else plain(value)
    if origin is tuple:
        kind, plain = _column(inner[0])
        size = -1 if inner[1:] == (...,) else len(inner)
        return pa.list_(kind, size), lambda values: [plain(value) for value in values]
    if is_dataclass(hint):
        columns = _columns(hint)
        return pa.struct(_schema(hint)), lambda record: {n: plain(getattr(record, n)) for n, (_, plain) in columns}
    if origin is Literal or hint in {str, Path}:
        return pa.string(), lambda value: value
    # A whole number in a column of fractions reads back as 1.0.
    return {float: pa.float64(), int: pa.int64(), bool: pa.bool_()}[hint], hint


def _columns(record: Any) -> list[tuple[str, tuple[Any, _Plain]]]:  # noqa: ANN401 - as above
    return [(name, _column(hint)) for name, hint in get_type_hints(record).items()]


def _schema(record: Any) -> list[Any]:  # noqa: ANN401 - as above
    """Return a column for each field of a record, which may be empty where the field may be None."""
    hints = get_type_hints(record)
    return [pa.field(name, kind, nullable=NoneType in get_args(hints[name])) for name, (kind, _) in _columns(record)]


_COLUMNS = pa.schema(_schema(Utterance))
_, _plain = _column(Utterance)
_DEFAULTS = {
    field.name: list(field.default) if isinstance(field.default, tuple) else field.default
    for field in fields(Utterance)
}
_PATHS = tuple(name for name, hint in get_type_hints(Utterance).items() if Path in (hint, *get_args(hint)))


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
    return _fingerprint(map(_plain, utterances), notes)


def _fingerprint(rows: Iterable[Mapping[str, Any]], notes: Iterable[CorpusNote]) -> str:
    def content() -> Iterator[object]:
        for row in rows:
            named = _with_paths(row, os.path.basename)
            # What says nothing is left out, so that a field that is added later changes no fingerprint.
            yield {name: value for name, value in named.items() if value != _DEFAULTS[name]}
        yield from (note.row for note in notes)

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
    relative = cache(partial(_relative_folder, base=folder))
    rows = [_plain(utterance) for utterance in utterances]
    metadata = {
        _VERSION_KEY: VERSION.encode(),
        _FINGERPRINT_KEY: _fingerprint(rows, notes).encode(),
        _NOTES_KEY: canonical_json([note.row for note in notes]).encode(),
    }
    rows = [_with_paths(row, lambda path: (relative(path.parent) / path.name).as_posix()) for row in rows]
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
        absolute = [_with_paths(row, lambda path: os.path.normpath(folder / path)) for row in rows]
        utterances: tuple[Utterance, ...] = from_plain(tuple[Utterance, ...], absolute, "the rows")
        notes = tuple(map(CorpusNote.from_row, parse_json(metadata[_NOTES_KEY])))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: a damaged manifest ({words_for(error)}); read the corpus again") from None
    expected = metadata.get(_FINGERPRINT_KEY, b"").decode(errors="replace")
    actual = _fingerprint(rows, notes)
    if actual != expected:
        fault = f"the rows were changed or damaged (fingerprint {actual}, expected {expected})"
        raise StoreError(f"{path}: {fault}; read the corpus again")
    return Manifest(utterances=utterances, notes=notes, fingerprint=actual)


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


def _with_paths(row: Mapping[str, Any], named: Callable[[Any], str]) -> dict[str, Any]:
    """Return a row with its recordings called as `named` says."""
    return {**row, **{name: named(row[name]) for name in _PATHS if row.get(name)}}


def _relative_folder(path: Path, base: Path) -> PurePosixPath:
    """Return the path from the real folder `base` to a recordings' folder.

    Links are followed, since `..` leaves a linked folder elsewhere than its name says; the recording itself may be a
    link and keeps its name, which tells its kind.
    """
    return PurePosixPath(Path(os.path.relpath(path.absolute().resolve(), base)).as_posix())
