"""What should be true of the features extracted from utterances."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float16

from valaro.checks.findings import Finding, finding, look
from valaro.errors import StoreError
from valaro.records import CROP_FRAMES, Utterance
from valaro.store.contents import Contents
from valaro.store.feature_store import FeatureStore, read_shards
from valaro.store.shard import Source, source_of

SOUNDS = ("fbank", "fft")
"""Features that hold log power, of which the first in the store tells how loud an utterance is."""

QUIET = 30.0
"""dB below the median of all utterances from which a recording may be silent."""

FLAT = 0.05
"""dB by which the loudness of speech varies from frame to frame at the very least."""

UNLIKE = 2
"""Rows by which two modalities of an utterance may differ in length."""


def store_findings(
    store: FeatureStore, utterances: Sequence[Utterance], *, on_compared: Callable[[], None] | None = None
) -> tuple[Finding, ...]:
    """Return every rule that the store breaks for these utterances, with all cases.

    `on_compared` is called after each utterance whose recording was compared with the one that was extracted.
    """
    inside = [utterance for utterance in utterances if utterance.id in store]
    results = (
        *_absent(store, utterances),
        *_changed(store, utterances, on_compared),
        *_damaged(store),
        *_rows(store, inside),
        *_loudness(store, inside),
        *_faces(store, inside),
    )
    return tuple(result for result in results if result.cases)


def loudness_of(store: FeatureStore, utterances: Iterable[Utterance]) -> Mapping[str, float]:
    """Return utterance -> its mean power in dB, against the median of all; empty where the store holds no sound.

    Damaged rows whose power is no number have no loudness.
    """
    name = next((name for name in SOUNDS if name in store.names), None)
    if name is None:
        return {}
    means = {u.id: float(np.mean(_power(store.values(u.id, name)))) for u in utterances if store.has(u.id, name)}
    powers = {utterance: float(np.log10(mean)) for utterance, mean in means.items() if np.isfinite(mean)}
    middle = float(np.median(list(powers.values()))) if powers else 0.0
    return {utterance: 10 * (power - middle) for utterance, power in powers.items()}


def _power(values: Float16[np.ndarray, "t dim"]) -> np.ndarray:
    """Return the power of each frame: the features are natural logarithms of it, a band a column."""
    # What is damaged may be any number; no feature is as low as this, which keeps its logarithm one.
    with np.errstate(over="ignore"):
        return np.maximum(np.exp(values.astype(np.float64)).sum(axis=1), 1e-300)


def _absent(store: FeatureStore, utterances: Sequence[Utterance]) -> Iterator[Finding]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for problem in store.problems:
        reasons[problem.utterance].append(f"{problem.where}: {problem.why}")
    never, partly = list[str](), list[str]()
    for utterance in utterances:
        lacking = [name for name in store.names if not store.has(utterance.id, name)]
        why = "; ".join(reasons[utterance.id])
        if lacking and not why and len(lacking) == len(store.names):
            never.append(utterance.id)
        elif lacking:
            partly.append(f"{utterance.id}: no {' and '.join(lacking)}{f' ({why})' if why else ''}")
    yield finding("Utterances that were never extracted", never)
    yield look("Utterances of which a feature could not be extracted", partly)


def _changed(
    store: FeatureStore, utterances: Sequence[Utterance], on_compared: Callable[[], None] | None
) -> Iterator[Finding]:
    contents = Contents(store.path)
    now: dict[str, Source] = {}
    for utterance in utterances:
        now[utterance.id] = source_of(utterance, contents)
        if on_compared is not None:
            on_compared()
    cases = {
        entry.utterance: None
        for shard in read_shards(store.path)
        for entry in shard.entries
        if entry.utterance in now and not entry.source.is_unchanged(now[entry.utterance])
    }
    yield finding("Recordings or stretches that changed since they were extracted", cases)


def _damaged(store: FeatureStore) -> Iterator[Finding]:
    try:
        store.verify()
    except StoreError as error:
        yield finding("Rows that do not match their checksums", str(error).splitlines())


def _rows(store: FeatureStore, utterances: Sequence[Utterance]) -> Iterator[Finding]:
    unlike, short = list[str](), list[str]()
    for utterance in utterances:
        rows = {name: len(store.values(utterance.id, name)) for name in store.names if store.has(utterance.id, name)}
        if max(rows.values()) - min(rows.values()) > UNLIKE:
            unlike.append(f"{utterance.id}: {', '.join(f'{name} {count}' for name, count in rows.items())} rows")
        if utterance.end is None and min(rows.values()) < CROP_FRAMES:
            short.append(f"{utterance.id}: {min(rows.values()) / 100:.2f} s")
    yield finding("Utterances whose modalities differ in length", unlike)
    yield look(f"Recordings shorter than a crop of {CROP_FRAMES / 100:g} s: they are repeated or padded", short)


def _loudness(store: FeatureStore, utterances: Sequence[Utterance]) -> Iterator[Finding]:
    loudness = loudness_of(store, utterances)
    yield look(
        f"Utterances more than {QUIET:g} dB below the median: silent?",
        (f"{name}: {level:.0f} dB" for name, level in loudness.items() if level < -QUIET),
    )
    name = next((name for name in SOUNDS if name in store.names), "")
    flat = [
        utterance
        for utterance in loudness
        # Without the ends, where windows hold less of the sound.
        if float(np.ptp(np.quantile(10 * np.log10(_power(store.values(utterance, name))), [0.1, 0.9]))) < FLAT
    ]
    yield finding("Utterances whose sound does not vary: a hum, or digital silence", flat)


def _faces(store: FeatureStore, utterances: Sequence[Utterance]) -> Iterator[Finding]:
    known = {utterance.id for utterance in utterances}
    yield look(
        "Utterances with a face in under half of their frames",
        (
            f"{quality.utterance}: {quality.detected} of {quality.frames} frames"
            for quality in store.qualities
            if quality.utterance in known and 2 * quality.detected < quality.frames
        ),
    )
