"""`fft`: 128 bands of 62.5 Hz."""

import numpy as np
import pytest

from valaro.features.spectrogram import FLOOR, Spectrogram, power_spectrum


def window(hertz, loudness=1.0):
    return (loudness * np.cos(2 * np.pi * hertz * np.arange(400) / 16_000)).astype(np.float32)[None]


def test_a_full_scale_tone_of_1000_hz_has_power_10000_in_bin_64():
    # A cosine's peak is half the window's sum: (400 x 0.5 / 2)^2 = 10,000; 1000 / 15.625 = 64.
    power = power_spectrum(window(1000))[0]
    assert int(power.argmax()) == 64
    assert power[64] == pytest.approx(10_000, rel=1e-4)


def test_column_15_holds_the_mean_power_of_bins_61_to_64():
    row = Spectrogram()(window(1000))[0]
    power = power_spectrum(window(1000))[0]
    assert row.shape == (128,)
    assert row[15] == pytest.approx(np.log(power[61:65].mean()), rel=1e-5)


def test_half_the_loudness_is_log_4_less():
    loud, soft = Spectrogram()(window(3000))[0], Spectrogram()(window(3000, 0.5))[0]
    assert loud.max() - soft.max() == pytest.approx(np.log(4), abs=1e-4)


def test_silence_is_the_floor_and_not_minus_infinity():
    assert Spectrogram()(np.zeros((2, 400), np.float32)) == pytest.approx(np.log(FLOOR))


def test_the_top_column_ends_at_8000_hz():
    assert int(Spectrogram()(window(7960))[0].argmax()) == 127
