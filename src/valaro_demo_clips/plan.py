"""The plan of one synthetic clip: every plain value that its sound and picture need."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from valaro_demo_clips.person import Person


@dataclass(frozen=True, kw_only=True)
class ClipPlan:
    """Everything that one clip needs; a worker process can render it from this alone.

    `valence` and `arousal` (-1..1) are knots spread evenly over `duration` seconds. `voice_share` and `face_share`
    (0-1) are how much of them each channel lets out. `gain` and `noise` are dB, `light` (-1..1) the side it falls
    from, `brightness` a factor, `camera` the picture's (right, down, zoom); votes are 1-5, empty where unlabelled.
    """

    utterance: str
    file: str
    person: Person
    session: str
    seed: int
    duration: float
    valence: tuple[float, ...]
    arousal: tuple[float, ...]
    voice_share: float = 1.0
    face_share: float = 1.0
    gain: float = 0.0
    noise: float = -50.0
    light: float = 0.0
    brightness: float = 1.0
    camera: tuple[float, float, float] = (0.0, 0.0, 1.0)
    valence_votes: tuple[int, ...] = ()
    arousal_votes: tuple[int, ...] = ()


def follow(knots: tuple[float, ...], duration: float, times: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
    """Return the value at `times` (seconds) of knots spread evenly over `duration`.

    >>> follow((0.0, 1.0), 2.0, np.array([0.0, 0.5, 2.0])).tolist()
    [0.0, 0.25, 1.0]
    """
    return np.interp(times, np.linspace(0, duration, len(knots)), knots)
