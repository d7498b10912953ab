"""The data of a study: labelled utterances, the unlabelled set, their features and what a report says of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import xxhash

from valaro.checks.manifests import shared_scripts
from valaro.errors import ValaroError, all_at_once, unknown_name
from valaro.evaluation.folds import without_ratings
from valaro.experiments.sections import Settings
from valaro.experiments.variants import study_features
from valaro.features.table import FEATURE_NAMES
from valaro.labels.soft_labels import Votes, level_counts, with_mean_votes
from valaro.labels.table_1 import level_tallies
from valaro.records import GRID_RATE, LEVELS, CorpusNote, CorpusSummary, Dimension, LevelTally, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.store.manifest import read_manifest


@dataclass(frozen=True, kw_only=True)
class StudyData:
    """`labelled` have votes; `unlabelled` have none left; both have been extracted into `store`.

    `tallies` count the levels of the labelled as their annotators voted, whichever votes a study takes.
    """

    labelled: tuple[Utterance, ...]
    unlabelled: tuple[Utterance, ...]
    tallies: tuple[LevelTally, ...]
    store: FeatureStore
    notes: tuple[CorpusNote, ...]
    fingerprint: str

    def rated(self, dimension: Dimension) -> list[Utterance]:
        """Return the utterances that have votes on `dimension`."""
        return [utterance for utterance in self.labelled if utterance.is_labelled(dimension)]

    def unlabelled_for(self, dimension: Dimension) -> tuple[Utterance, ...]:
        """Return what has no vote on `dimension`: the unlabelled, and those that were rated on the other one alone."""
        unrated = [utterance for utterance in self.labelled if not utterance.is_labelled(dimension)]
        return (*self.unlabelled, *map(without_ratings, unrated))

    def verify(self, names: Iterable[str]) -> None:
        """Compare what a study learns from with its checksums, once: a flipped bit must not be learnt from.

        Raises:
            StoreError: it names all that is damaged.
        """
        self.store.verify((utterance.id for utterance in (*self.labelled, *self.unlabelled)), names)

    def summaries(self) -> tuple[CorpusSummary, ...]:
        """Return a row a corpus."""
        everything = sorted((*self.labelled, *self.unlabelled), key=lambda u: u.corpus)
        return tuple(
            replace(
                _summary(corpus, list(group), self.store),
                tallies=tuple(tally for tally in self.tallies if tally.corpus == corpus),
            )
            for corpus, group in groupby(everything, key=lambda u: u.corpus)
        )


def load_study(settings: Settings) -> StudyData:
    """Read the data that a study's settings name."""
    data, names = settings.data, study_features(settings)
    study_data = load_data(data.labelled, data.unlabelled, data.features, names, votes=settings.study.votes)
    counts = level_counts(study_data.labelled)
    for dimension in settings.study.dimensions:
        levels = [level for level, count in zip(LEVELS, counts.get(dimension, ()), strict=False) if count]
        if len(levels) < 2:
            why = f"every {dimension} label is '{levels[0]}'" if levels else f"no utterance has a {dimension} label"
            raise ValaroError(f"study.dimensions: {why}: there is nothing to tell apart, leave out '{dimension}'")
    return study_data


def load_data(
    labelled: Sequence[Path],
    unlabelled: Sequence[Path],
    features: Path,
    names: Iterable[str],
    *,
    votes: Votes = "each",
) -> StudyData:
    """Read manifests and store; rows without votes in a labelled manifest join the unlabelled set.

    `votes` says whether each annotator's vote is mapped to a level, or their mean (the paper's Table I).

    Raises:
        ValaroError: an utterance stands in two manifests, was never extracted, or a feature is not in the store.
    """
    store = FeatureStore.open(features)
    for name in names:
        if name in store.names:
            continue
        if name not in FEATURE_NAMES:
            raise unknown_name(f"feature in store '{features}'", name, store.names)
        known = ", ".join(store.names)
        raise ValaroError(
            f"no '{name}' in the store '{features}', which has {known}: valaro extract --features {name} adds it; "
            f"if the recordings have no such thing, leave '{name}' out of study.features"
        )
    first = [read_manifest(path) for path in labelled]
    second = [read_manifest(path) for path in unlabelled]
    with_votes = tuple(u for manifest in first for u in manifest.utterances if u.ratings)
    tallies = level_tallies(with_votes)
    if votes == "mean":
        with_votes = tuple(with_mean_votes(utterance) for utterance in with_votes)
    without = [u for manifest in first for u in manifest.utterances if not u.ratings]
    without += [u for manifest in second for u in manifest.utterances]
    if not with_votes:
        raise ValaroError(f"no labelled utterance in {', '.join(str(path) for path in labelled)}")
    _check((*with_votes, *without), store)
    fingerprints = [manifest.fingerprint for manifest in (*first, *second)]
    notes = {note: None for manifest in (*first, *second) for note in manifest.notes}
    notes |= dict.fromkeys(_script_notes(with_votes))
    return StudyData(
        labelled=with_votes,
        unlabelled=tuple(without_ratings(u) for u in without),
        tallies=tallies,
        store=store,
        notes=tuple(notes),
        fingerprint=xxhash.xxh3_64_hexdigest("\n".join([*fingerprints, store.fingerprint]).encode()),
    )


def _script_notes(labelled: Sequence[Utterance]) -> Iterator[CorpusNote]:
    """Say of each corpus how much of it is the same words in several sessions, hence in training and in test."""
    spoken = Counter(utterance.corpus for inside in shared_scripts(labelled).values() for utterance in inside)
    totals = Counter(utterance.corpus for utterance in labelled)
    for corpus, count in sorted(spoken.items()):
        share = 100 * count / totals[corpus]
        yield CorpusNote(
            corpus=corpus,
            text=f"{share:.0f} % of the labelled utterances speak scripts that other sessions speak, too: "
            "their words stand in training and in test alike.",
            kind="shared_scripts",
        )


def _check(utterances: Sequence[Utterance], store: FeatureStore) -> None:
    seen: set[str] = set()
    twice = sorted({u.id for u in utterances if u.id in seen or seen.add(u.id)})
    if twice:
        raise all_at_once(f"{len(twice)} utterances stand in two manifests, or twice in one:", twice, most=10)
    failed = {problem.utterance for problem in store.problems}
    missing = [u.id for u in utterances if u.id not in store and u.id not in failed]
    if missing:
        raise all_at_once(
            f"{len(missing)} of {len(utterances)} utterances are not in the store '{store.path}': "
            "run valaro extract on their manifest first",
            missing,
            most=5,
        )


def _summary(corpus: str, utterances: Sequence[Utterance], store: FeatureStore) -> CorpusSummary:
    labelled = [u for u in utterances if u.ratings]
    return CorpusSummary(
        corpus=corpus,
        utterances=len(utterances),
        labelled=len(labelled),
        speakers=len({u.speaker for u in utterances}),
        sessions=len({u.session for u in utterances if u.session}),
        seconds=sum(store.length(u.id) for u in utterances if u.id in store) / GRID_RATE,
        levels=level_counts(labelled),
    )
