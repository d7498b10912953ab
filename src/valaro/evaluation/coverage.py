"""How far some samples cover others (Naeem et al. 2020)."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.distance import cdist


def reached(
    real: Float[np.ndarray, "n d"], others: Float[np.ndarray, "m d"], *, nearest: int
) -> Bool[np.ndarray, "n m"]:
    """Return which of `others` lie no farther from a real sample than the real one that is its `nearest`-th nearest.

    >>> reached(np.array([[0.0], [1.0], [5.0]]), np.array([[1.5], [9.0]]), nearest=1).tolist()
    [[False, False], [True, False], [True, True]]
    """
    assert 0 < nearest < len(real), "a real sample needs so many others"
    # Each is its own nearest, at distance 0: the first real neighbour stands in place 1.
    radii = np.sort(cdist(real, real), axis=1)[:, nearest]
    return cdist(real, others) <= radii[:, None]


def coverage(real: Float[np.ndarray, "n d"], others: Float[np.ndarray, "m d"], *, nearest: int) -> float:
    """Return the share of `real` (0-1) whose `nearest` nearest real ones are no nearer than some of `others`."""
    return float(reached(real, others, nearest=nearest).any(axis=1).mean())
