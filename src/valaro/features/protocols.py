"""What a feature must be: a pure function of sound windows or of face crops, with a name, a width and a version."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

WINDOW = 400
"""Samples of a sound window: 25 ms at 16 kHz."""

HOP = 160
"""Samples between the beginnings of two windows: 10 ms at 16 kHz, the 100 Hz grid."""


class _Feature(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def version(self) -> int | str:
        """Raised whenever the same input would give other numbers, so that no store mixes the two."""
        ...


@runtime_checkable
class SoundFeature(_Feature, Protocol):
    """A row for each 25 ms window of 16 kHz sound; windows come every 10 ms (see framing.py)."""

    def __call__(self, windows: Float32[np.ndarray, "t 400"]) -> Float32[np.ndarray, "t dim"]: ...


@runtime_checkable
class FaceFeature(_Feature, Protocol):
    """A row for each 64x64 grey crop of a face; the rows are put on the 100 Hz grid by grid.py."""

    def __call__(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t dim"]: ...
