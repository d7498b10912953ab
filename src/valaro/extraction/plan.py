"""What an extraction into a store still has to do."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set

from valaro.records import Utterance
from valaro.store.shard import Shard, Source

SHARD_UTTERANCES = 16
"""Utterances a shard: a kill costs at most so many times the workers; a store has so many times fewer files."""

Versions = tuple[tuple[str, str], ...]
"""Features with their versions, sorted by name."""


def stale_pairs(
    shards: Sequence[Shard], sources: Mapping[str, Source], asked: Versions, *, retry_failed: bool
) -> Set[tuple[str, str]]:
    """Return the (utterance, feature) pairs that no longer hold: another recording, stretch or feature version.

    With `retry_failed` also all that is asked of an utterance of which anything asked failed.
    """
    versions = dict(asked)
    stale: set[tuple[str, str]] = set()
    for entry in (entry for shard in shards for entry in shard.entries if entry.utterance in sources):
        changed = not entry.source.is_unchanged(sources[entry.utterance])
        for block in entry.blocks:
            if changed or versions.get(block.name, block.version) != block.version:
                stale.add((entry.utterance, block.name))
            if retry_failed and block.name in versions and not block.rows:
                stale.update((entry.utterance, name) for name in versions)
    return stale


def plan_chunks(
    utterances: Sequence[Utterance], shards: Sequence[Shard], asked: Versions
) -> Iterator[tuple[tuple[Utterance, ...], Versions]]:
    """Yield the utterances of each shard to be written, in their order, and the features that they lack.

    Utterances that lack the same features are extracted together, so that a recording is decoded once for all. A
    killed run has done whole chunks, and what remains falls into the same chunks again: all but the last are full.
    """
    tried: dict[str, set[str]] = defaultdict(set)
    for entry in (entry for shard in shards for entry in shard.entries):
        tried[entry.utterance].update(block.name for block in entry.blocks)
    groups: dict[Versions, list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        known = tried.get(utterance.id, set[str]())
        missing = tuple((name, version) for name, version in asked if name not in known)
        if missing:
            groups[missing].append(utterance)
    for missing, group in groups.items():
        for first in range(0, len(group), SHARD_UTTERANCES):
            yield tuple(group[first : first + SHARD_UTTERANCES]), missing
