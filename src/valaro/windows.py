"""How a sequence of feature rows is cut, padded and weighed: in training crops, in evaluation and in prediction."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float, Int

from valaro.records import CROP_FRAMES

PadMode = Literal["repeat", "mean"]
Weighting = Literal["trapezoid", "centre", "whole"]
Scaling = Literal["training", "speaker"]

LONGEST_WINDOW = 6_000
"""Rows: a minute. A window that is read from a file is no longer, so that its memory is bounded."""

Rows = Annotated[int, Ge(1), Le(LONGEST_WINDOW)]


@dataclass(frozen=True, kw_only=True)
class WindowSpec:
    """How a model takes an utterance or a recording; it is stored with the model and holds wherever that is used."""

    length: Rows = CROP_FRAMES
    """Rows of a window, at 100 a second."""
    hop: Rows = CROP_FRAMES // 4
    """Rows from the start of a window to that of the next one."""
    pad_mode: PadMode = "repeat"
    """What follows in a recording that is shorter than a window: its beginning again, or its mean."""
    weighting: Weighting = "trapezoid"
    """What an utterance's answer is made of: all windows, the middle one alone, or a single one that is all of it."""
    scaling: Scaling = "training"
    """Whose mean and deviation scale the rows: those of the training data, or the speaker's own."""


def window_faults(spec: WindowSpec) -> list[str]:
    """Return what keeps windows from being cut like that, wherever the specification was read."""
    is_possible = spec.weighting == "whole" or spec.length == CROP_FRAMES
    return [] if is_possible else [f"windows of {spec.length} rows"]


def windows_of(length: int, spec: WindowSpec) -> tuple[Int[np.ndarray, " w"], Float[np.ndarray, " w"]]:
    """Return where the windows begin that make the answer on `length` rows, and how much each counts (sum 1)."""
    if spec.weighting == "centre":
        return np.array([max(length - spec.length, 0) // 2]), np.ones(1)
    starts = window_starts(length, spec)
    return starts, trapezoid_weights(starts)


def window_starts(length: int, spec: WindowSpec) -> Int[np.ndarray, " w"]:
    """Return where windows begin in a sequence of `length` rows: every `hop`, the last one right-aligned."""
    last = max(length - spec.length, 0)
    starts = np.arange(0, last + 1, spec.hop)
    return starts if starts[-1] == last else np.append(starts, last)


def trapezoid_weights(starts: Int[np.ndarray, " w"]) -> Float[np.ndarray, " w"]:
    """Return the weights of the trapezoid rule over `starts`, with sum 1.

    A random crop begins anywhere with the same chance, so it hardly ever holds a recording's first or last frame; an
    equal-weight mean over a few windows would give both ends, often silence that no crop has shown, far more weight
    than they had in training.

    >>> trapezoid_weights(np.array([0, 64, 128, 172])).round(2).tolist()
    [0.19, 0.37, 0.31, 0.13]
    """
    gaps = np.diff(starts) / 2
    widths = np.append(gaps, 0.0) + np.insert(gaps, 0, 0.0)
    return widths / widths.sum() if len(starts) > 1 else np.ones(1)


def cut_window(
    values: Float[np.ndarray, "t dim"], start: int, spec: WindowSpec, *, usable: int | None = None
) -> Float[np.ndarray, "length dim"]:
    """Return the window of rows that begins at `start`; rows from `usable` on are not repeated or followed.

    A shorter sequence (start 0) is padded, but for a model that takes whole utterances of any length.
    """
    if start + spec.length <= len(values):
        return values[start : start + spec.length]
    end = len(values) if usable is None else usable
    if spec.weighting == "whole":
        return values[start:end]
    if spec.pad_mode == "repeat":
        return values[(start + np.arange(spec.length)) % end]
    padded = np.empty((spec.length, values.shape[1]), values.dtype)
    padded[:] = values.mean(axis=0, dtype=np.float32)
    padded[:end] = values[:end]
    return padded
