"""The most that a file may claim or cost: every limit of valaro, with its default."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is accepted; beyond it a recording is refused, or a problem is reported, before anything is computed."""

    most_seeds: int = 1_000
    """Seeds of one study."""
    most_variants: int = 1_000
    """Combinations of the values that one study varies."""
    most_trainings: int = 100_000
    """Seeds times dimensions times variants of one study; each is trained for every fold and model."""
    most_steps: int = 10_000_000
    """Updates of one training."""
    most_rounds: int = 1_000
    """Rounds in which one training takes pseudo-labels."""
    largest_batch: int = 65_536
    """Samples of one update."""
    largest_width: float = 16.0
    """How many times as wide as the paper's a network may be."""


LIMITS = Limits()
"""The limits that hold where nothing else is said."""
