"""What is silence by a speaker's own measure."""

import numpy as np
import pytest

from helpers.media import real_recordings
from valaro.media.decode import decode_clip
from valaro.media.loudness import Loudness, frame_levels, is_silence, measure

SECOND = 16_000


def hum(level: float, seconds: float = 1.28) -> np.ndarray:
    """A 100 Hz sine of so many dBFS: two whole periods in each 20 ms, amplitude sqrt(2) x 10^(level/20)."""
    times = np.arange(round(seconds * SECOND)) / SECOND
    return (np.sqrt(2) * 10 ** (level / 20) * np.sin(2 * np.pi * 100 * times)).astype(np.float32)


def hiss(level: float, seconds: float = 1.28, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(0, 10 ** (level / 20), round(seconds * SECOND))).astype(np.float32)


def spoken(level: float, floor: float, seconds: float, seed: int = 0) -> np.ndarray:
    """1.28 s of hiss with `seconds` of speech in its middle."""
    sound = hiss(floor, seed=seed)
    first = (len(sound) - round(seconds * SECOND)) // 2
    sound[first : first + round(seconds * SECOND)] += hum(level, seconds)
    return sound


def test_a_frame_is_20_ms_and_an_offset_is_no_sound():
    assert frame_levels(hum(-30.0, 0.1)) == pytest.approx([-30.0] * 5, abs=0.01)
    assert frame_levels(hum(-30.0, 0.1) + np.float32(0.25)) == pytest.approx([-30.0] * 5, abs=0.01)
    assert frame_levels(np.zeros(700, np.float32)) == pytest.approx([-120.0, -120.0])


def test_speech_is_the_upper_quartile_of_the_stretches_and_the_floor_a_tenth_of_all_frames():
    stretches = [spoken(-30.0, -75.0, 0.6, seed) for seed in range(18)] + [hiss(-75.0, seed=seed) for seed in range(6)]
    loudness = measure(stretches)
    assert loudness.speech == pytest.approx(-30.0, abs=0.5)
    assert loudness.floor == pytest.approx(-75.5, abs=0.5)
    assert loudness.threshold == pytest.approx(-50.0, abs=0.5)


def test_two_tenths_of_a_second_of_speech_are_no_silence_and_less_is():
    loudness = Loudness(speech=-30.0, floor=-75.0)
    assert not is_silence(spoken(-30.0, -75.0, 0.24), loudness)
    assert is_silence(spoken(-30.0, -75.0, 0.16), loudness)
    click = hiss(-75.0)
    click[10_000] = 1.0
    assert is_silence(click, loudness)


def test_another_voice_in_the_room_is_silence_and_a_soft_word_is_none():
    loudness = Loudness(speech=-30.0, floor=-75.0)
    assert is_silence(spoken(-52.0, -75.0, 1.0), loudness)
    assert not is_silence(spoken(-48.0, -75.0, 1.0), loudness)


def test_a_microphone_that_only_hisses_is_silence_throughout():
    stretches = [hiss(-60.0, seed=seed) for seed in range(24)]
    loudness = measure(stretches)
    assert all(is_silence(stretch, loudness) for stretch in stretches)


def test_a_microphone_that_is_off_is_silence_throughout():
    for level in (-200.0, -75.0):
        stretches = [hum(level) for _ in range(5)]
        assert all(is_silence(stretch, measure(stretches)) for stretch in stretches)


def test_a_voice_that_never_pauses_is_no_noise_floor():
    stretches = [hum(-20.0) for _ in range(24)]
    assert not is_silence(stretches[0], measure(stretches))


@pytest.mark.recordings
def test_the_pauses_of_real_headsets_are_silence_and_their_loudest_second_is_none():
    folder = real_recordings("ami") / "audio"
    if not folder.is_dir():
        pytest.skip("the recordings ami are not beside the project")
    paused = []
    for path in sorted(folder.glob("*.flac")):
        sound = decode_clip(path).samples
        crops = sorted(
            (sound[first : first + 20_480] for first in range(0, len(sound) - 20_480, 1_600)),
            key=lambda crop: float(np.square(crop).sum()),
        )
        loudness = measure(crops)
        assert not any(is_silence(crop, loudness) for crop in crops[-len(crops) // 3 :]), path
        if is_silence(crops[0], loudness):
            paused.append(path.stem)
    # In trn01 and trn03 nobody pauses for a second: the loudest 20 ms of their quietest crops have -47 and -32 dBFS.
    assert paused == ["dev00", "dev01", "trn05", "trn07", "tst00", "tst01"]
