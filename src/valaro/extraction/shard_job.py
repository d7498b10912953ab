"""What a worker does: the utterances of one shard become that shard."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from valaro.errors import words_for
from valaro.extraction.plan import Versions
from valaro.features.face_network import NETWORK_FEATURES
from valaro.records import Extracted, FeatureSequence, Problem, Utterance
from valaro.store.feature_store import SHARDS
from valaro.store.networks import read_network
from valaro.store.shard import (
    Block,
    Entry,
    Quality,
    Reason,
    Rows,
    Source,
    block_of,
    half_precision,
    new_shard,
    shard_key,
)

Extractor = Callable[[Utterance, Sequence[str]], Extracted]


@dataclass(frozen=True, kw_only=True)
class ShardJob:
    """The utterances of one shard that is to be written: all that a worker, on whatever machine, needs for it."""

    utterances: tuple[Utterance, ...]
    missing: Versions
    """The features that each of them lacks."""
    sources: tuple[Source, ...]
    """One for each utterance."""
    store: Path
    """Where the shard goes, and where the network of faces lies: a copy, which no training can change meanwhile."""
    extractor: Extractor | None = None
    fatal: Mapping[str, str] = field(default_factory=dict[str, str])
    """Utterances that ended their processes before, and how: they are not tried."""


def write_one_shard(job: ShardJob) -> Iterator[Entry]:
    """Extract the utterances of a job, one after the other, into its shard; yield each one's entry."""
    extractor = job.extractor or _extractor_of(job)
    pairs = list(zip(job.utterances, job.sources, strict=True))
    key = shard_key((source, utterance.id, job.missing) for utterance, source in pairs)
    with new_shard(job.store / SHARDS, key) as shard:
        for utterance, source in pairs:
            fatal = job.fatal.get(utterance.id, "")
            extracted = _failed(utterance, fatal) if fatal else _attempt(extractor, utterance, job.missing)
            entry, rows = _entry(utterance.id, source, job.missing, extracted)
            shard.append(entry, rows)
            yield entry


def _attempt(extractor: Extractor, utterance: Utterance, missing: Versions) -> Extracted:
    try:
        return extractor(utterance, [name for name, _ in missing])
    except Exception as error:  # noqa: BLE001  (bad data is a row, never a crash)
        return _failed(utterance, words_for(error))


def _failed(utterance: Utterance, why: str) -> Extracted:
    return Extracted(features=(), problems=(Problem(utterance=utterance.id, where="extraction", why=why),))


def _entry(utterance: str, source: Source, missing: Versions, extracted: Extracted) -> tuple[Entry, Mapping[str, Rows]]:
    """Return what the shard says of an utterance, and its rows by feature."""
    sequences = {sequence.name: sequence for sequence in extracted.features}
    problems = [Reason(p.where, p.why, p.is_remark, p.is_absence) for p in extracted.problems]
    blocks: list[Block] = []
    rows: dict[str, Rows] = {}
    for name, version in missing:
        fault = _fault(sequences.get(name))
        if fault and (name in sequences or all(problem.is_remark for problem in problems)):
            problems.append(Reason(name, fault))
        if fault:
            blocks.append(Block(name, version))
        else:
            rows[name] = half_precision(sequences[name].values)
            blocks.append(block_of(name, version, rows[name]))
    seen = extracted.quality
    quality = seen and Quality(seen.frames, seen.detected, seen.mean_absolute_yaw)
    entry = Entry(utterance=utterance, source=source, blocks=tuple(blocks), quality=quality, problems=tuple(problems))
    return entry, rows


def _extractor_of(job: ShardJob) -> Extractor:
    # Late: a caller with an extractor of its own, and the parent of all workers, need no decoder.
    from valaro.recordings import extract_utterance

    version = next((version for name, version in job.missing if name in NETWORK_FEATURES), None)
    # Outside of what becomes a Problem: a network that cannot be read is no fault of a recording.
    return partial(extract_utterance, network=None if version is None else read_network(job.store, version))


def _fault(sequence: FeatureSequence | None) -> str:
    """Return why a sequence cannot be stored, or nothing."""
    if sequence is None:
        return "nothing came out, for no reason given"
    if sequence.values.size == 0:
        return "no rows came out"
    bad = ~np.isfinite(sequence.values).all(axis=1)
    return f"{int(bad.sum())} rows hold numbers that are not finite, first row {int(bad.argmax())}" if bad.any() else ""
