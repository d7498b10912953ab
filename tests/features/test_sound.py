"""`fft`: 128 bands of 62.5 Hz; `fbank`: 128 mel bands after HTK."""

import numpy as np
import pytest

from valaro.features.framing import Framer
from valaro.features.sound import FLOOR, Filterbank, Spectrogram, mel_filters, power_spectrum


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


def test_no_filter_is_empty():
    assert (mel_filters().sum(axis=0) > 0).all()


def test_a_filter_peaks_at_its_centre_on_the_mel_scale():
    # HTK: mel(8000) = 2595 log10(1 + 8000 / 700) = 2840.02; band 63 is centred at 64/129 of it, 1409.01 mel,
    # which is 700 (10^(1409.01 / 2595) - 1) = 1743.6 Hz: nearest bin 1743.6 / 15.625 = 111.6, so 112.
    assert int(mel_filters()[:, 63].argmax()) == 112


def test_neighbouring_filters_sum_to_one_between_the_first_and_last_centre():
    filters = mel_filters().sum(axis=1)
    # First and last centre: 13.8 Hz and 7,811 Hz, so bins 1 to 499.
    assert filters[1:500] == pytest.approx(1.0, abs=1e-5)


def test_it_agrees_with_librosa():
    librosa = pytest.importorskip("librosa")
    samples = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    framer = Framer()
    windows = np.concatenate([*framer.push(samples), *framer.finish()])
    theirs_filters = librosa.filters.mel(sr=16_000, n_fft=1024, n_mels=128, htk=True, norm=None)
    assert mel_filters() == pytest.approx(theirs_filters.T, abs=1e-5)
    # librosa centres the 400 samples in its 1024: with 312 zeros before, its frame k begins where our window k does.
    padded = np.pad(samples, (312, 0))
    theirs = librosa.feature.melspectrogram(
        y=padded, sr=16_000, n_fft=1024, hop_length=160, win_length=400, center=False, n_mels=128, htk=True, norm=None
    )
    ours = power_spectrum(windows) @ mel_filters()
    assert ours[: theirs.shape[1]] == pytest.approx(theirs.T, rel=1e-3, abs=1e-4)
    assert Filterbank()(windows)[0] == pytest.approx(np.log(theirs[:, 0]), abs=1e-3)


def test_silence_is_the_floor_of_mel_bands():
    assert Filterbank()(np.zeros((1, 400), np.float32)) == pytest.approx(np.log(1e-8))
