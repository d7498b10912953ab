"""The directions in which samples differ most."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_NOTHING = 1e-10
"""A deviation so small beside the largest is rounding; its direction would be any."""


@dataclass(frozen=True, kw_only=True)
class Components:
    """Principal components of some samples: their mean, directions of length 1, the share of the variance of each."""

    centre: Float[np.ndarray, " d"]
    directions: Float[np.ndarray, "c d"]
    shares: Float[np.ndarray, " c"]

    def of(self, samples: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n c"]:
        """Return where samples, these or others, lie along the directions."""
        return (samples - self.centre) @ self.directions.T


def principal_components(samples: Float[np.ndarray, "n d"], count: int) -> Components:
    """Return the first `count` components; those along which the samples do not differ are directions of length 0.

    A component's sign means nothing: the largest entry of a direction is positive, so that the same samples give the
    same picture everywhere.
    """
    centre = samples.mean(axis=0)
    _, lengths, directions = np.linalg.svd(samples - centre, full_matrices=False)
    rank = min(count, int((lengths > _NOTHING * max(lengths, default=0.0)).sum()))
    largest = np.abs(directions[:rank]).argmax(axis=1)
    signs = np.sign(directions[np.arange(rank), largest])
    kept, shares = np.zeros((count, samples.shape[1])), np.zeros(count)
    if rank:
        kept[:rank] = directions[:rank] * signs[:, None]
        shares[:rank] = lengths[:rank] ** 2 / (lengths**2).sum()
    return Components(centre=centre, directions=kept, shares=shares)
