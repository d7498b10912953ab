"""Taking features out of a store: shards are written anew without them."""

import shutil
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float16

from valaro.errors import StoreError
from valaro.store.shard import Block, Entry, Shard, checksum_rows, map_rows, spans, write_shard


def drop_features(folder: Path, shards: Sequence[Shard], stale: Collection[tuple[str, str]]) -> None:
    """Take (utterance, feature name) pairs out of the shards in `folder`.

    A shard is removed only after the one without the pairs is in place, so a kill between the two loses nothing, and
    doing it again ends in the same files.
    """
    for shard in shards:
        kept = tuple(entry for entry in (_without(entry, stale) for entry in shard.entries) if entry.blocks)
        if kept == shard.entries:
            continue
        if kept:
            write_shard(folder, kept, partial(_rows, shard))
        aside = shard.path.with_name(f".{shard.path.name}.retired.part")
        shard.path.replace(aside)
        shutil.rmtree(aside)


def _without(entry: Entry, stale: Collection[tuple[str, str]]) -> Entry:
    return replace(entry, blocks=tuple(block for block in entry.blocks if (entry.utterance, block.name) not in stale))


def _rows(shard: Shard, entry: Entry, block: Block) -> Float16[np.ndarray, "t dim"]:
    for there, found, start in spans(shard, block.name):
        if there.utterance == entry.utterance:
            rows = map_rows(shard, block.name)[start : start + found.rows]
            if checksum_rows(rows) != block.checksum:
                raise StoreError(f"{shard.path}: '{block.name}' of {entry.utterance} is damaged; delete this folder")
            return rows
    raise StoreError(f"{shard.path}: no '{block.name}' of {entry.utterance}; delete this folder and extract again")
