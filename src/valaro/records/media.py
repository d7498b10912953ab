"""What a recording gives: a clip, a face, features on the grid."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from valaro.records.data import Half, Problem

GRID_RATE = 100
"""Feature frames a second: every modality lies on this grid; frame k covers the time around k / 100 s."""

CROP_FRAMES = 128
"""Frames of a training crop and of a test window: 1.28 s (paper, section IV-B)."""

PICTURE_FRAMES = 4
"""Frames of the grid for which a picture stands, at the usual 25 pictures a second."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A decoded stretch: mono `samples` at `sample_rate` Hz, grey `frames`, their `times` in seconds of the recording.

    A modality that is missing has length 0. `start` is the time of the first sample in seconds.
    """

    samples: Float32[np.ndarray, " n"]
    sample_rate: int
    frames: UInt8[np.ndarray, "t h w"]
    times: Float[np.ndarray, " t"]
    start: float
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FaceTrack:
    """One person's face through a clip: 64x64 grey `crops`, whether it was `detected`, `yaw` (-1 left .. 1 right)."""

    crops: UInt8[np.ndarray, "t 64 64"]
    detected: Bool[np.ndarray, " t"]
    yaw: Float32[np.ndarray, " t"]
    times: Float[np.ndarray, " t"]


@dataclass(frozen=True, kw_only=True)
class FeatureSequence:
    """A modality's features of an utterance on the 100 Hz grid: row k belongs to `start` + k / 100 seconds."""

    name: str
    values: Float32[np.ndarray, "t dim"]


@dataclass(frozen=True, kw_only=True)
class FaceQuality:
    """How much of an utterance's picture showed a face: video frames, those with one detected, and the mean |yaw|.

    `half` is the half of the picture in which the person is, where a run says so.
    """

    utterance: str
    frames: int
    detected: int
    mean_absolute_yaw: float
    half: Half = ""


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """Everything an utterance gave: its modalities (those that failed are missing), face quality, what went wrong."""

    features: tuple[FeatureSequence, ...]
    quality: FaceQuality | None = None
    problems: tuple[Problem, ...] = ()
