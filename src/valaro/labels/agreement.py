"""How far annotators agree: Krippendorff's alpha, for any number of them and any votes missing."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

Metric = Literal["interval", "nominal"]
"""How far apart two votes are: the square of their difference, or 1 unless they are the same."""


def krippendorff_alpha(votes: Sequence[Sequence[float]], *, metric: Metric = "interval") -> float | None:
    """Return 1 - observed / expected disagreement of the votes on each unit (Krippendorff 2011, section D).

    1 is perfect agreement, 0 what chance would give. Units with one vote say nothing; without a pair of votes, or
    where all votes are the same, there is no alpha (None).

    >>> round(krippendorff_alpha([[1, 1], [2, 2], [3, 3], [1, 2]]), 3)
    0.821
    """
    pairable = [list(unit) for unit in votes if len(unit) > 1]
    together = [vote for unit in pairable for vote in unit]
    disagreement = _squares if metric == "interval" else _differing
    count = len(together)
    expected = disagreement(together) / (count * (count - 1)) if count > 1 else 0.0
    if expected == 0:
        return None
    observed = sum(disagreement(unit) / (len(unit) - 1) for unit in pairable) / count
    return 1 - observed / expected


def _squares(votes: Sequence[float]) -> float:
    """Return the sum of squared differences over all ordered pairs."""
    return 2 * (len(votes) * sum(vote * vote for vote in votes) - sum(votes) ** 2)


def _differing(votes: Sequence[float]) -> float:
    """Return the number of ordered pairs that differ."""
    return len(votes) ** 2 - sum(count * count for count in Counter(votes).values())
