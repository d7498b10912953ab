"""From utterances to a feature store: what is done is skipped, what failed is listed."""

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from valaro.errors import StoreError, ValaroError, all_at_once
from valaro.extraction.plan import Versions, plan_chunks, stale_pairs
from valaro.extraction.shard_job import Extractor, ShardJob, write_one_shard
from valaro.extraction.summary import ExtractionSummary, summarise
from valaro.features.face_network import NETWORK_FEATURES, FaceNetwork, packaged_face_network, read_face_network
from valaro.files import remove_partials
from valaro.parallel.count import Count, OnProgress
from valaro.parallel.outcome import Outcome
from valaro.parallel.processes import check_workers, run_jobs
from valaro.records import CorpusNote, Utterance
from valaro.store.contents import Contents
from valaro.store.feature_store import SHARDS, read_shards, write_head
from valaro.store.lock import exclusive_lock
from valaro.store.networks import NETWORKS, forget_networks, keep_network
from valaro.store.shard import Entry, Shard, Source, drop_features, source_of


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
    `dface` and `expressions` (default: the one that the store has, else the packaged one); the store keeps a copy.
    """
    trained = _network(network, names, to)
    asked = _with_versions(names, options.versions, trained)
    _refuse_duplicates(utterances)
    check_workers(workers)
    with exclusive_lock(to, "extracts"), _swept(to):
        write_head(to, notes)
        sources = _sources(utterances, to, options.on_look)
        if trained is not None and not NETWORK_FEATURES.isdisjoint(dict(asked)):
            keep_network(to, trained)
        shards = _without_stale(to, sources, asked, retry_failed=options.retry_failed)
        jobs = [
            ShardJob(
                utterances=chunk,
                missing=missing,
                sources=tuple(sources[utterance.id] for utterance in chunk),
                store=to,
                extractor=options.extractor,
            )
            for chunk, missing in plan_chunks(utterances, shards, asked)
        ]
        skipped = len(utterances) - sum(len(job.utterances) for job in jobs)
        count = Count(total=len(utterances), done=skipped, on_progress=options.on_progress)
        if jobs:
            _write_shards(jobs, workers, count)
            shards = read_shards(to)
        blocks = (block for shard in shards for entry in shard.entries for block in entry.blocks)
        forget_networks(to, {block.version for block in blocks if block.name in NETWORK_FEATURES})
        return summarise(shards, utterances, asked, skipped)


def _without_stale(
    store: Path, sources: Mapping[str, Source], asked: Versions, *, retry_failed: bool
) -> tuple[Shard, ...]:
    """Take out of a store what no longer holds, and return its shards."""
    shards = read_shards(store)
    stale = stale_pairs(shards, sources, asked, retry_failed=retry_failed)
    for shard in shards if stale else ():
        drop_features(shard, stale)
    return read_shards(store) if stale else shards


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
    """Return the network of faces at `path`; where one is needed and not named, the store's own, else the packaged one.

    A store that was made with a network of the user's must not be made anew with another by a forgotten name.
    """
    if path is None and NETWORK_FEATURES.isdisjoint(names):
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
    folders = (store, store / SHARDS, store / NETWORKS)
    for folder in folders:
        remove_partials(folder)
    try:
        yield
    finally:
        for folder in folders:
            remove_partials(folder)


def _write_shards(jobs: Sequence[ShardJob], workers: int, count: Count) -> None:
    """Let workers write every shard; what takes its process with it is left out when its shard is tried again."""
    seen: set[str] = set()

    def on_part(_: int, entry: Entry) -> None:
        if entry.utterance not in seen:
            seen.add(entry.utterance)
            count.step(failed=not any(block.rows for block in entry.blocks))

    while jobs:
        again: list[ShardJob] = []
        on_done = partial(_take_up, jobs, again)
        run_jobs(write_one_shard, jobs, workers=workers, on_part=on_part, on_done=on_done)
        jobs = again


def _take_up(jobs: Sequence[ShardJob], again: list[ShardJob], outcome: Outcome[Any]) -> None:
    """Note a shard to be tried again without the utterance at which its process died; other faults end the run."""
    if not outcome.error:
        return
    job = jobs[outcome.index]
    culprit = job.utterances[min(outcome.parts, len(job.utterances) - 1)].id
    if not outcome.died or culprit in job.fatal:  # no fault of the recording: the disk is full, a package is missing
        raise StoreError(f"extraction stopped at {culprit}: {outcome.error}")
    again.append(replace(job, fatal={**job.fatal, culprit: outcome.error}))
