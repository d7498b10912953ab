"""Levels that no label of a corpus has: of a scale that was not stated, a whole level can be missing."""

from collections.abc import Sequence

from valaro.labels.levels import level_of
from valaro.records import DIMENSIONS, LEVELS, Utterance

_BOUNDS = "up to 2 is low, from 4 on high"


def missing_levels(utterances: Sequence[Utterance], *, is_scale_stated: bool) -> tuple[str, ...]:
    """Return a sentence for each dimension that is labelled and lacks a level."""
    sentences: list[str] = []
    hint = "" if is_scale_stated else "; if the labels are numbers on another scale, state it, as in --scale 1 3"
    for dimension in DIMENSIONS:
        scores = [r.score for utterance in utterances for r in utterance.ratings if r.dimension == dimension]
        known = {level_of(score) for score in scores}
        missing = [level for index, level in enumerate(LEVELS) if index not in known]
        if scores and missing:
            between = f"votes lie between {min(scores):g} and {max(scores):g} on 1 to 5, of which {_BOUNDS}"
            sentences.append(f"no {dimension} vote is {' or '.join(missing)}: {between}{hint}")
    return tuple(sentences)
