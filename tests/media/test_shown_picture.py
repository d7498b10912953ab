"""The picture as it is shown: square pixels, and the track that the file calls its default."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition

from helpers.media import make_recording, tone
from valaro.errors import MediaError
from valaro.limits import Limits
from valaro.media.decode import decode_clip, probe

MPEG4 = {"video_codec": "mpeg4", "pixel_format": "yuv420p"}


def disc(index, height, width):
    """A white disc as wide in pixels as high, a third of the height across, in the middle of black."""
    y, x = np.mgrid[:height, :width]
    return np.where(np.hypot(y - height / 2, x - width / 2) < height / 6, 255, 0).astype(np.uint8)


@pytest.mark.parametrize(
    ("pixel", "shape"), [((4, 3), (48, 128)), ((16, 11), (48, 140)), ((8, 9), (54, 96)), ((1, 1), (48, 96))]
)
def test_pixels_that_are_not_square_are_spread_over_square_ones(tmp_path, pixel, shape):
    path = make_recording(tmp_path / "a.mkv", size=(96, 48), draw=disc, pixel_shape=Fraction(*pixel), **MPEG4)
    frame = decode_clip(path, end=0.1, sound=False).frames[0]
    assert frame.shape == shape
    assert (probe(path).height, probe(path).width) == shape
    white = frame > 127
    high, wide = int(white.any(axis=1).sum()), int(white.any(axis=0).sum())
    assert wide / high == pytest.approx(pixel[0] / pixel[1], abs=0.1)


def test_a_turned_picture_is_spread_along_its_own_lines(tmp_path):
    path = make_recording(tmp_path / "a.mp4", size=(96, 48), pixel_shape=Fraction(4, 3), rotation=90, **MPEG4)
    assert decode_clip(path, end=0.1, sound=False).frames[0].shape == (128, 48)
    assert (probe(path).height, probe(path).width) == (128, 48)


def test_a_pixel_shape_that_no_camera_has_is_not_believed(tmp_path):
    path = make_recording(tmp_path / "a.mkv", size=(96, 48), pixel_shape=Fraction(200, 1), **MPEG4)
    assert decode_clip(path, end=0.1, sound=False).frames[0].shape == (48, 96)


def two_tracks(path, defaults):
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in defaults]
        for stream, is_default in zip(streams, defaults, strict=True):
            stream.disposition = Disposition.default if is_default else Disposition(0)
        for number, stream in enumerate(streams, 1):
            values = np.full((1, 16_000), 1000 * number, np.int16)
            frame = av.AudioFrame.from_ndarray(values, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16_000, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("defaults", "taken", "word"), [((False, True), 2, "the one marked as default"), ((False, False), 1, "the first")]
)
def test_of_several_tracks_the_default_one_is_taken_and_it_is_said(tmp_path, defaults, taken, word):
    clip = decode_clip(two_tracks(tmp_path / "a.mkv", defaults), picture=False)
    assert clip.samples.max() == pytest.approx(1000 * taken / 32768, abs=1e-4)
    (remark,) = clip.problems
    assert remark.is_remark
    assert remark.why.startswith(f"the recording has 2 tracks of sound: {word}")


def test_more_tracks_than_a_recorder_makes_are_said_as_what_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr("valaro.media.container.LIMITS", Limits(most_streams=1))
    with pytest.raises(MediaError, match="has 2 tracks: expected at most 1"):
        decode_clip(two_tracks(tmp_path / "a.mkv", (True, False)))


def test_a_picture_that_is_too_large_does_not_take_the_voice_with_it(tmp_path, monkeypatch):
    path = make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4)
    monkeypatch.setattr("valaro.media.container.LIMITS", Limits(longest_side=63))
    clip = decode_clip(path)
    assert (len(clip.samples), len(clip.frames)) == (32_000, 0)
    (problem,) = clip.problems
    assert problem.where == "picture"
    assert "claims 64x48 pixels" in problem.why


def test_a_picture_of_more_pixels_than_the_head_says_is_not_decoded(tmp_path, monkeypatch):
    # The decoder's own limit: a stream may change its size where nobody has looked yet.
    path = make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4)
    monkeypatch.setattr("valaro.media.frames.LIMITS", Limits(most_pixels=64 * 48 - 1))
    assert len(decode_clip(path).frames) == 0


@pytest.mark.parametrize("rate", [1, 999, 768_001, 2**31 - 1])
def test_a_sample_rate_that_no_recorder_has_is_refused_in_a_word(tmp_path, rate):
    path = make_recording(tmp_path / "a.wav", picture=False, sound=tone())
    content = bytearray(path.read_bytes())
    content[24:28] = rate.to_bytes(4, "little")
    for name in ("a.wav", "a.bin"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MediaError, match=f"claims {rate:,} samples a second: expected 1,000 to 768,000"):
            decode_clip(tmp_path / name, picture=False)


def test_sound_of_sun_and_next_is_read(tmp_path):
    path = make_recording(tmp_path / "a.au", picture=False, sound=tone(), sound_rate=16_000, audio_codec="pcm_s16be")
    assert len(decode_clip(path, picture=False).samples) == 32_000
