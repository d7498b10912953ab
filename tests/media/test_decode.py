"""Recordings decoded to clips: one clock, true times, upright grey pictures, and plain words for what is broken."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from helpers.media import click_at, cut_in_half, make_recording, numbered, tone
from valaro.errors import MediaError
from valaro.limits import Limits
from valaro.media.decode import MOST_FRAME_BYTES, decode_clip, probe, stream_clips

MPEG4 = {"video_codec": "mpeg4", "pixel_format": "yuv420p"}


def whys(clip):
    return {problem.where: problem.why for problem in clip.problems}


def test_two_seconds_are_32000_samples_and_50_frames_at_their_times(tmp_path):
    clip = decode_clip(make_recording(tmp_path / "a.mkv", sound=tone()))
    assert (len(clip.samples), clip.sample_rate, clip.frames.shape) == (32_000, 16_000, (50, 48, 64))
    assert clip.times == pytest.approx(np.arange(50) / 25)
    assert (clip.start, clip.problems) == (0.0, ())


def test_pixels_are_the_luma_itself_though_the_decoder_pads_its_lines(tmp_path):
    clip = decode_clip(make_recording(tmp_path / "a.mkv", size=(50, 38)), sound=False)
    for index in (0, 7, 49):
        assert (clip.frames[index] == numbered(index, 38, 50)).all()


def test_a_picture_without_a_luma_plane_is_converted(tmp_path):
    def red(index, height, width):
        return np.tile(np.array([255, 0, 0], np.uint8), (height, width, 1))

    clip = decode_clip(make_recording(tmp_path / "a.mkv", draw=red, pixel_format="bgr0"), sound=False)
    # BT.601: red has 0.299 of white's luma, 0.299 x 255 = 76.
    assert int(clip.frames[0, 0, 0]) == pytest.approx(76, abs=1)


@pytest.mark.parametrize("rate", [48_000, 44_100, 16_000])
def test_a_click_at_1_s_is_sample_16000_and_from_0_75_s_sample_4000(tmp_path, rate):
    path = make_recording(tmp_path / "a.mov", sound=click_at(1.0), sound_rate=rate, **MPEG4)
    assert int(decode_clip(path, picture=False).samples.argmax()) == 16_000
    part = decode_clip(path, start=0.75, end=1.5, picture=False)
    assert (len(part.samples), int(part.samples.argmax()), part.start) == (12_000, 4_000, 0.75)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_plain_sound_files_keep_their_samples(tmp_path, suffix):
    codec = "flac" if suffix == "flac" else "pcm_s16le"
    path = make_recording(
        tmp_path / f"a.{suffix}", picture=False, sound=tone(loudness=0.5), sound_rate=16_000, audio_codec=codec
    )
    clip = decode_clip(path, start=0.5, end=1.25, picture=False)
    expected = 0.5 * np.sin(2 * np.pi * 440 * (0.5 + np.arange(12_000) / 16_000))
    assert clip.samples == pytest.approx(expected, abs=1e-4)


def test_two_channels_become_their_mean_at_the_same_loudness(tmp_path):
    path = make_recording(tmp_path / "a.mov", picture=False, sound=tone(loudness=0.5), channels=2)
    assert float(np.abs(decode_clip(path, picture=False).samples[2000:-2000]).max()) == pytest.approx(0.5, abs=0.005)


def test_integer_and_float_sound_are_equally_loud(tmp_path):
    for codec in ("pcm_s16le", "pcm_f32le"):
        path = make_recording(tmp_path / f"{codec}.mov", picture=False, sound=tone(), channels=2, audio_codec=codec)
        assert float(decode_clip(path, picture=False).samples.std()) == pytest.approx(0.5 / 2**0.5, rel=0.01)


def test_resampled_sound_does_not_depend_on_where_decoding_began(tmp_path):
    path = make_recording(tmp_path / "a.mov", sound=tone(1234.5), sound_rate=44_100, seconds=4, **MPEG4)
    whole = decode_clip(path, picture=False).samples
    part = decode_clip(path, start=2.0, end=3.0, picture=False).samples
    assert part == pytest.approx(whole[32_000:48_000], abs=1e-5)


def test_variable_frame_rate_keeps_its_true_times(tmp_path):
    times = [0.0, 0.04, 0.5, 0.54, 1.9]
    clip = decode_clip(make_recording(tmp_path / "a.mkv", frame_times=times), sound=False)
    assert clip.times == pytest.approx(times)


def test_a_quarter_turn_in_the_metadata_turns_the_picture(tmp_path):
    path = make_recording(tmp_path / "a.mp4", rotation=90, **MPEG4)
    info = probe(path)
    clip = decode_clip(path, sound=False)
    assert (info.width, info.height) == (48, 64)
    assert clip.frames.shape == (50, 64, 48)
    # 90 degrees counter-clockwise: what rose from left to right now rises from bottom to top.
    assert clip.frames[0, 60, 40] < 60
    assert clip.frames[0, 3, 40] > 180


def test_sound_that_begins_half_a_second_late_is_preceded_by_silence(tmp_path):
    clip = decode_clip(make_recording(tmp_path / "a.mkv", sound=tone(), sound_start=0.5))
    assert float(np.abs(clip.samples[:7_900]).max()) == 0.0
    assert float(np.abs(clip.samples[8_000:8_200]).max()) > 0.4
    assert clip.times[0] == 0.0


def test_a_picture_that_begins_late_keeps_its_offset(tmp_path):
    times = [0.3 + k / 25 for k in range(30)]
    clip = decode_clip(make_recording(tmp_path / "a.mkv", sound=tone(), frame_times=times))
    assert clip.times == pytest.approx(times, abs=1e-3)
    assert len(clip.samples) == 32_000


def test_sound_shorter_than_the_picture_is_padded_to_its_end(tmp_path):
    clip = decode_clip(make_recording(tmp_path / "a.mov", sound=tone(), sound_seconds=1.5, **MPEG4))
    assert len(clip.samples) == 32_000
    assert not clip.samples[24_500:].any()
    assert clip.problems == ()


def test_a_stretch_holds_what_the_whole_recording_shows_there(tmp_path):
    path = make_recording(tmp_path / "a.mp4", seconds=4, **MPEG4)
    whole, part = decode_clip(path, sound=False), decode_clip(path, start=2.4, end=3.0, sound=False)
    assert part.times == pytest.approx(whole.times[60:75])
    assert (part.frames == whole.frames[60:75]).all()


def test_the_frame_on_screen_at_the_start_comes_first(tmp_path):
    clip = decode_clip(make_recording(tmp_path / "a.mkv", frame_times=[0.0, 0.5, 1.8]), start=0.7, end=1.5, sound=False)
    assert clip.times == pytest.approx([0.5])


def test_a_region_is_a_fraction_of_the_upright_picture(tmp_path):
    clip = decode_clip(make_recording(tmp_path / "a.mkv"), region=(0.5, 0.0, 1.0, 0.5), sound=False)
    assert (clip.frames[3] == numbered(3, 48, 64)[:24, 32:]).all()


@pytest.mark.parametrize("stretch", [0.1, 0.33, 2.0, 60.0])
def test_successive_clips_join_without_gap_to_the_whole(tmp_path, stretch):
    path = make_recording(tmp_path / "a.mov", sound=tone(), sound_rate=44_100, seconds=3, **MPEG4)
    whole, clips = decode_clip(path), list(stream_clips(path, stretch=stretch))
    for before, after in pairwise(clips):
        assert after.start == pytest.approx(before.start + len(before.samples) / 16_000)
        assert len(before.samples) <= stretch * 16_000 + 1
    assert (np.concatenate([clip.samples for clip in clips]) == whole.samples).all()
    assert (np.concatenate([clip.frames for clip in clips]) == whole.frames).all()
    assert (np.concatenate([clip.times for clip in clips]) == whole.times).all()


def test_large_pictures_make_shorter_clips(tmp_path):
    path = make_recording(tmp_path / "a.mp4", size=(1280, 720), seconds=0.6, **MPEG4)
    sizes = [clip.frames.nbytes for clip in stream_clips(path, sound=False)]
    assert max(sizes) <= MOST_FRAME_BYTES
    assert sum(sizes) == 15 * 1280 * 720


def test_missing_sound_or_picture_is_a_problem_and_the_other_is_there(tmp_path):
    silent = decode_clip(make_recording(tmp_path / "silent.mp4", **MPEG4))
    assert whys(silent) == {"sound": "the recording has no sound"}
    assert (len(silent.samples), len(silent.frames)) == (0, 50)
    blind = decode_clip(make_recording(tmp_path / "blind.wav", picture=False, sound=tone()))
    assert whys(blind) == {"picture": "the recording has no picture"}
    assert (len(blind.samples), blind.frames.shape) == (32_000, (0, 0, 0))
    assert decode_clip(tmp_path / "silent.mp4", sound=False).problems == ()


def test_probe_reads_what_the_file_says(tmp_path):
    info = probe(make_recording(tmp_path / "a.mov", sound=tone(), seconds=3, **MPEG4))
    assert (info.duration, info.has_sound, info.has_picture) == (pytest.approx(3.0, abs=0.03), True, True)
    assert (info.width, info.height, info.frame_rate) == (64, 48, pytest.approx(25))


def broken(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_file_that_is_no_recording_is_named_with_what_was_expected(tmp_path):
    text = broken(tmp_path, "text.mp4", b"hello world\n" * 300)
    for path, words in [
        (text, "is no recording that can be read"),
        (broken(tmp_path, "empty.mp4", b""), r"is empty \(0 bytes\)"),
        (tmp_path / "none.mp4", "does not exist"),
        (tmp_path, "is a folder"),
    ]:
        for read in (probe, decode_clip):
            with pytest.raises(MediaError, match=words) as caught:
                read(path)
            assert str(path) in str(caught.value)
            assert "expected" in str(caught.value)


def test_a_playlist_or_script_that_names_another_file_is_refused_whatever_its_suffix(tmp_path):
    target = make_recording(tmp_path / "target.ts", seconds=1, video_codec="mpeg2video", pixel_format="yuv420p")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n".encode()
    script = b"ffconcat version 1.0\nfile 'target.ts'\n"
    for name in ("list.mp4", "list.m3u8"):
        with pytest.raises(MediaError, match="no recording"):
            decode_clip(broken(tmp_path, name, playlist))
    for name in ("script.mp4", "script.ffconcat"):
        path = broken(tmp_path, name, script)
        with pytest.raises(MediaError, match="no recording"):
            decode_clip(path)
    # The danger is real: without our list of formats FFmpeg follows the script into the other file.
    with av.open(str(tmp_path / "script.ffconcat"), options={"safe": "0"}) as container:
        assert container.format.name == "concat"


def test_a_half_mp4_with_its_index_at_the_end_says_that_the_index_is_missing(tmp_path):
    half = cut_in_half(make_recording(tmp_path / "a.mp4", seconds=4, **MPEG4), tmp_path / "half.mp4")
    with pytest.raises(MediaError, match=r"cut short.*its index.*is missing"):
        decode_clip(half)


@pytest.mark.parametrize("suffix", ["mp4", "avi", "mkv", "mpg", "ts"])
def test_the_first_half_of_a_half_file_is_delivered_with_a_problem(tmp_path, suffix):
    codecs = {
        "mp4": {**MPEG4, "audio_codec": "aac", "options": {"movflags": "faststart"}},
        "avi": MPEG4,
        "mkv": MPEG4,
        "mpg": {"video_codec": "mpeg2video", "pixel_format": "yuv420p", "audio_codec": "mp2"},
        "ts": {"video_codec": "mpeg2video", "pixel_format": "yuv420p", "audio_codec": "mp2"},
    }[suffix]
    whole = make_recording(tmp_path / f"a.{suffix}", seconds=4, sound=tone(), **codecs)
    assert decode_clip(whole).problems == ()
    clip = decode_clip(cut_in_half(whole, tmp_path / f"half.{suffix}"))
    assert 16_000 < len(clip.samples) < 63_800
    assert 25 < len(clip.frames) < 100
    assert clip.problems
    assert all(problem.why.startswith("truncated: ") for problem in clip.problems)


def test_a_half_wav_is_delivered_with_a_problem(tmp_path):
    whole = make_recording(tmp_path / "a.wav", picture=False, sound=tone())
    clip = decode_clip(cut_in_half(whole, tmp_path / "half.wav"), picture=False)
    assert len(clip.samples) == pytest.approx(16_000, abs=50)
    assert "cut short" in whys(clip)["recording"]


def test_a_stretch_before_the_cut_is_whole_and_no_problem(tmp_path):
    whole = make_recording(tmp_path / "a.mkv", seconds=4, sound=tone(), **MPEG4)
    clip = decode_clip(cut_in_half(whole, tmp_path / "half.mkv"), start=0.2, end=1.2)
    assert (len(clip.samples), len(clip.frames), clip.problems) == (16_000, 25, ())


def test_damage_inside_a_stream_is_a_problem_and_the_rest_is_there(tmp_path):
    path = make_recording(tmp_path / "a.mp4", seconds=4, sound=tone(), audio_codec="aac", **MPEG4)
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 3, len(content) // 3 + 3000):
        content[place] = 0xFF
    clip = decode_clip(broken(tmp_path, "b.mp4", bytes(content)))
    assert len(clip.samples) == pytest.approx(64_000, abs=2_000)
    assert len(clip.frames) > 60
    assert all(problem.why.startswith("damaged: ") for problem in clip.problems)
    assert clip.problems


def test_a_stretch_beyond_the_end_or_turned_round_is_refused_with_the_length(tmp_path):
    path = make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4)
    with pytest.raises(MediaError, match=r"5.00-6.00 s lies beyond the end of .*a.mov, which is 2.0"):
        decode_clip(path, start=5.0, end=6.0)
    with pytest.raises(MediaError, match="expected 0 <= start < end"):
        decode_clip(path, start=1.0, end=1.0)


def test_a_stretch_that_reaches_a_second_beyond_the_end_says_so(tmp_path):
    clip = decode_clip(make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4), start=1.0, end=3.0)
    assert len(clip.samples) == 16_000
    assert whys(clip)["recording"] == "the stretch asked for ends at 3.00 s, the recording already at 2.00 s"


def test_a_stretch_that_ends_just_beyond_the_end_is_padded(tmp_path):
    clip = decode_clip(make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4), start=1.0, end=2.25)
    assert (len(clip.samples), clip.problems) == (20_000, ())


def test_a_picture_of_absurd_size_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = make_recording(tmp_path / "a.mkv")
    monkeypatch.setattr("valaro.media.container.LIMITS", Limits(most_pixels=64 * 48 - 1))
    with pytest.raises(MediaError, match="claims 64x48 pixels"):
        decode_clip(path)


def test_a_file_whose_name_looks_like_an_address_is_only_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_recording(tmp_path / "a.mkv").rename(tmp_path / "concat:a|b.mkv")
    assert len(decode_clip(Path("concat:a|b.mkv"), sound=False).frames) == 50
