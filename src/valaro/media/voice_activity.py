"""Where in a sound somebody speaks: the voice activity detector Silero VAD, in constant memory.

A recurrent network of 1.3 MB; weights from the package silero-vad 6.2.3 (see weights/README.md), run by ONNX Runtime.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from jaxtyping import Float32

from valaro.media.decode import stream_clips
from valaro.media.sound import SAMPLE_RATE
from valaro.weights import read_weights

WINDOW = 512
"""Samples of a window: 32 ms at 16 kHz."""

SPEECH, SILENCE = 0.5, 0.35
"""The probability from which speech begins, and below which it ends: the detector's own values."""

LEAST_SPEECH, LEAST_SILENCE = 0.25, 0.1
"""Seconds: shorter speech is a cough, shorter silence a stop consonant; the detector's own values."""

_CONTEXT = 64
_WEIGHTS = "silero_vad_16k_op15.onnx"


class SpeechSegment(NamedTuple):
    """A stretch in which somebody speaks, in seconds."""

    start: float
    end: float


class VoiceActivity:
    """The probability of speech in each window of 512 samples; samples come in any portions."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        # One thread a process: windows are far too small for more.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._network = onnxruntime.InferenceSession(
            read_weights(_WEIGHTS), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._kept = np.zeros(0, np.float32)

    def push(self, samples: Float32[np.ndarray, " n"]) -> Float32[np.ndarray, " w"]:
        """Return the probability of each window that is complete by now."""
        kept = np.concatenate([self._kept, samples])
        whole = len(kept) // WINDOW
        self._kept = kept[whole * WINDOW :]
        windows = kept[: whole * WINDOW].reshape(whole, WINDOW)
        return np.array([self._judge(window) for window in windows], dtype=np.float32)

    def finish(self) -> Float32[np.ndarray, " w"]:
        """Return the probability of the last, incomplete window, if there is one."""
        return self.push(np.zeros(-len(self._kept) % WINDOW, np.float32))

    def _judge(self, window: Float32[np.ndarray, " n"]) -> float:
        sound = np.concatenate([self._context, window])
        inputs = {"input": sound[None], "state": self._state, "sr": np.array(SAMPLE_RATE, dtype=np.int64)}
        probability, state = (np.asarray(output) for output in self._network.run(None, inputs))
        self._state, self._context = state, sound[-_CONTEXT:]
        return float(probability.item())


def spoken_stretches(path: Path) -> tuple[SpeechSegment, ...]:
    """Return where somebody speaks in the recording at `path`, in order.

    Raises:
        MediaError: it cannot be read, or has no sound.
    """
    return stretches_of([float(value) for part in _probabilities(path) for value in part])


def _probabilities(path: Path) -> Iterator[Float32[np.ndarray, " w"]]:
    detector = VoiceActivity()
    for clip in stream_clips(path, picture=False, stretch=10.0):
        yield detector.push(clip.samples)
    yield detector.finish()


def stretches_of(probabilities: Sequence[float]) -> tuple[SpeechSegment, ...]:
    """Return the stretches of speech for one probability a window.

    Speech begins at a window of at least SPEECH and lasts until a window below SILENCE after which none reaches SPEECH
    for LEAST_SILENCE.

    >>> stretches_of([0.1] * 10 + [0.9] * 20 + [0.4] * 3 + [0.1] * 10)
    (SpeechSegment(start=0.32, end=1.056),)
    """
    seconds = WINDOW / SAMPLE_RATE
    stretches: list[SpeechSegment] = []
    start = silent = None
    for index, probability in enumerate((*probabilities, *[0.0] * (1 + int(LEAST_SILENCE / seconds)))):
        if probability >= SPEECH:
            start, silent = (index if start is None else start), None
        elif probability < SILENCE and start is not None:
            silent = index if silent is None else silent
            if (index - silent) * seconds >= LEAST_SILENCE - seconds:
                stretches.append(SpeechSegment(start=round(start * seconds, 6), end=round(silent * seconds, 6)))
                start = silent = None
    return tuple(stretch for stretch in stretches if stretch.end - stretch.start >= LEAST_SPEECH)
