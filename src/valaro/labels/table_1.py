"""The paper's Table I: how many utterances have each level, counted by mean vote and by soft label."""

from collections.abc import Sequence

from valaro.labels.soft_labels import correct_levels, level_counts, soft_labels_of, with_mean_votes
from valaro.records import DIMENSIONS, Dimension, LevelTally, Utterance

PAPER_CORPUS = "iemocap"

PAPER: dict[Dimension, tuple[int, int, int]] = {
    "arousal": (1112, 7235, 1692),
    "valence": (3223, 4869, 1947),
}
"""Utterances with a low, medium, high mean vote, of the 10,039 of the whole of IEMOCAP."""


def level_tallies(utterances: Sequence[Utterance]) -> tuple[LevelTally, ...]:
    """Return a row for each corpus and each dimension on which somebody rated its utterances."""
    tallies: list[LevelTally] = []
    for corpus in sorted({utterance.corpus for utterance in utterances}):
        for dimension in DIMENSIONS:
            rated = [u for u in utterances if u.corpus == corpus and u.is_labelled(dimension)]
            tallies += [_tally(corpus, dimension, rated)] if rated else []
    return tuple(tallies)


def _tally(corpus: str, dimension: Dimension, utterances: Sequence[Utterance]) -> LevelTally:
    is_whole = corpus == PAPER_CORPUS and len(utterances) == sum(PAPER[dimension])
    return LevelTally(
        corpus=corpus,
        dimension=dimension,
        utterances=len(utterances),
        votes=sum(rating.dimension == dimension for u in utterances for rating in u.ratings),
        by_mean=level_counts([with_mean_votes(utterance) for utterance in utterances])[dimension],
        by_soft_label=level_counts(utterances)[dimension],
        ties=int((correct_levels(soft_labels_of(utterances, dimension)).sum(axis=1) > 1).sum()),
        paper=PAPER[dimension] if is_whole else None,
    )
