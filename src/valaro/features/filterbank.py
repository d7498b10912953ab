"""`fbank`: the log power of 25 ms windows in 128 mel bands."""

import numpy as np
from jaxtyping import Float32

from valaro.features.spectrogram import FFT_LENGTH, log_power, power_spectrum

_BANDS = 128
_NYQUIST = 8000.0  # Hz, of 16 kHz sound


def mel_filters() -> Float32[np.ndarray, "513 128"]:
    """Return triangular filters of height 1, evenly spaced on the mel scale of HTK from 0 to 8000 Hz.

    HTK Book 3.4, eq. 5.13: mel(f) = 2595 log10(1 + f / 700). The same as librosa's with `htk=True, norm=None`.
    """
    mels = np.linspace(0.0, 2595 * np.log10(1 + _NYQUIST / 700), _BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.linspace(0.0, _NYQUIST, FFT_LENGTH // 2 + 1)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


class Filterbank:
    """`fbank`: log mel filterbank energies."""

    name = "fbank"
    dim = _BANDS
    version = 1

    def __init__(self) -> None:
        self._filters = mel_filters()

    def __call__(self, windows: Float32[np.ndarray, "t 400"]) -> Float32[np.ndarray, "t 128"]:
        """Return a row a window; column 0 is the lowest band."""
        return log_power(power_spectrum(windows) @ self._filters)
