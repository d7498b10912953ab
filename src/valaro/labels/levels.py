"""From a score on the 1-5 scale to one of three levels."""

LOW_UP_TO = 2.0
HIGH_FROM = 4.0


def level_of(score: float) -> int:
    """Return 0 (low) up to 2, 2 (high) from 4, else 1 (medium) (paper, section IV-B and Table I).

    >>> [level_of(score) for score in (1, 2, 2.5, 3.9, 4, 5)]
    [0, 0, 1, 1, 2, 2]
    """
    if score <= LOW_UP_TO:
        return 0
    return 2 if score >= HIGH_FROM else 1
