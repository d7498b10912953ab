"""Makes small feature stores and utterances for tests, without any recording."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from valaro.records import LEVEL_SCORES, LEVELS, CorpusNote, Dimension, Rating, Utterance
from valaro.store.contents import Contents
from valaro.store.feature_store import SHARDS, FeatureStore, write_head
from valaro.store.shard import Entry, block_of, half_precision, source_of, write_shard


def an_utterance(
    name: str,
    *,
    speaker: str = "01",
    session: str = "1",
    gender: str = "F",
    corpus: str = "toy",
    level: str | None = "low",
    votes: tuple[float, ...] = (),
    dimensions: tuple[Dimension, ...] = ("valence", "arousal"),
) -> Utterance:
    """Return an utterance with one level, or with votes, on each of `dimensions`."""
    scores = votes or (() if level is None else (LEVEL_SCORES[level],))
    return Utterance(
        id=f"{corpus}/{name}",
        corpus=corpus,
        session=session,
        speaker=f"{corpus}/{speaker}",
        gender=gender,
        media=Path(f"/nowhere/{corpus}/{name}.mp4"),
        ratings=tuple(
            Rating(annotator=str(number), dimension=dimension, score=score)
            for dimension in dimensions
            for number, score in enumerate(scores, 1)
        ),
    )


def make_store(
    folder: Path,
    features: Mapping[str, Mapping[str, np.ndarray]],
    notes: tuple[CorpusNote, ...] = (),
    *,
    versions: Mapping[str, str] | None = None,
) -> FeatureStore:
    """Write `{utterance id: {feature: [t dim]}}` as a store, all in one shard, and open it; `versions` are "1"."""
    write_head(folder, notes)
    rows = {
        (utterance, name): half_precision(np.asarray(values, np.float32))
        for utterance, sequences in features.items()
        for name, values in sequences.items()
    }
    entries = [
        Entry(
            utterance=utterance,
            source=source_of(an_utterance(utterance), Contents()),
            blocks=tuple(block_of(name, (versions or {}).get(name, "1"), rows[utterance, name]) for name in sequences),
        )
        for utterance, sequences in features.items()
    ]
    write_shard(folder / SHARDS, entries, lambda entry, block: rows[entry.utterance, block.name])
    return FeatureStore.open(folder)


def toy_corpus(
    *, sessions: int = 3, per_level: int = 6, unlabelled: int = 0, seed: int = 0, strength: float = 1.0
) -> tuple[tuple[Utterance, ...], dict[str, dict[str, np.ndarray]]]:
    """Return utterances of one woman and one man a session, and features in which each level has its own pattern.

    `fbank` `[t 16]` and `face` `[t 8]` of 100 to 300 frames; `unlabelled` more a speaker have no ratings.
    """
    rng = np.random.default_rng(seed)
    patterns = {"fbank": rng.normal(size=(3, 16)), "face": rng.normal(size=(3, 8))}
    utterances: list[Utterance] = []
    features: dict[str, dict[str, np.ndarray]] = {}
    for number in range(2 * sessions):
        speaker, session, gender = f"{number + 1:02d}", str(number // 2 + 1), "FM"[number % 2]
        for index in range(3 * per_level + unlabelled):
            level = index % 3
            labelled = index < 3 * per_level
            utterance = an_utterance(
                f"{speaker}-{index}",
                speaker=speaker,
                session=session,
                gender=gender,
                level=LEVELS[level] if labelled else None,
            )
            utterances.append(utterance)
            frames = int(rng.integers(100, 300))
            features[utterance.id] = {
                name: strength * pattern[level] + rng.normal(size=(frames, pattern.shape[1])) + 3.0
                for name, pattern in patterns.items()
            }
    return tuple(utterances), features
