"""Named, independent streams of random numbers from one seed."""

import hashlib

import numpy as np

from valaro.errors import ValaroError


def _sequence(seed: int, name: str) -> np.random.SeedSequence:
    if seed < 0:
        raise ValaroError(f"seed {seed}: expected a whole number from 0 on")
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.SeedSequence([seed, int.from_bytes(digest[:8], "little")])


def numpy_stream(seed: int, name: str) -> np.random.Generator:
    """Return the numpy generator called `name`: adding a stream never changes another.

    >>> int(numpy_stream(0, "crops").integers(1000)) == int(numpy_stream(0, "crops").integers(1000))
    True
    """
    return np.random.default_rng(_sequence(seed, name))


def stream_seed(seed: int, name: str) -> int:
    """Return the 63-bit seed of the stream called `name`, for generators of other libraries."""
    return int(_sequence(seed, name).generate_state(1, np.uint64)[0] >> np.uint64(1))
