"""The accuracy on one part of the test utterances against that on another, with an interval that respects who spoke."""

from collections.abc import Sequence, Set

import numpy as np
from jaxtyping import Float

from valaro.errors import ValaroError
from valaro.evaluation.interval import Interval
from valaro.evaluation.scores import bookings
from valaro.evaluation.significance import drawn_sums
from valaro.records import Predictions
from valaro.rng import numpy_stream


def accuracy_difference(
    groups: Sequence[Predictions], first: Set[str], second: Set[str], *, seed: int = 0, draws: int = 2000
) -> Interval:
    """Return the accuracy on the utterances `first` minus that on `second`, over all groups, with its 95 % interval.

    Each draw takes as many speakers as there are, with replacement, then as many utterances of each, as `Resamples`
    does; one that happens to take no utterance of a part says nothing and is left out.

    Raises:
        ValaroError: no utterance of one of the parts was judged.
    """
    chosen = [group.of([name for name in group.ids if name in first or name in second]) for group in groups]
    chosen = [group for group in chosen if group.ids]
    rows = [_right_and_judged(group, first, second) for group in chosen]
    total = sum((own.sum(axis=0) for own in rows), np.zeros(4))
    if not total[1] or not total[3]:
        raise ValaroError("no test utterance in one of the two parts: their accuracies cannot be compared")
    drawn = drawn_sums(chosen, rows, rng=numpy_stream(seed, "bootstrap of parts"), draws=draws).sum(axis=0)
    usable = drawn[(drawn[:, 1] > 0) & (drawn[:, 3] > 0)]
    low, high = np.quantile(_difference(usable), [0.025, 0.975]) if len(usable) else (float("nan"),) * 2
    return Interval(value=float(_difference(total[None])[0]), low=float(low), high=float(high))


def _right_and_judged(group: Predictions, first: Set[str], second: Set[str]) -> Float[np.ndarray, "n 4"]:
    """Return for each utterance whether it is right and that it was judged, in the first part and in the second."""
    hits = bookings(group).trace(axis1=1, axis2=2)
    inside = [np.array([name in part for name in group.ids], float) for part in (first, second)]
    return np.stack([inside[0] * hits, inside[0], inside[1] * hits, inside[1]], axis=1)


def _difference(sums: Float[np.ndarray, "many 4"]) -> Float[np.ndarray, " many"]:
    return sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
