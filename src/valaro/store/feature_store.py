"""The feature store: all shards of a folder behind the ids of their utterances."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float16

from valaro.documents import read_json
from valaro.errors import StoreError, all_at_once, words_for
from valaro.features.face_network import NETWORK_FEATURES, FaceNetwork
from valaro.files import write_text
from valaro.records import CorpusNote, FaceQuality, Problem
from valaro.regular import why_no_folder
from valaro.store.checksum import canonical_json, checksum
from valaro.store.networks import read_network
from valaro.store.shard import Block, Shard, checksum_rows, map_rows, read_shard, spans

FORMAT = "valaro feature store 1"
HEAD = "store.json"
SHARDS = "shards"
_MAPS_AT_ONCE = 8192
"""A process may hold some 65,000 mappings: a store of a million utterances has more shards than that."""


class _Span(NamedTuple):
    """Where the rows of a block lie."""

    shard: int
    start: int
    block: Block


class FeatureStore:
    """Features of utterances by id and feature name, memory-mapped; opening reads only the shards' small indexes."""

    def __init__(self, path: Path, notes: tuple[CorpusNote, ...], shards: Iterable[Shard]) -> None:
        self.path = path
        self.notes = notes
        self._spans: dict[str, dict[str, _Span]] = {}
        self._shards: list[Shard] = []
        self._maps: dict[tuple[int, str], np.ndarray] = {}
        problems: set[Problem] = set()
        qualities: dict[str, FaceQuality] = {}
        for shard in shards:
            self._add_spans(shard)
            for entry in shard.entries:
                problems.update(entry.listed_problems())
                if entry.face_quality:
                    qualities.setdefault(entry.utterance, entry.face_quality)
            # The entries of a large corpus are a million objects, of which nothing more is needed.
            self._shards.append(replace(shard, entries=()))
        self.names = tuple(sorted(self._spans))
        self.ids = tuple(sorted(set().union(*self._spans.values())))
        self.problems: tuple[Problem, ...] = tuple(sorted(problems, key=attrgetter("utterance", "where", "why")))
        self.qualities: tuple[FaceQuality, ...] = tuple(qualities[name] for name in sorted(qualities))

    @classmethod
    def open(cls, path: str | Path) -> "FeatureStore":
        """Open a store; what a killed extraction left half-written is not seen. Sizes are checked, contents are not."""
        path = Path(path)
        store = cls(path, read_notes(path), _iterate_shards(path))
        for name in store.names:
            blocks = [span.block for span in store._spans[name].values()]
            dims, versions = sorted({block.dim for block in blocks}), sorted({block.version for block in blocks})
            if len(dims) > 1 or len(versions) > 1:
                raise StoreError(
                    f"{path}: feature '{name}' is there in {dims} numbers a row and versions {', '.join(versions)}, "
                    "expected one: extract every manifest into it again, or use a new folder"
                )
        return store

    def __reduce__(self) -> tuple[object, ...]:
        return FeatureStore.open, (self.path,)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, utterance: object) -> bool:
        return any(utterance in spans for spans in self._spans.values())

    def has(self, utterance: str, name: str) -> bool:
        """Return whether the store holds this feature of the utterance."""
        return utterance in self._spans.get(name, {})

    def missing(self, utterances: Iterable[str], names: Sequence[str]) -> tuple[str, ...]:
        """Return the utterances that lack at least one of the features, in the order given."""
        return tuple(utterance for utterance in utterances if not all(self.has(utterance, name) for name in names))

    def length(self, utterance: str) -> int:
        """Return the rows (1/100 s each) that all stored features of the utterance have."""
        rows = [spans[utterance].block.rows for spans in self._spans.values() if utterance in spans]
        if not rows:
            raise self._absence_of(utterance, "")
        return min(rows)

    def dim(self, name: str) -> int:
        """Return the numbers a row of a feature."""
        return self._first_block(name).dim

    def version(self, name: str) -> str:
        """Return the version of the feature that computed what is stored under `name`."""
        return self._first_block(name).version

    def _first_block(self, name: str) -> Block:
        if name not in self._spans:
            raise self._absence_of("", name)
        return next(iter(self._spans[name].values())).block

    def network(self, name: str) -> FaceNetwork | None:
        """Return the network that computed a feature, from the store's own copy; None: it needs none.

        Raises:
            StoreError: the copy is gone or damaged.
        """
        return read_network(self.path, self.version(name)) if name in NETWORK_FEATURES else None

    def values(self, utterance: str, name: str) -> Float16[np.ndarray, "t dim"]:
        """Return a feature of an utterance: a read-only view into the mapped file, row k at k / 100 s."""
        try:
            shard, start, block = self._spans[name][utterance]
        except KeyError:
            raise self._absence_of(utterance, name) from None
        return self._mapped(shard, name)[start : start + block.rows]

    @property
    def fingerprint(self) -> str:
        """The checksum of every stored row under its name, whatever shard it lies in."""
        return checksum(
            [name, utterance, block.version, block.rows, block.dim, block.checksum]
            for name in self.names
            for utterance, (_, _, block) in sorted(self._spans[name].items(), key=itemgetter(0))
        )

    def verify(self, utterances: Iterable[str] | None = None, names: Iterable[str] | None = None) -> None:
        """Read these utterances and features (None: all) and compare them with their checksums.

        Raises:
            StoreError: it names all that is damaged.
        """
        chosen = None if utterances is None else frozenset(utterances)
        damaged: dict[Path, list[str]] = {}
        for name in self.names if names is None else names:
            for utterance, span in self._spans[name].items():
                is_asked = chosen is None or utterance in chosen
                if is_asked and checksum_rows(self.values(utterance, name)) != span.block.checksum:
                    damaged.setdefault(self._shards[span.shard].path, []).append(f"{utterance}, feature '{name}'")
        if damaged:
            heading = f"{self.path}: rows are damaged in these shards; delete their folders and extract again"
            more = {path: f" and {len(cases) - 1} more" if len(cases) > 1 else "" for path, cases in damaged.items()}
            shards = [f"{path}: {cases[0]}{more[path]}" for path, cases in damaged.items()]
            raise StoreError(str(all_at_once(heading, shards)))

    def _add_spans(self, shard: Shard) -> None:
        """Note where the rows of a shard lie; of two copies (a move was killed) the first counts."""
        for name in shard.sizes:
            by_id = self._spans.setdefault(name, {})
            for entry, block, start in spans(shard, name):
                by_id.setdefault(entry.utterance, _Span(len(self._shards), start, block))

    def _mapped(self, shard: int, name: str) -> np.ndarray:
        mapped = self._maps.get((shard, name))
        if mapped is None:
            if len(self._maps) >= _MAPS_AT_ONCE:
                self._maps.pop(next(iter(self._maps)))
            mapped = self._maps[shard, name] = map_rows(self._shards[shard], name)
        return mapped

    def _absence_of(self, utterance: str, name: str) -> StoreError:
        if name and name not in self._spans:
            names = ", ".join(self.names) or "none"
            return StoreError(f"{self.path} has no feature '{name}'; it has: {names}. `valaro extract` adds one")
        near = get_close_matches(utterance, self.ids, n=1)
        hint = f"; did you mean '{near[0]}'?" if near and near[0] != utterance else ""
        reasons = "; ".join(f"{p.where}: {p.why}" for p in self.problems if p.utterance == utterance)
        what = f"feature '{name}' of utterance '{utterance}'" if name else f"utterance '{utterance}'"
        return StoreError(f"{self.path} has no {what}{hint or (f' ({reasons})' if reasons else '')}")


def _iterate_shards(store: Path) -> Iterator[Shard]:
    """Read the indexes of all whole shards, in the order of their names."""
    folder = store / SHARDS
    if folder.is_dir():
        yield from (read_shard(path) for path in sorted(folder.iterdir()) if not path.name.startswith("."))


def read_shards(store: Path) -> tuple[Shard, ...]:
    """Return all whole shards with their entries, for those who change a store."""
    return tuple(_iterate_shards(store))


def read_notes(store: Path) -> tuple[CorpusNote, ...]:
    """Read what pages made from a store must say, having checked that it is a store."""
    head = store / HEAD
    if not head.is_file():
        raise StoreError(
            f"{store}: {why_no_folder(store) or 'it is no feature store'}, expected one made by `valaro extract`"
        )
    try:
        body = read_json(head)
        version, notes = body["format"], tuple(map(CorpusNote.from_row, body["notes"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{head}: damaged ({words_for(error)}), expected '{FORMAT}'") from None
    if version != FORMAT:
        raise StoreError(f"{head}: of format '{version}', expected '{FORMAT}'; extract into a new folder")
    return notes


def write_head(store: Path, notes: Iterable[CorpusNote]) -> None:
    """Make `store` a feature store with these notes beside those it has; without a change nothing is written."""
    known = set(read_notes(store)) if (store / HEAD).is_file() else None
    if known is None and store.is_dir() and any(not path.name.startswith(".") for path in store.iterdir()):
        raise StoreError(f"{store}: holds other files but is no feature store, expected a new or empty folder")
    wanted = (known or set()) | set(notes)
    if wanted != known:
        body = {"format": FORMAT, "notes": sorted(note.row for note in wanted)}
        write_text(store / HEAD, canonical_json(body) + "\n")
