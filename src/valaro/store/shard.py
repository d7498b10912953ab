"""One shard: the features of a few utterances in a folder that is there whole or not at all."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from jaxtyping import Float16, Float32

from valaro.documents import parse_json
from valaro.errors import StoreError, words_for
from valaro.files import atomic_folder
from valaro.limits import LIMITS
from valaro.records import FaceQuality, Problem, Utterance
from valaro.regular import read_regular
from valaro.store.checksum import canonical_json, checksum
from valaro.store.contents import Contents

FORMAT = "valaro shard 2"
INDEX = "index.json"
_FEATURE_NAME = re.compile(r"[\w.-]+")
LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What tells whether an utterance is still the one that was extracted: its recording and its stretch [s].

    `size` is the recording's in bytes, -1 where there is none, and `content` its checksum.
    """

    media: str
    size: int
    start: float
    end: float | None
    region: tuple[float, float, float, float] | None
    voice: tuple[str, int, float] | None = None
    """The file that holds the sound if that is another one: its name, its bytes, where the stretch begins in it."""
    content: str = ""
    voice_content: str = ""

    def is_unchanged(self, now: "Source") -> bool:
        """Return whether what was made from this still holds; a recording that is gone takes nothing back."""
        gone = replace(now, size=self.size, content=self.content) if now.size < 0 else now
        if self.voice and gone.voice and gone.voice[1] < 0:
            gone = replace(gone, voice=(gone.voice[0], self.voice[1], gone.voice[2]), voice_content=self.voice_content)
        return self == gone


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """What asking for one feature gave: `rows` of `dim` numbers with their checksum, or 0 rows where it failed."""

    name: str
    version: str
    rows: int = 0
    dim: int = 0
    checksum: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An utterance in a shard: every feature that was asked for, how its face was seen, what went wrong."""

    utterance: str
    source: Source
    blocks: tuple[Block, ...]
    quality: FaceQuality | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """A shard on disk: its entries in the order of their rows, and (rows, dim, bytes) of each feature's file."""

    path: Path
    entries: tuple[Entry, ...]
    sizes: dict[str, tuple[int, int, int]]


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
        content=content,
        voice_content=sound_content,
    )


def half_precision(values: Float32[np.ndarray, "t dim"]) -> Float16[np.ndarray, "t dim"]:
    """Return finite values as they are stored; beyond the range of 16 bits they become its largest number."""
    return np.clip(values, -LARGEST, LARGEST).astype("<f2", order="C")


def checksum_rows(values: Float16[np.ndarray, "t dim"]) -> str:
    """Return the xxh3 checksum of the rows' bytes."""
    return xxhash.xxh3_64_hexdigest(np.ascontiguousarray(values).data.cast("B"))


def shard_key(jobs: Iterable[tuple[Source, str, Sequence[tuple[str, str]]]]) -> str:
    """Return a shard's name from what was asked for: sources, ids, and features with their versions."""
    return checksum([_source_to_json(source), utterance, [*map(list, asked)]] for source, utterance, asked in jobs)


def write_shard(
    folder: Path, entries: Sequence[Entry], rows_of: Callable[[Entry, Block], Float16[np.ndarray, "t dim"]]
) -> Path:
    """Write a shard of `entries` into `folder`, whole or not at all, and return its path."""
    asked = ((entry.source, entry.utterance, [(b.name, b.version) for b in entry.blocks]) for entry in entries)
    path = folder / shard_key(asked)
    names = sorted({block.name for entry in entries for block in entry.blocks if block.rows})
    with atomic_folder(path) as aside:
        sizes = {name: _write_rows(aside / f"{name}.npy", entries, name, rows_of) for name in names}
        body = canonical_json({"entries": [_entry_to_json(entry) for entry in entries], "sizes": sizes})
        seal = xxhash.xxh3_64_hexdigest(body.encode())
        head = canonical_json({"format": FORMAT, "checksum": seal})
        (aside / INDEX).write_text(f"{head}\n{body}\n", encoding="utf-8")
    return path


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
        body = parse_json(body_text)
        entries = tuple(_entry_from_json(entry) for entry in body["entries"])
        sizes = {name: (rows, dim, size) for name, (rows, dim, size) in body["sizes"].items()}
        _check_sizes(entries, sizes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = words_for(error)
        raise StoreError(f"{path}: a damaged shard ({why}); delete this folder and extract again") from None
    for name, (_, _, size) in sizes.items():
        file = path / f"{name}.npy"
        found = file.stat().st_size if file.is_file() else 0
        if found != size:
            raise StoreError(f"{file}: {found} bytes, expected {size}; delete the folder {path} and extract again")
    return Shard(path=path, entries=entries, sizes=sizes)


def _check_sizes(entries: Sequence[Entry], sizes: Mapping[str, tuple[int, int, int]]) -> None:
    """Check that each feature's file holds the rows of the blocks, two bytes a number, and lies inside the shard."""
    if not all(isinstance(entry.utterance, str) for entry in entries):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError("an utterance's name is no text")
    rows: Counter[str] = Counter()
    for block in (block for entry in entries for block in entry.blocks):
        if type(block.rows) is not int or type(block.dim) is not int or block.rows < 0:
            raise ValueError(f"'{block.name}' has {block.rows!r} rows of {block.dim!r} numbers")
        if block.rows and (block.name not in sizes or sizes[block.name][1] != block.dim):
            raise ValueError(f"no file is said to hold the rows of '{block.name}', {block.dim} numbers each")
        rows[block.name] += block.rows
    for name, (count, dim, size) in sizes.items():
        if not _FEATURE_NAME.fullmatch(name) or name.startswith("."):
            raise ValueError(f"{name!r} is no name of a feature")
        if not all(type(number) is int and number > 0 for number in (count, dim, size)) or count * dim * 2 > size:
            raise ValueError(f"the file of '{name}' is said to hold {count!r} x {dim!r} numbers in {size!r} bytes")
        if rows[name] != count:
            raise ValueError(f"the file of '{name}' is said to hold {count!r} rows, its entries {rows[name]}")


def map_rows(shard: Shard, name: str) -> Float16[np.ndarray, "t dim"]:
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


def _write_rows(
    file: Path,
    entries: Sequence[Entry],
    name: str,
    rows_of: Callable[[Entry, Block], Float16[np.ndarray, "t dim"]],
) -> tuple[int, int, int]:
    blocks = [(entry, block) for entry in entries for block in entry.blocks if block.name == name and block.rows]
    dims = sorted({block.dim for _, block in blocks})
    if len(dims) > 1:
        raise StoreError(f"feature '{name}' came in {dims} numbers a row in one shard, expected one width")
    shape = (sum(block.rows for _, block in blocks), dims[0])
    with file.open("wb") as handle:
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)
        for entry, block in blocks:
            rows = rows_of(entry, block)
            if rows.shape != (block.rows, block.dim):
                raise StoreError(f"{entry.utterance}, '{name}': rows {rows.shape}, expected {block.rows, block.dim}")
            handle.write(np.ascontiguousarray(rows).data.cast("B"))
        return *shape, handle.tell()


def _source_to_json(source: Source) -> list[Any]:
    region, voice = source.region and list(source.region), source.voice and list(source.voice)
    contents = [source.content, source.voice_content]
    return [source.media, source.size, source.start, source.end, region, voice, contents]


def _entry_to_json(entry: Entry) -> dict[str, Any]:
    quality = entry.quality
    return {
        "utterance": entry.utterance,
        "source": _source_to_json(entry.source),
        "blocks": [[block.name, block.version, block.rows, block.dim, block.checksum] for block in entry.blocks],
        "quality": quality and [quality.frames, quality.found, quality.mean_absolute_yaw],
        "problems": [
            [problem.where, problem.why, *([True] if problem.is_remark else ["absence"] if problem.is_absence else [])]
            for problem in entry.problems
        ],
    }


def _entry_from_json(body: dict[str, Any]) -> Entry:
    media, size, start, end, region, voice, (content, voice_content) = body["source"]
    name, quality = body["utterance"], body["quality"]
    return Entry(
        utterance=name,
        source=Source(
            media=media,
            size=size,
            start=start,
            end=end,
            region=region and tuple(region),
            voice=voice and tuple(voice),
            content=content,
            voice_content=voice_content,
        ),
        blocks=tuple(
            Block(name=feature, version=version, rows=rows, dim=dim, checksum=seal)
            for feature, version, rows, dim, seal in body["blocks"]
        ),
        quality=quality
        and FaceQuality(utterance=name, frames=quality[0], found=quality[1], mean_absolute_yaw=quality[2]),
        problems=tuple(
            Problem(utterance=name, where=where, why=why, is_remark=kind == [True], is_absence=kind == ["absence"])
            for where, why, *kind in body["problems"]
        ),
    )
