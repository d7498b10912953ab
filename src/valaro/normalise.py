"""Which statistics scale which recording."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import get_args

import numpy as np
from jaxtyping import Float32

from valaro.errors import ValaroError, unknown_name
from valaro.records import Normalisation, Utterance
from valaro.store.feature_store import FeatureStore

NORMALISATIONS: tuple[Normalisation, ...] = get_args(Normalisation)


@dataclass(frozen=True, kw_only=True)
class FeatureStats:
    """Mean and standard deviation a channel, over all frames of some recordings."""

    mean: Float32[np.ndarray, " dim"]
    deviation: Float32[np.ndarray, " dim"]

    @property
    def factor(self) -> Float32[np.ndarray, " dim"]:
        """Rows x are scaled as x * factor + offset: one pass over them, where (x - mean) / deviation takes two."""
        return 1 / self.deviation

    @property
    def offset(self) -> Float32[np.ndarray, " dim"]:
        return -self.mean * self.factor


FAR = 3.0
"""Deviations between the means of two corpora from which training on both is worth a warning."""

Scale = Mapping[str, FeatureStats]
"""A modality's name -> its statistics."""


@dataclass(frozen=True, kw_only=True)
class Normalizer:
    """Which scale is whose."""

    default: Scale
    """That of labelled and new recordings."""
    unlabelled: Mapping[str, Scale]
    """Those of corpora of unlabelled recordings, by name."""
    speakers: Mapping[str, Scale] = field(default_factory=dict[str, Scale])
    """Those of single speakers; none unless speaker-wise normalisation was asked for."""

    def of(self, utterance: Utterance) -> Scale:
        return self.speakers.get(utterance.speaker, self.default)

    def of_unlabelled(self, utterance: Utterance) -> Scale:
        return self.speakers.get(utterance.speaker, self.unlabelled.get(utterance.corpus, self.default))


def fit_scales(
    store: FeatureStore,
    labelled: Sequence[Utterance],
    unlabelled: Sequence[Utterance],
    names: Sequence[str],
    *,
    normalisation: Normalisation,
) -> Normalizer:
    """Measure the scales from training data: `labelled` and `unlabelled` of one fold, nothing else."""
    if normalisation not in NORMALISATIONS:
        raise unknown_name("normalisation", normalisation, NORMALISATIONS)
    home = {utterance.corpus for utterance in labelled}
    default = measure(store, [*labelled, *unlabelled] if normalisation == "combine" else labelled, names)
    scales: dict[str, Scale] = {}
    for corpus, group in groupby(sorted(unlabelled, key=lambda u: u.corpus), key=lambda u: u.corpus):
        if normalisation == "none":
            scales[corpus] = {name: _identity(store.dim(name)) for name in names}
        elif normalisation == "self" or (normalisation == "auto" and corpus not in home):
            scales[corpus] = measure(store, list(group), names)
    return Normalizer(default=default, unlabelled=scales)


def far_corpora(
    store: FeatureStore, unlabelled: Sequence[Utterance], scales: Normalizer, names: Sequence[str]
) -> list[tuple[str, str, float]]:
    """Return (corpus, modality, distance) where an unlabelled corpus stays more than 3 deviations off after scaling.

    The distance is that of the channel whose mean is farthest from the labelled recordings' mean, which is 0, in
    deviations of these. People who have a scale of their own are not looked at.
    """
    strangers = [utterance for utterance in unlabelled if utterance.speaker not in scales.speakers]
    distant: list[tuple[str, str, float]] = []
    for corpus, group in groupby(sorted(strangers, key=lambda u: u.corpus), key=lambda u: u.corpus):
        utterances = list(group)
        used = scales.of_unlabelled(utterances[0])
        for name, own in measure(store, utterances, names).items():
            distance = float(np.abs((own.mean - used[name].mean) / used[name].deviation).max())
            if distance > FAR:
                distant.append((corpus, name, distance))
    return distant


def speaker_scales(store: FeatureStore, utterances: Iterable[Utterance], names: Sequence[str]) -> dict[str, Scale]:
    """Measure each speaker's own scale from that speaker's recordings; labels play no part."""
    ordered = sorted(utterances, key=lambda u: (u.speaker, u.id))
    scales: dict[str, Scale] = {}
    for speaker, group in groupby(ordered, key=lambda u: u.speaker):
        own = list(group)
        present = [name for name in names if any(store.has(u.id, name) for u in own)]
        # Whoever never shows a face has no face features that a scale could change.
        scales[speaker] = {name: _identity(store.dim(name)) for name in names} | measure(store, own, present)
    return scales


def measure(store: FeatureStore, utterances: Sequence[Utterance], names: Sequence[str]) -> dict[str, FeatureStats]:
    """Return the statistics of each modality over the utterances that have it."""
    return {
        name: statistics_of((store.values(u.id, name) for u in utterances if store.has(u.id, name)), name)
        for name in names
    }


def statistics_of(sequences: Iterable[np.ndarray], name: str) -> FeatureStats:
    """Return mean and deviation a channel over all rows of `sequences` `[t dim]`, in one pass.

    Raises:
        ValaroError: there is no row at all.
    """
    count, total, squares = 0, 0.0, 0.0
    for values in sequences:
        wide = np.asarray(values, dtype=np.float64)
        count += len(wide)
        total = total + wide.sum(axis=0)
        squares = squares + np.square(wide).sum(axis=0)
    if count == 0:
        raise ValaroError(f"no recording to measure the scale of '{name}' from: was '{name}' extracted for them?")
    mean = np.asarray(total / count)
    variance = np.maximum(np.asarray(squares / count) - np.square(mean), 0.0)
    # A channel that never moves carries nothing: dividing by 1 leaves it at 0 instead of blowing noise up.
    deviation = np.where(variance > 1e-8, np.sqrt(variance), 1.0)
    return FeatureStats(mean=mean.astype(np.float32), deviation=deviation.astype(np.float32))


def _identity(dim: int) -> FeatureStats:
    return FeatureStats(mean=np.zeros(dim, np.float32), deviation=np.ones(dim, np.float32))
