"""One shard: the features of a few utterances in a folder that is there whole or not at all."""

import io
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO, NamedTuple

import numpy as np
import xxhash
from annotated_types import Ge, Gt
from jaxtyping import Float16, Float32

from valaro.documents import parse_json
from valaro.errors import StoreError, words_for
from valaro.files import atomic_folder
from valaro.jsonfile import from_json
from valaro.limits import LIMITS
from valaro.records import FaceQuality, Problem, Utterance
from valaro.regular import read_regular
from valaro.store.checksum import canonical_json, checksum
from valaro.store.contents import Contents

FORMAT = "valaro shard 2"
INDEX = "index.json"
_FEATURE_NAME = re.compile(r"[\w-][\w.-]*")
LARGEST = float(np.finfo(np.float16).max)

Rows = Float16[np.ndarray, "t dim"]


class Source(NamedTuple):
    """What tells whether an utterance is still the one that was extracted: its recording and its stretch [s]."""

    media: str
    size: int
    """The recording's bytes, -1 where there is none."""
    start: float
    end: float | None
    region: tuple[float, float, float, float] | None
    voice: tuple[str, int, float] | None = None
    """The file that holds the sound if that is another one: its name, its bytes, where the stretch begins in it."""
    contents: tuple[str, str] = ("", "")
    """Checksums of the recording and of that file."""

    def is_unchanged(self, now: "Source") -> bool:
        """Return whether what was made from this still holds; a recording that is gone takes nothing back."""
        content, voice_content = now.contents
        if now.size < 0:
            now, content = now._replace(size=self.size), self.contents[0]
        if self.voice and now.voice and now.voice[1] < 0:
            voice = (now.voice[0], self.voice[1], now.voice[2])
            now, voice_content = now._replace(voice=voice), self.contents[1]
        return self == now._replace(contents=(content, voice_content))


class Block(NamedTuple):
    """What asking for one feature gave: `rows` of `dim` numbers with their checksum, or 0 rows where it failed."""

    name: str
    version: str
    rows: Annotated[int, Ge(0)] = 0
    dim: Annotated[int, Ge(0)] = 0
    checksum: str = ""


class Quality(NamedTuple):
    """A `FaceQuality` without the utterance that the entry names."""

    frames: int
    detected: int
    mean_absolute_yaw: float


class Reason(NamedTuple):
    """A `Problem` without the utterance that the entry names."""

    where: str
    why: str
    is_remark: bool = False
    is_absence: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An utterance in a shard: every feature that was asked for, how its face was seen, what went wrong."""

    utterance: str
    source: Source
    blocks: tuple[Block, ...]
    quality: Quality | None = None
    problems: tuple[Reason, ...] = ()

    @property
    def face_quality(self) -> FaceQuality | None:
        return self.quality and FaceQuality(utterance=self.utterance, **self.quality._asdict())

    def listed_problems(self) -> list[Problem]:
        return [Problem(utterance=self.utterance, **reason._asdict()) for reason in self.problems]


_Count = Annotated[int, Gt(0)]


@dataclass(frozen=True, kw_only=True)
class _Index:
    """What a shard's index says: its entries in the order of their rows, (rows, dim, bytes) of each feature's file."""

    entries: tuple[Entry, ...]
    sizes: dict[str, tuple[_Count, _Count, _Count]]


@dataclass(frozen=True, kw_only=True)
class Shard(_Index):
    """A shard on disk."""

    path: Path


def source_of(utterance: Utterance, contents: Contents) -> Source:
    """Look at the recording, so that a later run sees whether it is another one."""
    sound = utterance.sound
    size, content = contents.of(utterance.media)
    sound_size, sound_content = (-1, "") if sound is None else contents.of(sound)
    return Source(
        media=utterance.media.name,
        size=size,
        start=float(utterance.start),
        end=None if utterance.end is None else float(utterance.end),
        region=utterance.face_region,
        voice=None if sound is None else (sound.name, sound_size, float(utterance.sound_start)),
        contents=(content, sound_content),
    )


def half_precision(values: Float32[np.ndarray, "t dim"]) -> Rows:
    """Return finite values as they are stored; beyond the range of 16 bits they become its largest number."""
    return np.clip(values, -LARGEST, LARGEST).astype("<f2", order="C")


def checksum_rows(values: Rows) -> str:
    """Return the xxh3 checksum of the rows' bytes."""
    return xxhash.xxh3_64_hexdigest(np.ascontiguousarray(values).data.cast("B"))


def block_of(name: str, version: str, rows: Rows) -> Block:
    """Return what the index says of these rows."""
    return Block(name, version, rows.shape[0], rows.shape[1], checksum_rows(rows))


def shard_key(jobs: Iterable[tuple[Source, str, Sequence[tuple[str, str]]]]) -> str:
    """Return a shard's name from what was asked for: sources, ids, and features with their versions."""
    return checksum([source, utterance, asked] for source, utterance, asked in jobs)


class ShardWriter:
    """A shard under way in a folder aside: each row is written once, as its utterance comes."""

    def __init__(self, folder: Path, files: ExitStack) -> None:
        self._folder, self._files = folder, files
        self._entries: list[Entry] = []
        self._open: dict[str, tuple[BinaryIO, int]] = {}
        self._rows: Counter[str] = Counter()

    def append(self, entry: Entry, rows: Mapping[str, Rows]) -> None:
        """Add an utterance with the rows of each of its blocks that has some."""
        self._entries.append(entry)
        for block in entry.blocks:
            if block.rows:
                self._file(block).write(np.ascontiguousarray(rows[block.name]).data.cast("B"))
                self._rows[block.name] += block.rows

    def _file(self, block: Block) -> BinaryIO:
        if block.name not in self._open:
            file = self._files.enter_context((self._folder / f"{block.name}.npy").open("wb"))
            file.write(_header(0, block.dim))
            self._open[block.name] = file, block.dim
        file, dim = self._open[block.name]
        if dim != block.dim:
            dims = sorted({dim, block.dim})
            raise StoreError(f"feature '{block.name}' came in {dims} numbers a row in one shard, expected one width")
        return file

    def finish(self) -> None:
        """Write what is known last: how many rows each file has, and the index."""
        sizes: dict[str, tuple[int, int, int]] = {}
        for name, (file, dim) in self._open.items():
            sizes[name] = self._rows[name], dim, file.tell()
            file.seek(0)
            file.write(_header(self._rows[name], dim))
        body = canonical_json({"entries": [asdict(entry) for entry in self._entries], "sizes": sizes})
        head = canonical_json({"format": FORMAT, "checksum": xxhash.xxh3_64_hexdigest(body.encode())})
        (self._folder / INDEX).write_text(f"{head}\n{body}\n", encoding="utf-8")


@contextmanager
def new_shard(folder: Path, key: str) -> Generator[ShardWriter]:
    """Yield the writer of a shard called `key` in `folder`; it is there, whole, only when this has ended well."""
    with atomic_folder(folder / key) as aside, ExitStack() as files:
        writer = ShardWriter(aside, files)
        yield writer
        writer.finish()


def write_shard(folder: Path, entries: Sequence[Entry], rows_of: Callable[[Entry, Block], Rows]) -> Path:
    """Write a shard of `entries` into `folder` and return its path."""
    key = shard_key((e.source, e.utterance, [(b.name, b.version) for b in e.blocks]) for e in entries)
    with new_shard(folder, key) as shard:
        for entry in entries:
            shard.append(entry, {block.name: rows_of(entry, block) for block in entry.blocks if block.rows})
    return folder / key


def _header(rows: int, dim: int) -> bytes:
    """Return the first bytes of a file of so many rows; numpy pads them to one length for any number of rows."""
    text = io.BytesIO()
    np.lib.format.write_array_header_1_0(text, {"descr": "<f2", "fortran_order": False, "shape": (rows, dim)})
    return text.getvalue()


def read_shard(path: Path) -> Shard:
    """Read a shard's index alone, and check that its files have the right sizes."""
    try:
        index = read_regular(path / INDEX, LIMITS.most_json_bytes).decode("utf-8")
        head_text, body_text = index.splitlines()
        head = parse_json(head_text)
        if head["format"] != FORMAT:
            raise StoreError(f"{path}: of format '{head['format']}', expected '{FORMAT}'; extract into a new folder")
        if head["checksum"] != xxhash.xxh3_64_hexdigest(body_text.encode()):
            raise StoreError(f"{path / INDEX}: the checksum is wrong; delete the folder {path} and extract again")
        body: _Index = from_json(_Index, body_text, "the index")
        _check_sizes(body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = words_for(error)
        raise StoreError(f"{path}: a damaged shard ({why}); delete this folder and extract again") from None
    for name, (_, _, size) in body.sizes.items():
        file = path / f"{name}.npy"
        actual = file.stat().st_size if file.is_file() else 0
        if actual != size:
            raise StoreError(f"{file}: {actual} bytes, expected {size}; delete the folder {path} and extract again")
    return Shard(path=path, entries=body.entries, sizes=body.sizes)


def _check_sizes(index: _Index) -> None:
    """Check that each feature's file holds the rows of the blocks, two bytes a number, and lies inside the shard."""
    rows: Counter[str] = Counter()
    for block in (block for entry in index.entries for block in entry.blocks):
        if block.rows and (block.name not in index.sizes or index.sizes[block.name][1] != block.dim):
            raise ValueError(f"no file is said to hold the rows of '{block.name}', {block.dim} numbers each")
        rows[block.name] += block.rows
    for name, (count, dim, size) in index.sizes.items():
        if not _FEATURE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a feature")
        if count * dim * 2 > size:
            raise ValueError(f"the file of '{name}' is said to hold {count} x {dim} numbers in {size} bytes")
        if rows[name] != count:
            raise ValueError(f"the file of '{name}' is said to hold {count} rows, its entries {rows[name]}")


def map_rows(shard: Shard, name: str) -> Rows:
    """Map all rows of a feature in a shard, read-only."""
    file = shard.path / f"{name}.npy"
    shape = shard.sizes[name][:2]
    try:
        rows = np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise StoreError(
            f"{file}: cannot be read ({words_for(error)}); delete {shard.path} and extract again"
        ) from None
    if rows.shape != shape or rows.dtype != np.float16:
        raise StoreError(f"{file}: {rows.dtype} {rows.shape}, expected float16 {shape}; delete {shard.path}")
    # A plain array: slices of a memmap object cost four times as much. It keeps the mapping alive and read-only.
    return np.asarray(rows)


def spans(shard: Shard, name: str) -> Iterator[tuple[Entry, Block, int]]:
    """Yield each entry that has rows of a feature, with the block and its first row in the file."""
    start = 0
    for entry in shard.entries:
        for block in entry.blocks:
            if block.name == name and block.rows:
                yield entry, block, start
                start += block.rows


def drop_features(shard: Shard, stale: Collection[tuple[str, str]]) -> None:
    """Take (utterance, feature name) pairs out of a shard: it is written anew without them.

    It is removed only after the one without the pairs is in place, so a kill between the two loses nothing, and doing
    it again ends in the same files.
    """
    kept = [replace(e, blocks=tuple(b for b in e.blocks if (e.utterance, b.name) not in stale)) for e in shard.entries]
    kept = [entry for entry in kept if entry.blocks]
    if tuple(kept) == shard.entries:
        return
    if kept:
        write_shard(shard.path.parent, kept, partial(_whole_rows, shard))
    aside = shard.path.with_name(f".{shard.path.name}.retired.part")
    shard.path.replace(aside)
    shutil.rmtree(aside)


def _whole_rows(shard: Shard, entry: Entry, block: Block) -> Rows:
    start = next(first for other, _, first in spans(shard, block.name) if other.utterance == entry.utterance)
    rows = map_rows(shard, block.name)[start : start + block.rows]
    if checksum_rows(rows) != block.checksum:
        raise StoreError(f"{shard.path}: '{block.name}' of {entry.utterance} is damaged; delete this folder")
    return rows
