"""Where somebody speaks: windows worked out by hand, and real speech."""

from pathlib import Path

import numpy as np
import pytest

from helpers.media import make_recording, real_recordings, tone
from valaro.errors import MediaError
from valaro.media.decode import decode_clip
from valaro.media.voice_activity import SpeechSegment, VoiceActivity, spoken_stretches, stretches_of


def test_speech_begins_above_a_half_and_ends_where_it_stays_low() -> None:
    # Windows of 32 ms: 10 of silence, 20 of speech with one of doubt, a gap of 2, 10 more of speech, then silence.
    windows = [0.1] * 10 + [0.9] * 10 + [0.4] + [0.9] * 9 + [0.2] * 2 + [0.6] * 10 + [0.0] * 10
    assert stretches_of(windows) == (SpeechSegment(start=0.32, end=0.32 + 32 * 0.032),)
    # A gap of four windows (0.128 s) parts two stretches, each long enough.
    parted = [0.9] * 10 + [0.1] * 4 + [0.9] * 8
    assert stretches_of(parted) == (SpeechSegment(start=0.0, end=0.32), SpeechSegment(start=0.448, end=0.704))


def test_a_cough_is_no_speech_and_doubt_does_not_begin_it() -> None:
    assert stretches_of([0.1, *[0.9] * 7, *[0.1] * 9]) == ()
    assert stretches_of([0.45] * 50) == ()
    assert stretches_of([]) == ()


def test_portions_do_not_matter() -> None:
    samples = (0.1 * np.random.default_rng(0).standard_normal(5000)).astype(np.float32)
    whole, parts = VoiceActivity(), VoiceActivity()
    once = np.concatenate([whole.push(samples), whole.finish()])
    bits = [parts.push(part) for part in np.array_split(samples, 7)]
    assert np.array_equal(np.concatenate([*bits, parts.finish()]), once)
    assert len(once) == 10


def test_a_tone_and_silence_are_no_speech_and_a_picture_has_no_sound(tmp_path: Path) -> None:
    assert spoken_stretches(make_recording(tmp_path / "t.wav", picture=False, sound=tone(), seconds=3.0)) == ()
    silent = make_recording(tmp_path / "s.wav", picture=False, sound=tone(loudness=0.0), seconds=3.0)
    assert spoken_stretches(silent) == ()
    with pytest.raises(MediaError):
        spoken_stretches(make_recording(tmp_path / "p.mkv"))


@pytest.mark.recordings
def test_real_speech_is_found_where_the_sound_is_loud() -> None:
    path = real_recordings("grid_s1") / "video" / "bbbf6n.mpg"
    if not path.is_file():
        pytest.skip("grid_s1 is not beside the project")
    (stretch,) = spoken_stretches(path)
    samples = decode_clip(path, picture=False).samples
    power = np.square(samples[: len(samples) // 160 * 160].reshape(-1, 160)).mean(axis=1)
    loud = np.flatnonzero(power > 0.05 * power.max()) / 100
    assert stretch.start == pytest.approx(loud.min(), abs=0.2)
    assert stretch.end == pytest.approx(loud.max(), abs=0.3)
