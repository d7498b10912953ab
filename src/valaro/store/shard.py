"""One shard: the features of a few utterances in a folder that is there whole or not at all."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from jaxtyping import Float16, Float32

from valaro.errors import StoreError
from valaro.files import whole_folder
from valaro.records import FaceQuality, Problem, Utterance
from valaro.store.checksum import canonical_json, checksum

FORMAT = "valaro shard 1"
INDEX = "index.json"
LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What tells whether an utterance is still the one that was extracted: its recording and its stretch [s].

    `size` is the recording's in bytes, -1 where there is none.
    """

    media: str
    size: int
    start: float
    end: float | None
    region: tuple[float, float, float, float] | None
    voice: tuple[str, int, float] | None = None
    """The file that holds the sound if that is another one: its name, its bytes, where the stretch begins in it."""

    def is_unchanged(self, now: "Source") -> bool:
        """Return whether what was made from this still holds; a recording that is gone takes nothing back."""
        gone = replace(now, size=self.size) if now.size < 0 else now
        if self.voice and gone.voice and gone.voice[1] < 0:
            gone = replace(gone, voice=(gone.voice[0], self.voice[1], gone.voice[2]))
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


def source_of(utterance: Utterance) -> Source:
    """Look at the recording, so that a later run sees whether it is another one."""
    sound = utterance.sound
    return Source(
        media=utterance.media.name,
        size=_bytes_of(utterance.media),
        start=float(utterance.start),
        end=None if utterance.end is None else float(utterance.end),
        region=utterance.face_region,
        voice=None if sound is None else (sound.name, _bytes_of(sound), float(utterance.sound_start)),
    )


def _bytes_of(recording: Path) -> int:
    try:
        return recording.stat().st_size
    except OSError:
        return -1


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
    with whole_folder(path) as aside:
        sizes = {name: _write_rows(aside / f"{name}.npy", entries, name, rows_of) for name in names}
        body = canonical_json({"entries": [_entry_to_json(entry) for entry in entries], "sizes": sizes})
        seal = xxhash.xxh3_64_hexdigest(body.encode())
        head = canonical_json({"format": FORMAT, "checksum": seal})
        (aside / INDEX).write_text(f"{head}\n{body}\n", encoding="utf-8")
    return path


def read_shard(path: Path) -> Shard:
    """Read a shard's index alone, and check that its files have the right sizes."""
    try:
        head_text, body_text = (path / INDEX).read_text(encoding="utf-8").splitlines()
        head = json.loads(head_text)
        if head["format"] != FORMAT:
            raise StoreError(f"{path}: of format '{head['format']}', expected '{FORMAT}'; extract into a new folder")
        if head["checksum"] != xxhash.xxh3_64_hexdigest(body_text.encode()):
            raise StoreError(f"{path / INDEX}: the checksum is wrong; delete the folder {path} and extract again")
        body = json.loads(body_text)
        entries = tuple(_entry_from_json(entry) for entry in body["entries"])
        sizes = {name: (rows, dim, size) for name, (rows, dim, size) in body["sizes"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: a damaged shard ({error}); delete this folder and extract again") from None
    for name, (_, _, size) in sizes.items():
        file = path / f"{name}.npy"
        found = file.stat().st_size if file.is_file() else 0
        if found != size:
            raise StoreError(f"{file}: {found} bytes, expected {size}; delete the folder {path} and extract again")
    return Shard(path=path, entries=entries, sizes=sizes)


def map_rows(shard: Shard, name: str) -> Float16[np.ndarray, "t dim"]:
    """Map all rows of a feature in a shard, read-only."""
    file = shard.path / f"{name}.npy"
    shape = shard.sizes[name][:2]
    try:
        rows = np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise StoreError(f"{file}: cannot be read ({error}); delete {shard.path} and extract again") from None
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
    return [source.media, source.size, source.start, source.end, region, *([voice] if voice else [])]


def _entry_to_json(entry: Entry) -> dict[str, Any]:
    quality = entry.quality
    return {
        "utterance": entry.utterance,
        "source": _source_to_json(entry.source),
        "blocks": [[block.name, block.version, block.rows, block.dim, block.checksum] for block in entry.blocks],
        "quality": quality and [quality.frames, quality.found, quality.mean_absolute_yaw],
        "problems": [
            [problem.where, problem.why, *([True] if problem.is_remark else [])] for problem in entry.problems
        ],
    }


def _entry_from_json(body: dict[str, Any]) -> Entry:
    media, size, start, end, region, *voice = body["source"]
    name, quality = body["utterance"], body["quality"]
    return Entry(
        utterance=name,
        source=Source(
            media=media,
            size=size,
            start=start,
            end=end,
            region=region and tuple(region),
            voice=tuple(voice[0]) if voice else None,
        ),
        blocks=tuple(
            Block(name=feature, version=version, rows=rows, dim=dim, checksum=seal)
            for feature, version, rows, dim, seal in body["blocks"]
        ),
        quality=quality
        and FaceQuality(utterance=name, frames=quality[0], found=quality[1], mean_absolute_yaw=quality[2]),
        problems=tuple(
            Problem(utterance=name, where=where, why=why, is_remark=bool(remark))
            for where, why, *remark in body["problems"]
        ),
    )
