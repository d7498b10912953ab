"""`fbank`: 128 mel bands after HTK."""

import numpy as np
import pytest

from valaro.features.filterbank import Filterbank, mel_filters
from valaro.features.framing import Framer
from valaro.features.spectrogram import power_spectrum


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


def test_silence_is_the_floor():
    assert Filterbank()(np.zeros((1, 400), np.float32)) == pytest.approx(np.log(1e-8))
