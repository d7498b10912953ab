"""One check of manifests and, where there is one, of the store that was extracted from them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from valaro.checks.findings import Agreement, CheckRecord, Finding, SpeakerFacts
from valaro.checks.folds import fold_findings, fold_uses
from valaro.checks.manifests import manifest_findings
from valaro.checks.mouths import mouth_findings, side_by_side
from valaro.checks.stores import loudness_of, store_findings
from valaro.errors import ValaroError
from valaro.labels.agreement import krippendorff_alpha
from valaro.labels.levels import level_of
from valaro.labels.soft_labels import correct_levels, level_counts, soft_labels_of
from valaro.labels.table_1 import level_tallies
from valaro.parallel.count import Count, OnProgress
from valaro.records import DIMENSIONS, GRID_RATE, CorpusSummary, Dimension, FaceQuality, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.store.manifest import read_manifest


def check(
    manifests: Sequence[Path], store: Path | None = None, *, mouths: int = 0, on_progress: OnProgress | None = None
) -> CheckRecord:
    """Check everything that should be true; `mouths` is how many utterances a two-person recording are looked at.

    `on_progress` counts what takes long: utterances whose recordings are compared with the store's, and recordings
    whose mouths are looked at.

    Raises:
        ValaroError: a manifest or the store cannot be read at all.
    """
    read = [read_manifest(path) for path in manifests]
    utterances = tuple(utterance for manifest in read for utterance in manifest.utterances)
    if not utterances:
        raise ValaroError(f"no utterance in {', '.join(str(path) for path in manifests)}: nothing to check")
    features = None if store is None else FeatureStore.open(store)
    known = {utterance.id for utterance in utterances}
    faces = tuple(q for q in features.qualities if q.utterance in known) if features else ()
    folds = fold_uses(utterances)
    total = (0 if features is None else len(utterances)) + (len(side_by_side(utterances)) if mouths else 0)
    count = Count(total=total, done=0, on_progress=on_progress)
    findings: list[Finding] = [*manifest_findings(utterances)]
    findings += [finding for finding in fold_findings(folds, utterances) if finding.cases]
    if features is not None:
        findings += store_findings(features, utterances, on_compared=count.step)
    if mouths:
        findings += mouth_findings(utterances, each=mouths, on_looked=count.step)
    seconds = {
        utterance.id: length for utterance in utterances if (length := _seconds(utterance, features)) is not None
    }
    loudness = {} if features is None else loudness_of(features, utterances)
    return CheckRecord(
        manifests=tuple(path.name for path in manifests),
        store="" if store is None else store.name,
        notes=tuple(dict.fromkeys(note for manifest in read for note in manifest.notes)),
        corpora=_corpora(utterances, seconds),
        speakers=_speakers(utterances, seconds, loudness, {face.utterance: face for face in faces}),
        agreements=_agreements(utterances),
        seconds=tuple(seconds.values()),
        faces=faces,
        findings=tuple(sorted(findings, key=lambda finding: not finding.is_fault)),
        folds=folds,
    )


def _seconds(utterance: Utterance, store: FeatureStore | None) -> float | None:
    if utterance.end is not None:
        return utterance.end - utterance.start
    if store is not None and utterance.id in store:
        return store.length(utterance.id) / GRID_RATE
    return None


def _by(utterances: Sequence[Utterance], *names: str) -> dict[tuple[str, ...], list[Utterance]]:
    groups: dict[tuple[str, ...], list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        groups[tuple(str(getattr(utterance, name)) for name in names)].append(utterance)
    return dict(sorted(groups.items()))


def _corpora(utterances: Sequence[Utterance], seconds: Mapping[str, float]) -> tuple[CorpusSummary, ...]:
    return tuple(
        CorpusSummary(
            corpus=corpus,
            utterances=len(inside),
            labelled=sum(bool(utterance.ratings) for utterance in inside),
            speakers=len({utterance.speaker for utterance in inside}),
            sessions=len({utterance.session for utterance in inside if utterance.session}),
            seconds=sum(seconds.get(utterance.id, 0.0) for utterance in inside),
            levels=level_counts(inside),
            tallies=level_tallies(inside),
        )
        for (corpus,), inside in _by(utterances, "corpus").items()
    )


def _speakers(
    utterances: Sequence[Utterance],
    seconds: Mapping[str, float],
    loudness: Mapping[str, float],
    faces: Mapping[str, FaceQuality],
) -> tuple[SpeakerFacts, ...]:
    rows: list[SpeakerFacts] = []
    for (corpus, speaker), inside in _by(utterances, "corpus", "speaker").items():
        loud = [loudness[utterance.id] for utterance in inside if utterance.id in loudness]
        seen = [faces[utterance.id] for utterance in inside if utterance.id in faces]
        frames = sum(face.frames for face in seen)
        low, middle, high = (float(edge) for edge in np.quantile(loud, [0.25, 0.5, 0.75])) if loud else (0.0, 0.0, 0.0)
        rows.append(
            SpeakerFacts(
                speaker=speaker,
                corpus=corpus,
                gender=", ".join(sorted({utterance.gender for utterance in inside} - {""})),
                session=", ".join(sorted({utterance.session for utterance in inside} - {""})),
                utterances=len(inside),
                labelled=sum(bool(utterance.ratings) for utterance in inside),
                seconds=sum(seconds.get(utterance.id, 0.0) for utterance in inside),
                levels=level_counts(inside),
                loudness=(middle, low, high) if loud else None,
                face=sum(face.detected for face in seen) / frames if frames else None,
            )
        )
    return tuple(rows)


def _agreements(utterances: Sequence[Utterance]) -> tuple[Agreement, ...]:
    return tuple(
        _agreement(corpus, dimension, rated)
        for (corpus,), inside in _by(utterances, "corpus").items()
        for dimension in DIMENSIONS
        if (rated := [utterance for utterance in inside if utterance.is_labelled(dimension)])
    )


def _agreement(corpus: str, dimension: Dimension, rated: Sequence[Utterance]) -> Agreement:
    votes = [[r.score for r in utterance.ratings if r.dimension == dimension] for utterance in rated]
    return Agreement(
        corpus=corpus,
        dimension=dimension,
        rated=len(rated),
        votes=sum(map(len, votes)),
        ties=int((correct_levels(soft_labels_of(rated, dimension)).sum(axis=1) > 1).sum()),
        alpha=krippendorff_alpha(votes),
        alpha_of_levels=krippendorff_alpha([[level_of(v) for v in unit] for unit in votes], metric="nominal"),
    )
