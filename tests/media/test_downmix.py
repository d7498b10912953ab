"""A voice keeps its level whichever of the channels holds it, and however they are wired."""

import av
import numpy as np
import pytest

from helpers.media import tone
from valaro.media.decode import decode_clip
from valaro.media.downmix import Downmix

VOICE = tone(300.0)(np.arange(32_000) / 16_000)
NOISE = np.random.default_rng(1).normal(0, 0.001, (2, 32_000)).astype(np.float32)
SILENCE = np.zeros_like(VOICE)


def mixed(*channels, names=()):
    return Downmix()(np.stack(channels).astype(np.float32), names)


def test_two_channels_that_are_well_become_their_mean():
    other = tone(300.0, 0.3)(np.arange(32_000) / 16_000)
    assert mixed(VOICE + NOISE[0], other + NOISE[1]) == pytest.approx((VOICE + other + NOISE.sum(axis=0)) / 2, abs=1e-6)


def test_channels_of_opposite_phase_do_not_cancel():
    assert mixed(VOICE, -VOICE) == pytest.approx(VOICE, abs=1e-6)
    # Half as loud the other way round: the mean of both levels.
    assert mixed(VOICE, -0.5 * VOICE) == pytest.approx(0.75 * VOICE, abs=1e-6)


def test_a_dead_channel_takes_nothing_from_the_level():
    assert mixed(VOICE, SILENCE) == pytest.approx(VOICE, abs=1e-6)
    assert mixed(NOISE[0], VOICE) == pytest.approx(VOICE, abs=1e-6)


def test_a_channel_that_comes_to_life_is_heard_and_fades_in():
    late = np.where(np.arange(32_000) < 16_384, 0, VOICE)
    both = mixed(VOICE, late)
    assert both == pytest.approx(VOICE, abs=1e-6)
    only = mixed(np.where(np.arange(32_000) < 16_384, VOICE, 0), late)
    assert only[:16_384] == pytest.approx(VOICE[:16_384], abs=1e-6)
    assert only[17_408:] == pytest.approx(VOICE[17_408:], abs=1e-6)


def test_silence_stays_silence_and_one_channel_itself():
    assert not mixed(SILENCE, SILENCE).any()
    assert (mixed(VOICE) == VOICE).all()


@pytest.mark.parametrize(("layout", "names"), [("5.1", 6), ("7.1", 8)])
@pytest.mark.parametrize("voice_in", [("FC",), ("FL", "FR")])
@pytest.mark.parametrize(("suffix", "codec"), [("wav", "pcm_s16le"), ("mka", "pcm_f32le")])
def test_films_have_the_voice_at_its_level_in_the_centre_and_on_both_sides(
    tmp_path, layout, names, voice_in, suffix, codec
):
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=16_000, layout=layout)
        channels = [channel.name for channel in av.AudioLayout(layout).channels]
        assert len(channels) == names
        sound = np.stack([VOICE if name in voice_in else SILENCE for name in channels])
        form = stream.codec_context.format.name
        values = np.round(sound * 32768).astype(np.int16) if form == "s16" else sound
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(values.T.reshape(1, -1)), format=form, layout=layout)
        frame.sample_rate, frame.pts = 16_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert decode_clip(path, picture=False).samples == pytest.approx(VOICE, abs=1e-4)
