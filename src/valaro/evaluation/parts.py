"""The accuracy on one part of the test utterances against that on another, with an interval that respects who spoke."""

from collections.abc import Sequence, Set

import numpy as np

from valaro.errors import ValaroError
from valaro.evaluation.scores import bookings
from valaro.evaluation.significance import Interval
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
    speakers: dict[str, dict[str, tuple[float, float]]] = {}
    for group in groups:
        hits = bookings(group).trace(axis1=1, axis2=2)
        for name, speaker, hit in zip(group.ids, group.speakers, hits, strict=True):
            if name in first or name in second:
                right, judged = speakers.setdefault(speaker, {}).get(name, (0.0, 0.0))
                speakers[speaker][name] = (right + float(hit), judged + 1.0)
    judged_ids = {name for utterances in speakers.values() for name in utterances}
    if not judged_ids & first or not judged_ids & second:
        raise ValaroError("no test utterance in one of the two parts: their accuracies cannot be compared")
    names = sorted(speakers)
    generator = numpy_stream(seed, "bootstrap of parts")
    times = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    # Right and judged utterances of each part, in the data (the last row) and in every draw.
    sums = np.zeros((draws + 1, 4))
    for column, speaker in enumerate(names):
        utterances = sorted(speakers[speaker].items())
        counts = generator.multinomial(
            times[:, column] * len(utterances), np.full(len(utterances), 1 / len(utterances))
        )
        facts = np.array(
            [(r * (n in first), c * (n in first), r * (n in second), c * (n in second)) for n, (r, c) in utterances]
        )
        sums += np.vstack([counts, np.ones(len(utterances))]) @ facts
    usable = sums[(sums[:, 1] > 0) & (sums[:, 3] > 0)]
    differences = usable[:, 0] / usable[:, 1] - usable[:, 2] / usable[:, 3]
    low, high = np.quantile(differences[:-1], [0.025, 0.975]) if len(differences) > 1 else (float("nan"),) * 2
    return Interval(value=float(differences[-1]), low=float(low), high=float(high))
