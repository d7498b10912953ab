"""How loud a speaker is in a recording, and what in it is silence by the speaker's own measure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

FRAME = 320
"""Samples of a frame: 20 ms at 16 kHz."""

BELOW_SPEECH = 20.0
"""dB below the speaker's own level under which a frame is no speech: another voice in the same room, a breath."""

ABOVE_FLOOR = 6.0
"""dB above the noise floor under which a frame is no speech: hiss varies by 2 dB or so from frame to frame."""

HIGHEST_FLOOR = -50.0
"""dBFS; what is louder all the time is no noise of a close microphone but a voice that never pauses."""

LOWEST_SPEECH = -70.0
"""dBFS under which nothing is speech: a microphone that is switched off."""

LEAST_SPEECH = 0.2
"""Seconds of frames louder than all these that make a stretch speech: a click is shorter."""

_SMALLEST = 1e-12  # power; digital silence has no logarithm


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """Levels of a recording's frames in dBFS (0: a square wave at full scale): its speech, its noise floor."""

    speech: float
    floor: float

    @property
    def threshold(self) -> float:
        """The level from which a frame is speech."""
        return max(self.speech - BELOW_SPEECH, min(self.floor, HIGHEST_FLOOR) + ABOVE_FLOOR, LOWEST_SPEECH)


def frame_levels(samples: Float32[np.ndarray, " n"]) -> Float64[np.ndarray, " frames"]:
    """Return the level of each 20 ms of 16 kHz sound in dBFS; a constant offset counts for nothing."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    return 10 * np.log10(np.maximum(frames.var(axis=1), _SMALLEST))


def measure(stretches: Sequence[Float32[np.ndarray, " n"]]) -> Loudness:
    """Return the loudness of a speaker from stretches in which most often, but not all the time, he speaks.

    A stretch is as loud as its loudest tenth; `speech` is the upper quartile of the stretches, since some may be silent
    though a transcript has words there; `floor` is what a tenth of all frames are softer than.
    """
    assert stretches
    levels = [frame_levels(stretch) for stretch in stretches]
    return Loudness(
        speech=float(np.quantile([np.quantile(level, 0.9) for level in levels], 0.75)),
        floor=float(np.quantile(np.concatenate(levels), 0.1)),
    )


def is_silence(samples: Float32[np.ndarray, " n"], loudness: Loudness) -> bool:
    """Whether less than LEAST_SPEECH of a stretch is speech."""
    loud = frame_levels(samples) >= loudness.threshold
    return int(loud.sum()) * FRAME < LEAST_SPEECH * 16_000
