"""From utterances to a feature store: what is done is skipped, what failed is listed."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float16

from valaro.errors import StoreError, ValaroError, all_at_once, words_for
from valaro.features.face_network import FaceNetwork, packaged_face_network, read_face_network
from valaro.files import remove_partials
from valaro.parallel.count import OnProgress
from valaro.parallel.outcome import Outcome
from valaro.parallel.processes import check_workers, run_jobs
from valaro.records import CorpusNote, Extracted, FeatureSequence, Problem, Utterance
from valaro.store.contents import Contents
from valaro.store.drop_features import drop_features
from valaro.store.feature_store import SHARDS, read_shards, write_head
from valaro.store.lock import exclusive_lock
from valaro.store.networks import NETWORKS, forget_networks, keep_network, read_network
from valaro.store.plan import Chunk, Versions, plan_chunks, stale_pairs
from valaro.store.shard import (
    Block,
    Entry,
    Source,
    checksum_rows,
    half_precision,
    source_of,
    write_shard,
)
from valaro.store.summary import ExtractionSummary, summarise

__all__ = ["ExtractionSummary", "Extractor", "extract"]

Extractor = Callable[[Utterance, Sequence[str]], Extracted]

_DFACE = "dface"


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One utterance to extract; its rows wait at `scratch` (and the feature's name) until their shard is whole."""

    utterance: Utterance
    source: Source
    missing: Versions
    scratch: Path
    extractor: Extractor | None
    store: Path
    """Where a worker finds the network of `dface`: the store's own copy, which no training can change meanwhile."""


def extract(
    utterances: Sequence[Utterance],
    names: Sequence[str],
    *,
    to: Path,
    workers: int = 1,
    notes: Sequence[CorpusNote] = (),
    on_progress: OnProgress | None = None,
    on_look: OnProgress | None = None,
    retry_failed: bool = False,
    extractor: Extractor | None = None,
    versions: Mapping[str, str] | None = None,
    network: Path | None = None,
) -> ExtractionSummary:
    """Extract features of utterances into the store `to`, made or continued; what it has already is not done again.

    Killed at any moment and started again, it ends in the same files byte for byte, with any number of `workers`. An
    utterance that fails is a `Problem`, tried again only with `retry_failed` or when its recording changes; a killed
    retry ends in the same rows, but may part them into other files. `on_progress` is told how many utterances are done,
    how many were requested, and of how many of those done now nothing came out, and `on_look` before that, since the
    contents of every recording that is new here are read once. `extractor` and the `versions` of its features are those
    of `valaro.recordings` and `valaro.features` if not given. `network` is the file or run folder of the network behind
    `dface` (default: the one that the store has, else the packaged one); the store keeps a copy.
    """
    trained = _network(network, names, to)
    asked = _with_versions(names, versions, trained)
    _refuse_duplicates(utterances)
    check_workers(workers)
    with exclusive_lock(to, "extracts"), _swept(to):
        write_head(to, notes)
        sources = _sources(utterances, to, on_look)
        if trained is not None and _DFACE in dict(asked):
            keep_network(to, trained)
        shards = read_shards(to)
        stale = stale_pairs(shards, sources, asked, retry_failed=retry_failed)
        if stale:
            drop_features(to / SHARDS, shards, stale)
            shards = read_shards(to)
        chunks = plan_chunks(utterances, shards, asked)
        skipped = len(utterances) - sum(len(chunk.utterances) for chunk in chunks)

        def tell(done: int, failed: int) -> None:
            if on_progress is not None:
                on_progress(skipped + done, len(utterances), failed)

        tell(0, 0)
        if chunks:
            _extract_chunks(chunks, sources, to, workers, extractor, tell)
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


def _extract_chunks(
    chunks: Sequence[Chunk],
    sources: Mapping[str, Source],
    store: Path,
    workers: int,
    extractor: Extractor | None,
    tell: Callable[[int, int], None],
) -> None:
    """Extract every utterance in a job of its own; a chunk whose last one ends becomes a shard."""
    scratch = Path(tempfile.mkdtemp(prefix=".scratch.", suffix=".part", dir=store))
    jobs: list[_Job] = []
    chunk_of: list[Chunk] = []
    for chunk in chunks:
        for utterance in chunk.utterances:
            place = scratch / str(len(jobs))
            source = sources[utterance.id]
            jobs.append(
                _Job(
                    utterance=utterance,
                    source=source,
                    missing=chunk.missing,
                    scratch=place,
                    extractor=extractor,
                    store=store,
                )
            )
            chunk_of.append(chunk)
    places = {job.utterance.id: job.scratch for job in jobs}
    entries: dict[str, Entry] = {}
    done = failed = 0

    def rows_of(entry: Entry, block: Block) -> Float16[np.ndarray, "t dim"]:
        shape = (block.rows, block.dim)
        return np.asarray(np.memmap(_scratch(places[entry.utterance], block.name), "<f2", mode="r", shape=shape))

    def on_done(outcome: Outcome[Entry]) -> None:
        nonlocal done, failed
        job, chunk = jobs[outcome.index], chunk_of[outcome.index]
        entry = entries[job.utterance.id] = _entry_of(outcome, job)
        if all(utterance.id in entries for utterance in chunk.utterances):
            whole = [entries.pop(utterance.id) for utterance in chunk.utterances]
            write_shard(store / SHARDS, whole, rows_of)
            for entry in whole:
                for block in entry.blocks:
                    _scratch(places[entry.utterance], block.name).unlink(missing_ok=True)
        done += 1
        failed += not any(block.rows for block in entry.blocks)
        tell(done, failed)

    run_jobs(_extract_one, jobs, workers=workers, on_done=on_done)


def _scratch(place: Path, name: str) -> Path:
    return place.with_name(f"{place.name}.{name}")


def _entry_of(outcome: Outcome[Entry], job: _Job) -> Entry:
    if outcome.value is not None:
        return outcome.value
    if not outcome.died:  # no fault of the recording: the disk is full, a package is missing
        raise StoreError(f"extraction stopped at {job.utterance.id}: {outcome.error}")
    problem = Problem(utterance=job.utterance.id, where="extraction", why=outcome.error)
    blocks = tuple(Block(name=name, version=version) for name, version in job.missing)
    return Entry(utterance=job.utterance.id, source=job.source, blocks=blocks, problems=(problem,))


def _extract_one(job: _Job) -> Entry:
    """Extract an utterance in a worker and leave its rows at the job's scratch place."""
    extractor = job.extractor or _extractor_of(job)
    name = job.utterance.id
    try:
        extracted = extractor(job.utterance, [feature for feature, _ in job.missing])
    except Exception as error:  # noqa: BLE001  (bad data is a row, never a crash)
        problem = Problem(utterance=name, where="extraction", why=words_for(error))
        extracted = Extracted(features=(), problems=(problem,))
    found = {sequence.name: sequence for sequence in extracted.features}
    problems = [replace(problem, utterance=name) for problem in extracted.problems]
    blocks: list[Block] = []
    for feature, version in job.missing:
        fault = _fault(found.get(feature))
        if fault and (feature in found or all(problem.is_remark for problem in problems)):
            problems.append(Problem(utterance=name, where=feature, why=fault))
        if fault:
            blocks.append(Block(name=feature, version=version))
        else:
            rows = half_precision(found[feature].values)
            _scratch(job.scratch, feature).write_bytes(rows.data)
            seal = checksum_rows(rows)
            blocks.append(Block(name=feature, version=version, rows=rows.shape[0], dim=rows.shape[1], checksum=seal))
    return Entry(
        utterance=name,
        source=job.source,
        blocks=tuple(blocks),
        quality=extracted.quality and replace(extracted.quality, utterance=name),
        problems=tuple(problems),
    )


def _extractor_of(job: _Job) -> Extractor:
    from valaro.recordings import extract_utterance

    version = dict(job.missing).get(_DFACE)
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
