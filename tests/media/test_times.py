"""Every sample and picture at its time, whatever the container does not know or says wrongly."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from helpers.media import click_at, levels_of, make_recording, tone
from valaro.limits import Limits
from valaro.media.decode import decode_clip, probe, stream_clips

MPEG4 = {"video_codec": "mpeg4", "pixel_format": "yuv420p"}
LARGE = {"size": (96, 64), "seconds": 2.4}


def whys(clip):
    return [problem.why for problem in clip.problems]


def clicks(samples):
    """The seconds at which the sound is loud, one for each click."""
    loud = np.flatnonzero(np.abs(samples) > 0.25 * np.abs(samples).max()) / 16_000
    return [float(loud[0]), *(float(after) for before, after in pairwise(loud) if after - before > 0.5)]


@pytest.mark.parametrize("b_frames", [0, 1, 2])
@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
@pytest.mark.parametrize("rate", [5, 25])
def test_pictures_in_an_avi_are_not_late_against_the_sound(tmp_path, codec, rate, b_frames):
    kind = {"video_codec": codec, "pixel_format": "yuv420p", "b_frames": b_frames, "rate": rate}
    clip = decode_clip(make_recording(tmp_path / "a.avi", sound=tone(), **LARGE, **kind))
    count = round(2.4 * rate)
    assert clip.times == pytest.approx(np.arange(count) / rate)
    assert levels_of(clip.frames) == [k % 25 for k in range(count)]
    assert clip.problems == ()


def test_a_stretch_of_an_avi_with_reordered_pictures_holds_what_the_whole_shows_there(tmp_path):
    path = make_recording(tmp_path / "a.avi", sound=tone(), size=(96, 64), seconds=4, b_frames=2, **MPEG4)
    whole, part = decode_clip(path), decode_clip(path, start=2.2, end=3.0)
    assert part.times == pytest.approx(whole.times[55:75])
    assert (part.frames == whole.frames[55:75]).all()


def test_a_picture_that_packets_of_no_bytes_repeat_stands_and_is_no_damage():
    # 3 s of Ogg/Theora at 10 pictures a second, grey and from 1.5 s on white: two pictures, the others are repeated.
    clip = decode_clip(Path(__file__).with_name("repeated_picture.ogv"), sound=False)
    assert (clip.times.tolist(), clip.problems) == ([0.0, 1.5], ())
    assert clip.frames.mean(axis=(1, 2)) == pytest.approx([126, 235], abs=1)


def flac_without_length(path, seconds):
    make_recording(
        path, picture=False, sound=tone(loudness=0.5), sound_rate=16_000, seconds=seconds, audio_codec="flac"
    )
    content = bytearray(path.read_bytes())
    # The 36 bits of STREAMINFO that count the samples: 0 says that the encoder did not know.
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("seconds", [3.0, 10.0])
def test_a_flac_of_unknown_length_gives_every_sample(tmp_path, seconds):
    clip = decode_clip(flac_without_length(tmp_path / "a.flac", seconds), picture=False)
    count = round(16_000 * seconds)
    assert (len(clip.samples), clip.problems) == (count, ())
    assert clip.samples == pytest.approx(0.5 * np.sin(2 * np.pi * 440 * np.arange(count) / 16_000), abs=1e-4)


def test_a_flv_whose_recorder_connected_again_is_one_recording_with_sound_and_picture_together(tmp_path):
    kind = {"video_codec": "flv", "pixel_format": "yuv420p", "audio_codec": "aac", "sound_rate": 44_100}
    once = make_recording(tmp_path / "a.flv", sound=click_at(1.0), **LARGE, **kind).read_bytes()
    # The head of the second part is left out, as a recorder does that appends.
    (tmp_path / "twice.flv").write_bytes(once + once[13:])
    clip = decode_clip(tmp_path / "twice.flv")
    assert clip.problems == ()
    first, second = clicks(clip.samples)
    begins = [float(time) for time, level in zip(clip.times, levels_of(clip.frames), strict=True) if level == 20]
    assert len(clip.frames) == 120
    # The click is at 1.0 s of each part, the twenty-first picture at 0.8 s; picture 45 is as bright.
    assert [first - begins[0], second - begins[2]] == pytest.approx([0.2, 0.2], abs=0.03)
    assert second - first == pytest.approx(2.4, abs=0.06)
    assert probe(tmp_path / "twice.flv").duration == pytest.approx(4.8, abs=0.1)


def test_a_stretch_of_the_second_part_is_found_though_its_time_stamps_began_again(tmp_path):
    kind = {"video_codec": "flv", "pixel_format": "yuv420p", "audio_codec": "aac", "sound_rate": 44_100}
    once = make_recording(tmp_path / "a.flv", sound=click_at(1.0), **LARGE, **kind).read_bytes()
    (tmp_path / "twice.flv").write_bytes(once + once[13:])
    whole = decode_clip(tmp_path / "twice.flv")
    part = decode_clip(tmp_path / "twice.flv", start=3.0, end=4.0)
    inside = (whole.times > 3.0) & (whole.times < 4.0)
    assert part.times[1:] == pytest.approx(whole.times[inside])
    assert (part.frames[1:] == whole.frames[inside]).all()
    assert clicks(part.samples) == pytest.approx([clicks(whole.samples)[1] - 3.0], abs=0.002)


def test_chained_ogg_sounds_to_its_end(tmp_path):
    parts = []
    for name in ("a", "b"):
        path = make_recording(
            tmp_path / f"{name}.ogg",
            picture=False,
            sound=click_at(1.0),
            audio_codec="libopus",
            options={"serial_offset": "7"} if name == "b" else {},
        )
        parts.append(path.read_bytes())
    (tmp_path / "chain.ogg").write_bytes(parts[0] + parts[1])
    clip = decode_clip(tmp_path / "chain.ogg", picture=False)
    assert len(clip.samples) == pytest.approx(64_000, abs=1_600)
    assert clicks(clip.samples) == pytest.approx([1.0, 3.0], abs=0.05)
    assert clip.problems == ()


def test_sound_whose_sample_rate_changes_on_the_way_is_whole(tmp_path):
    for rate in (44_100, 48_000):
        make_recording(tmp_path / f"{rate}.aac", picture=False, sound=click_at(1.0), sound_rate=rate, audio_codec="aac")
    (tmp_path / "change.aac").write_bytes((tmp_path / "44100.aac").read_bytes() + (tmp_path / "48000.aac").read_bytes())
    clip = decode_clip(tmp_path / "change.aac", picture=False)
    assert len(clip.samples) == pytest.approx(64_000, abs=2_000)
    # Each part is preceded by 1,024 samples in which the encoder starts, and rounded up to whole blocks.
    assert clicks(clip.samples) == pytest.approx([1.02, 3.07], abs=0.04)
    assert clip.problems == ()


def jumping(tmp_path, seconds):
    """A recording of 2 s whose time stamps jump by `seconds` after 1 s."""
    plain = make_recording(tmp_path / "plain.mkv", sound=tone(), **MPEG4)
    with av.open(str(plain)) as source, av.open(str(tmp_path / "jump.mkv"), "w") as target:
        streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is None:
                continue
            late = int(seconds / packet.time_base) if packet.pts * packet.time_base >= 1 else 0
            packet.pts, packet.dts, packet.stream = packet.pts + late, packet.dts + late, streams[packet.stream.index]
            target.mux(packet)
    return tmp_path / "jump.mkv"


def test_a_jump_that_is_longer_than_a_gap_may_be_costs_nothing_and_is_said(tmp_path):
    path = jumping(tmp_path, 10**6)
    clip = decode_clip(path)
    assert len(clip.samples) == pytest.approx(32_000, abs=1_000)
    assert clip.times == pytest.approx(np.arange(50) / 25, abs=0.05)
    (why,) = whys(clip)
    assert why.startswith("the time stamps jump by 1,000,000 s at 1.0")
    # A length that the bytes of the file cannot fill is not believed.
    assert probe(path).duration == pytest.approx(2.0, abs=0.1)


def test_a_gap_that_is_shorter_than_the_limit_is_silence_in_which_the_picture_stands(tmp_path):
    clip = decode_clip(jumping(tmp_path, 30))
    assert len(clip.samples) == pytest.approx(32 * 16_000, abs=1_000)
    assert not clip.samples[2 * 16_000 : 30 * 16_000].any()
    assert clip.times[25] == pytest.approx(31.0, abs=0.01)


def test_many_gaps_are_bounded_by_what_there_is_between_them(tmp_path, monkeypatch):
    # One second of sound before the gap of 30 s: as many as 2 + 20 x 1 may be filled.
    monkeypatch.setattr("valaro.media.clock.LIMITS", Limits(longest_gap=2.0))
    clips = list(stream_clips(jumping(tmp_path, 30)))
    assert sum(len(clip.samples) for clip in clips) == pytest.approx(32_000, abs=1_000)


def test_a_recording_longer_than_the_limit_is_cut_there_and_it_is_said(tmp_path, monkeypatch):
    path = make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4)
    monkeypatch.setattr("valaro.media.decode.LIMITS", Limits(longest_recording=1.0))
    clip = decode_clip(path)
    assert (len(clip.samples), len(clip.frames)) == (16_000, 25)
    assert whys(clip) == ["longer than 0.0 hours: what follows is left out"]
    assert decode_clip(path, start=0.5, end=1.5).problems == ()
