"""How far above chance a model is that learnt from shuffled labels, and how often chance alone takes it there."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np
from jaxtyping import Float

from valaro.evaluation.scores import confusion_matrix, metric_of
from valaro.records import LEVELS, FoldResult
from valaro.rng import numpy_stream

RENAMINGS = tuple(permutations(range(len(LEVELS))))
"""Every way to give the answers of a model the names of the levels; the first leaves them as they are."""

_DRAWS = 20_000


def renamed_uars(results: Sequence[FoldResult]) -> Float[np.ndarray, "shuffles 6"]:
    """Return the UAR of each shuffle under every renaming of what its model answered.

    The directions of a session share a shuffle, as a rule even a training, and count once, with their mean. Another
    session and another seed is another shuffle, with a seed of its own.
    """
    shuffles: dict[tuple[frozenset[str], int], list[Float[np.ndarray, " 6"]]] = {}
    for result in results:
        held_out = frozenset((*result.test.speakers, *result.validation.speakers))
        test = result.test
        matrices = [
            confusion_matrix(replace(test, probabilities=test.probabilities[:, list(names)])) for names in RENAMINGS
        ]
        shuffles.setdefault((held_out, result.seed), []).append(metric_of(np.stack(matrices), "uar"))
    return np.array([np.mean(uars, axis=0) for uars in shuffles.values()]).reshape(-1, len(RENAMINGS))


def chance_of_mean(uars: Float[np.ndarray, "shuffles 6"]) -> float:
    """Return how often chance alone gives a mean UAR as high as that of the first column.

    The labels that were learnt from had their levels renamed at random, a shuffle at a time. So, without a leak, each
    of the six renamings of a model's answers was as likely as the one that was seen, and the shuffles are independent:
    a permutation test over them, which needs no distribution and holds with few shuffles and uneven levels alike.
    """
    rng = numpy_stream(0, "renamed levels of the control")
    picked = rng.integers(uars.shape[1], size=(_DRAWS, len(uars)))
    means = uars[np.arange(len(uars)), picked].mean(axis=1)
    return (1 + int((means >= uars[:, 0].mean() - 1e-12).sum())) / (1 + _DRAWS)
