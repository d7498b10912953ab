"""From a category such as anger to levels of valence and arousal: a stand-in where nobody rated the two."""

from collections.abc import Mapping
from typing import NamedTuple

from valaro.errors import ValaroError
from valaro.records import DIMENSIONS, LEVEL_SCORES, CorpusNote, Rating


class Levels(NamedTuple):
    """The level (low, medium, high) that a category stands for on each dimension."""

    valence: str
    arousal: str


CATEGORIES: Mapping[str, Levels] = {
    "anger": Levels("low", "high"),
    "boredom": Levels("low", "low"),
    "calm": Levels("medium", "low"),
    "disgust": Levels("low", "medium"),
    "fear": Levels("low", "high"),
    "happiness": Levels("high", "high"),
    "neutral": Levels("medium", "medium"),
    "sadness": Levels("low", "low"),
    "surprise": Levels("medium", "high"),
}
"""Where the circumplex of affect (Russell 1980) places each, in thirds; anyone may prefer another table."""


def derived_note(corpus: str, source: str = "") -> CorpusNote:
    """Return what every page made from such labels must say; `source` says whose categories they are.

    >>> derived_note("c").text
    'Levels are derived from categories, they are not ratings of valence and arousal.'
    """
    categories = f"categories ({source})" if source else "categories"
    text = f"Levels are derived from {categories}, they are not ratings of valence and arousal."
    return CorpusNote(corpus=corpus, text=text, kind="derived_labels")


def derived_ratings(category: str, annotator: str, table: Mapping[str, Levels] = CATEGORIES) -> tuple[Rating, ...]:
    """Return the votes on both dimensions for which one annotator's `category` stands.

    Raises:
        ValaroError: the table does not know the category.

    >>> [(rating.dimension, rating.score) for rating in derived_ratings("sadness", "1")]
    [('valence', 1.0), ('arousal', 1.0)]
    """
    if category not in table:
        raise ValaroError(f"no level is known for the category '{category}'; the table has: {', '.join(table)}")
    levels = table[category]
    return tuple(
        Rating(annotator=annotator, dimension=dimension, score=LEVEL_SCORES[getattr(levels, dimension)])
        for dimension in DIMENSIONS
    )
