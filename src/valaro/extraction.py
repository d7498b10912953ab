"""From utterances to a feature store: what is done is skipped, what failed is listed."""

from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from valaro.errors import StoreError, ValaroError, all_at_once, words_for
from valaro.features.face_network import FaceNetwork, packaged_face_network, read_face_network
from valaro.files import remove_partials
from valaro.parallel.count import OnProgress
from valaro.parallel.outcome import Outcome
from valaro.parallel.processes import check_workers, run_jobs
from valaro.records import CorpusNote, Extracted, FeatureSequence, Problem, Utterance
from valaro.store.contents import Contents
from valaro.store.feature_store import SHARDS, read_shards, write_head
from valaro.store.lock import exclusive_lock
from valaro.store.networks import NETWORKS, forget_networks, keep_network, read_network
from valaro.store.plan import Chunk, Versions, plan_chunks, stale_pairs
from valaro.store.shard import (
    Block,
    Entry,
    Quality,
    Reason,
    Rows,
    Source,
    block_of,
    drop_features,
    half_precision,
    new_shard,
    shard_key,
    source_of,
)
from valaro.store.summary import ExtractionSummary, summarise

__all__ = ["ExtractOptions", "ExtractionSummary", "Extractor", "extract"]

Extractor = Callable[[Utterance, Sequence[str]], Extracted]

_DFACE = "dface"


@dataclass(frozen=True, kw_only=True)
class ExtractOptions:
    """What a caller of `extract` rarely says."""

    retry_failed: bool = False
    """Try once more what failed before."""
    on_progress: OnProgress | None = None
    """Hears how many utterances are done, how many were requested, and of how many done now nothing came out."""
    on_look: OnProgress | None = None
    """Hears before that how many recordings were looked at: the contents of every new one are read once."""
    extractor: Extractor | None = None
    """Stands for `valaro.recordings.extract_utterance`; workers must be able to import it."""
    versions: Mapping[str, str] | None = None
    """Versions of its features, for those of `valaro.features`."""


@dataclass(frozen=True, kw_only=True)
class ShardJob:
    """The utterances of one shard that is to be written: all that a worker, on whatever machine, needs for it."""

    chunk: Chunk
    sources: tuple[Source, ...]
    """One for each utterance."""
    store: Path
    """Where the shard goes, and where the network of `dface` lies: a copy, which no training can change meanwhile."""
    extractor: Extractor | None = None
    fatal: Mapping[str, str] = field(default_factory=dict[str, str])
    """Utterances that ended their processes before, and how: they are not tried."""


def extract(
    utterances: Sequence[Utterance],
    names: Sequence[str],
    *,
    to: Path,
    workers: int = 1,
    notes: Sequence[CorpusNote] = (),
    network: Path | None = None,
    options: ExtractOptions = ExtractOptions(),
) -> ExtractionSummary:
    """Extract features of utterances into the store `to`, made or continued; what it has already is not done again.

    Killed at any moment and started again, it ends in the same files byte for byte, with any number of `workers`. An
    utterance that fails is a `Problem`, tried again only on request or when its recording changes; a killed retry ends
    in the same rows, but may part them into other files. `network` is the file or run folder of the network behind
    `dface` (default: the one that the store has, else the packaged one); the store keeps a copy.
    """
    trained = _network(network, names, to)
    asked = _with_versions(names, options.versions, trained)
    _refuse_duplicates(utterances)
    check_workers(workers)
    with exclusive_lock(to, "extracts"), _swept(to):
        write_head(to, notes)
        sources = _sources(utterances, to, options.on_look)
        if trained is not None and _DFACE in dict(asked):
            keep_network(to, trained)
        shards = read_shards(to)
        stale = stale_pairs(shards, sources, asked, retry_failed=options.retry_failed)
        if stale:
            for shard in shards:
                drop_features(shard, stale)
            shards = read_shards(to)
        jobs = [
            ShardJob(
                chunk=chunk,
                sources=tuple(sources[utterance.id] for utterance in chunk.utterances),
                store=to,
                extractor=options.extractor,
            )
            for chunk in plan_chunks(utterances, shards, asked)
        ]
        skipped = len(utterances) - sum(len(job.chunk.utterances) for job in jobs)
        progress = _Progress(skipped, len(utterances), options.on_progress)
        if jobs:
            _write_shards(jobs, workers, progress)
            shards = read_shards(to)
        blocks = (block for shard in shards for entry in shard.entries for block in entry.blocks)
        forget_networks(to, {block.version for block in blocks if block.name == _DFACE})
        return summarise(shards, utterances, asked, skipped)


def _sources(utterances: Sequence[Utterance], store: Path, on_look: OnProgress | None) -> Mapping[str, Source]:
    """Look at each recording once, whatever number of utterances it holds."""
    contents = Contents(store)
    sources: dict[str, Source] = {}
    try:
        for utterance in utterances:
            sources[utterance.id] = source_of(utterance, contents)
            if on_look is not None:
                on_look(len(sources), len(utterances), 0)
        return sources
    finally:
        # What an interruption leaves is not read again.
        contents.keep()


def _network(path: Path | None, names: Sequence[str], store: Path) -> FaceNetwork | None:
    """Return the network at `path`; where `dface` is asked for without one, the store's own, or else the packaged one.

    A store that was made with a network of the user's must not be made anew with another by a forgotten name.
    """
    if path is None and _DFACE not in names:
        return None
    kept = [path] if path is not None else sorted((store / NETWORKS).glob("[!.]*"))
    if path is None and any(file.suffix == ".onnx" for file in kept):
        raise ValaroError(
            f"'{store}' holds dface that an older version of valaro computed: "
            "say with which network to compute it again with --features dface=RUN, or extract into another store"
        )
    if len(kept) > 1:
        raise ValaroError(f"'{store}' holds dface of {len(kept)} networks: say which with --features dface=RUN")
    return read_face_network(kept[0]) if kept else packaged_face_network()


def _with_versions(names: Sequence[str], versions: Mapping[str, str] | None, network: FaceNetwork | None) -> Versions:
    if not names:
        raise ValaroError("no feature is named, expected at least one")
    if versions is not None:
        return tuple((name, versions[name]) for name in sorted(set(names)))
    from valaro.features.table import feature_by_name

    return tuple((name, str(feature_by_name(name, network).version)) for name in sorted(set(names)))


def _refuse_duplicates(utterances: Sequence[Utterance]) -> None:
    if not utterances:
        raise ValaroError("nothing to extract: no utterance is given")
    by_id: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        by_id[utterance.id].append(utterance)
    faults = [
        f"{name}: {len(same)} times" + ("" if len(set(same)) == 1 else ", with different contents")
        for name, same in by_id.items()
        if len(same) > 1
    ]
    if faults:
        raise all_at_once("utterances given more than once (is a manifest named twice?)", faults)


@contextmanager
def _swept(store: Path) -> Generator[None]:
    """Clear away what a killed run, or its last worker, left half-written."""

    def sweep_all() -> None:
        remove_partials(store)
        remove_partials(store / SHARDS)
        remove_partials(store / NETWORKS)

    sweep_all()
    try:
        yield
    finally:
        sweep_all()


class _Progress:
    """Counts each utterance once, however often it is tried."""

    def __init__(self, skipped: int, total: int, on_progress: OnProgress | None) -> None:
        self._skipped, self._total, self._on_progress = skipped, total, on_progress
        self._seen: set[str] = set()
        self._failed = 0
        self._tell()

    def add(self, entry: Entry) -> None:
        if entry.utterance not in self._seen:
            self._seen.add(entry.utterance)
            self._failed += not any(block.rows for block in entry.blocks)
            self._tell()

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self._skipped + len(self._seen), self._total, self._failed)


def _write_shards(jobs: Sequence[ShardJob], workers: int, progress: _Progress) -> None:
    """Let workers write every shard; what takes its process with it is left out when its shard is tried again."""

    def on_part(_: int, entry: Entry) -> None:
        progress.add(entry)

    while jobs:
        again: list[ShardJob] = []
        run_jobs(
            write_one_shard,
            jobs,
            workers=workers,
            on_part=on_part,
            on_done=partial(_take_up, jobs, again),
        )
        jobs = again


def _take_up(jobs: Sequence[ShardJob], again: list[ShardJob], outcome: Outcome[Any]) -> None:
    """Note a shard to be tried again without the utterance at which its process died; other faults end the run."""
    if not outcome.error:
        return
    job = jobs[outcome.index]
    culprit = job.chunk.utterances[min(outcome.parts, len(job.chunk.utterances) - 1)].id
    if not outcome.died or culprit in job.fatal:  # no fault of the recording: the disk is full, a package is missing
        raise StoreError(f"extraction stopped at {culprit}: {outcome.error}")
    again.append(replace(job, fatal={**job.fatal, culprit: outcome.error}))


def write_one_shard(job: ShardJob) -> Iterator[Entry]:
    """Extract the utterances of a job, one after the other, into its shard; yield each one's entry."""
    extractor = job.extractor or _extractor_of(job)
    missing = job.chunk.missing
    asked = zip(job.sources, job.chunk.utterances, strict=True)
    key = shard_key((source, utterance.id, missing) for source, utterance in asked)
    with new_shard(job.store / SHARDS, key) as shard:
        for utterance, source in zip(job.chunk.utterances, job.sources, strict=True):
            fatal = job.fatal.get(utterance.id, "")
            extracted = _failed(utterance, fatal) if fatal else _attempt(extractor, utterance, missing)
            entry, rows = _entry(utterance.id, source, missing, extracted)
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
    from valaro.recordings import extract_utterance

    version = dict(job.chunk.missing).get(_DFACE)
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
