"""Simulated annotators: each hears and sees the same clip, with a bias, a use of the scale and an ear of their own."""

from dataclasses import dataclass

import numpy as np

from valaro.rng import numpy_stream


@dataclass(frozen=True, kw_only=True)
class Annotator:
    """One rater of the 1-5 scale: `bias` and `noise` in points, `reach` stretches the scale around its middle."""

    bias: float
    reach: float
    noise: float


def draw_annotators(count: int, *, seed: int, dimension: str) -> tuple[Annotator, ...]:
    """Return the pool of annotators of one dimension."""
    random = numpy_stream(seed, f"synthetic annotators {dimension}")
    return tuple(
        Annotator(
            bias=float(random.normal(0, 0.25)),
            reach=float(random.uniform(0.85, 1.25)),
            noise=float(random.uniform(0.3, 0.55)),
        )
        for _ in range(count)
    )


def vote(pool: tuple[Annotator, ...], felt: float, random: np.random.Generator) -> tuple[int, ...]:
    """Return the votes, whole numbers 1-5, of three or four annotators of the pool on a clip whose mean is `felt`."""
    chosen = random.choice(len(pool), size=int(random.integers(3, 5)), replace=False)
    points = [
        3 + 2.35 * pool[k].reach * felt + pool[k].bias + random.normal(0, pool[k].noise)
        for k in sorted(chosen.tolist())
    ]
    return tuple(int(np.clip(np.rint(point), 1, 5)) for point in points)
