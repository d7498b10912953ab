"""A number with the interval that it stands in."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A score (0-1), or a difference of two, with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def includes_zero(self) -> bool:
        return self.low <= 0.0 <= self.high
