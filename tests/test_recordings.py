"""From a recording to feature rows: the same, to the last bit, however long the stretches."""

import numpy as np
import pytest

from helpers.faces import SMALL, a_network
from helpers.media import cut_in_half, make_recording, real_recordings, tone
from valaro import recordings
from valaro.errors import MediaError, ValaroError
from valaro.features.table import FEATURE_NAMES
from valaro.media.faces import FaceTracker
from valaro.media.yunet import Face
from valaro.recordings import Excerpt, extract_utterance, join_tracks, stream_features
from valaro.records import Utterance

NETWORK = a_network()
MPEG4 = {"video_codec": "mpeg4", "pixel_format": "yuv420p"}


def utterance(path, **changes):
    values = {"id": "c/u", "corpus": "c", "session": "1", "speaker": "c/s", "gender": "F", "media": path}
    return Utterance(**{**values, **changes})


@pytest.fixture
def always_a_face(monkeypatch):
    """Every picture has one face in its middle: what a drawn test picture cannot offer YuNet."""

    def detect(picture):
        height, width = picture.shape
        return (Face(left=width / 4, top=height / 4, width=width / 2, height=height / 2, yaw=-0.25, score=0.9),)

    monkeypatch.setattr(recordings, "FaceTracker", lambda: FaceTracker(detect))


def shapes(extracted):
    return {feature.name: feature.values.shape for feature in extracted.features}


def wheres(extracted):
    return {problem.where for problem in extracted.problems}


def test_two_seconds_give_200_rows_of_every_feature(tmp_path, always_a_face):
    path = make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4)
    extracted = extract_utterance(utterance(path), FEATURE_NAMES, NETWORK)
    others = {"dface": (200, SMALL.features), "expressions": (200, len(NETWORK.classes))}
    assert shapes(extracted) == {**dict.fromkeys(FEATURE_NAMES, (200, 128)), **others}
    assert extracted.problems == ()


def test_face_quality_counts_video_frames_and_averages_absolute_yaw(tmp_path, always_a_face):
    quality = extract_utterance(utterance(make_recording(tmp_path / "a.mov", **MPEG4)), ["face"]).quality
    assert (quality.utterance, quality.frames, quality.detected) == ("c/u", 50, 50)
    assert quality.mean_absolute_yaw == pytest.approx(0.25)


def test_rows_are_100_a_second_of_the_stretch_asked_for_rounded_up(tmp_path, always_a_face):
    path = make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4)
    extracted = extract_utterance(utterance(path, start=0.5, end=1.234), ["fbank", "face"])
    assert shapes(extracted) == {"fbank": (74, 128), "face": (74, 128)}


def test_without_sound_the_picture_sets_the_number_of_rows(tmp_path, always_a_face):
    path = make_recording(tmp_path / "a.mov", seconds=1.2, **MPEG4)
    assert shapes(extract_utterance(utterance(path), ["face"])) == {"face": (120, 128)}


def test_a_picture_shorter_than_the_sound_holds_the_last_face(tmp_path, always_a_face):
    times = [k / 25 for k in range(25)]
    path = make_recording(tmp_path / "a.mov", sound=tone(), frame_times=times, **MPEG4)
    face = extract_utterance(utterance(path), ["fbank", "face"]).features[1].values
    assert len(face) == 200
    assert (face[96:] == face[96]).all()
    assert (face[95] != face[96]).any()


@pytest.mark.parametrize("stretch", [0.07, 0.5, 30.0])
def test_rows_are_identical_whatever_the_stretch(tmp_path, always_a_face, stretch):
    path = make_recording(tmp_path / "a.mov", sound=tone(), sound_rate=44_100, seconds=4.4, **MPEG4)
    whole = extract_utterance(utterance(path), FEATURE_NAMES, NETWORK)
    parts = list(stream_features(path, FEATURE_NAMES, stretch=stretch, network=NETWORK))
    for place, feature in enumerate(whole.features):
        rows = np.concatenate([part.features[place].values for part in parts])
        assert rows.tobytes() == feature.values.tobytes()
    assert len(join_tracks([part.track for part in parts]).times) == 110


def test_stretches_follow_each_other_and_have_as_many_rows_of_each_feature(tmp_path, always_a_face):
    path = make_recording(tmp_path / "a.mov", sound=tone(), seconds=6, **MPEG4)
    expected = 1.0
    for part in stream_features(path, FEATURE_NAMES, excerpt=Excerpt(start=1.0), stretch=1.0, network=NETWORK):
        assert part.start == pytest.approx(expected)
        (rows,) = {len(feature.values) for feature in part.features}
        expected += rows / 100
        assert (part.track.times < expected).all()
    assert expected == pytest.approx(6.0)


def test_the_region_decides_which_part_is_looked_at(tmp_path, always_a_face):
    path = make_recording(tmp_path / "a.mov", **MPEG4)
    (left,), (right,) = (
        list(stream_features(path, ["face"], excerpt=Excerpt(end=0.4, region=region)))
        for region in ((0, 0, 0.5, 0.5), (0.5, 0, 1, 0.5))
    )
    # Left is the dark marked quarter, right the bright end of the rising grey.
    assert left.track.crops[0].mean() < 30 < 100 < right.track.crops[0].mean()


def test_the_voice_of_a_file_of_its_own_stands_beside_the_picture(tmp_path, always_a_face):
    # As in a corpus with a file a turn: the dialogue's second 1.0 is the voice's second 0.25.
    mixed = make_recording(tmp_path / "a.mov", sound=tone(300.0), **MPEG4)
    voice = make_recording(tmp_path / "v.wav", picture=False, sound=tone(1200.0), seconds=1.0)
    stretch = {"start": 1.0, "end": 1.5}
    own = extract_utterance(utterance(mixed, **stretch, sound=voice, sound_start=0.25), ["fbank", "face"])
    assert own.problems == ()
    assert shapes(own) == dict.fromkeys(["fbank", "face"], (50, 128))
    (heard,) = [feature.values for feature in own.features if feature.name == "fbank"]
    alone = extract_utterance(utterance(voice, start=0.25, end=0.75), ["fbank"]).features[0].values
    both = extract_utterance(utterance(mixed, **stretch), ["fbank"]).features[0].values
    assert np.array_equal(heard, alone)
    assert not np.allclose(heard, both)


def test_a_voice_that_is_lost_or_too_short_takes_no_face_with_it(tmp_path, always_a_face):
    mixed = make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4)
    lost = extract_utterance(utterance(mixed, sound=tmp_path / "none.wav"), ["fbank", "face"])
    assert (shapes(lost), wheres(lost)) == ({"face": (200, 128)}, {"sound"})
    assert "none.wav" in lost.problems[0].why
    voice = make_recording(tmp_path / "v.wav", picture=False, sound=tone(), seconds=1.0)
    cut_in_half(voice, tmp_path / "half.wav")
    half = extract_utterance(utterance(mixed, sound=tmp_path / "half.wav"), ["fbank", "face"])
    assert shapes(half) == dict.fromkeys(["fbank", "face"], (200, 128))
    (problem,) = half.problems
    assert (problem.where, problem.why.partition(":")[0]) == ("sound", "truncated")


def test_a_picture_without_a_face_is_a_problem_and_the_sound_is_there(tmp_path):
    extracted = extract_utterance(
        utterance(make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4)), ["fbank", "face"]
    )
    assert shapes(extracted) == {"fbank": (200, 128)}
    (problem,) = extracted.problems
    assert (problem.utterance, problem.where) == ("c/u", "faces")
    assert problem.why == "no face was found in any of 50 frames"
    assert (extracted.quality.frames, extracted.quality.detected, extracted.quality.mean_absolute_yaw) == (50, 0, 0.0)


def test_a_face_upside_down_is_said_and_not_embedded_in_silence(tmp_path, monkeypatch):
    def detect(picture):
        # The drawn picture is brighter on its right: turned by 180 degrees it is brighter on its left.
        score = 0.95 if picture[:, 0].mean() > picture[:, -1].mean() else 0.86
        return (Face(left=16, top=12, width=32, height=24, yaw=0.0, score=score),)

    monkeypatch.setattr(recordings, "FaceTracker", lambda: FaceTracker(detect))
    extracted = extract_utterance(utterance(make_recording(tmp_path / "a.mov", sound=tone(), **MPEG4)), ["face"])
    (problem,) = extracted.problems
    assert (problem.where, problem.why[:40]) == ("faces", "the face is upside down: turn the record")


def test_a_missing_modality_is_a_problem_and_the_other_is_there(tmp_path, always_a_face):
    silent = extract_utterance(utterance(make_recording(tmp_path / "a.mov", **MPEG4)), ["fbank", "face"])
    assert (shapes(silent), wheres(silent)) == ({"face": (200, 128)}, {"sound"})
    wav = make_recording(tmp_path / "a.wav", picture=False, sound=tone())
    blind = extract_utterance(utterance(wav), ["fbank", "face"])
    assert (shapes(blind), wheres(blind)) == ({"fbank": (200, 128)}, {"picture"})
    assert blind.quality is None


def test_a_sound_of_no_loudness_is_a_problem_and_the_face_is_there(tmp_path, always_a_face):
    def spoilt(times):
        return np.where(np.abs(times - 1.0) < 1e-3, np.nan, 0.1).astype(np.float32)

    path = make_recording(tmp_path / "a.mov", sound=spoilt, audio_codec="pcm_f32le", **MPEG4)
    extracted = extract_utterance(utterance(path), ["fbank", "face"])
    assert shapes(extracted) == {"face": (200, 128)}
    assert [(problem.utterance, problem.where) for problem in extracted.problems] == [("c/u", "sound")]
    assert "the first at about 1.00 s" in extracted.problems[0].why


def test_bad_media_is_a_problem_and_never_an_exception(tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("hello world\n" * 100)
    half = cut_in_half(make_recording(tmp_path / "a.mp4", **MPEG4), tmp_path / "half.mp4")
    (tmp_path / "empty.mp4").touch()
    for path in (text, half, tmp_path / "empty.mp4", tmp_path / "none.mp4"):
        extracted = extract_utterance(utterance(path), ["fbank", "face"])
        (problem,) = extracted.problems
        assert (extracted.features, extracted.quality) == ((), None)
        assert (problem.utterance, problem.where) == ("c/u", "recording")
        assert str(path) in problem.why
    with pytest.raises(MediaError):
        list(stream_features(text, ["fbank"]))


def test_what_was_asked_for_but_is_not_there_at_all_is_a_problem(tmp_path):
    extracted = extract_utterance(utterance(make_recording(tmp_path / "a.mov", **MPEG4)), ["fbank"])
    assert extracted.features == ()
    assert "has none of what was asked for: expected a sound stream" in extracted.problems[0].why


def test_a_truncated_recording_gives_its_first_part_and_a_problem(tmp_path, always_a_face):
    whole = make_recording(tmp_path / "a.mkv", sound=tone(), seconds=4, **MPEG4)
    extracted = extract_utterance(utterance(cut_in_half(whole, tmp_path / "half.mkv")), ["fbank", "face"])
    assert {shape[0] for shape in shapes(extracted).values()} < set(range(150, 250))
    assert wheres(extracted) == {"sound", "picture"}


def test_an_unknown_feature_is_refused_before_anything_is_decoded(tmp_path):
    with pytest.raises(ValaroError, match="unknown feature 'fbnk': did you mean 'fbank'"):
        extract_utterance(utterance(tmp_path / "none.mp4"), ["fbnk"])


@pytest.mark.recordings
def test_a_real_clip_gives_both_modalities_without_problems_and_identically_in_short_stretches():
    folder = real_recordings("javanese_av") / "video"
    if not folder.is_dir():
        pytest.skip("the recordings javanese_av are not beside the project")
    path = folder / "01-01-01_01.mp4"
    extracted = extract_utterance(utterance(path), ["fbank", "face"])
    # 167,051 samples at 44.1 kHz are 3.788 s.
    assert (shapes(extracted), extracted.problems) == ({"fbank": (379, 128), "face": (379, 128)}, ())
    assert (extracted.quality.frames, extracted.quality.detected) == (113, 113)
    parts = list(stream_features(path, ["fbank", "face"], stretch=0.3))
    for place, feature in enumerate(extracted.features):
        assert np.concatenate([part.features[place].values for part in parts]).tobytes() == feature.values.tobytes()


@pytest.mark.parametrize(
    ("frame_times", "seconds"),
    [
        ([k / 25 for k in range(20)], 40.0),  # the camera is switched off
        ([0.0, *[31 + k / 25 for k in range(50)]], 40.0),  # one still picture, then moving ones
        ([25 + k / 25 for k in range(10)], 40.0),  # the camera is switched on late
    ],
)
def test_sound_without_new_pictures_waits_for_none_and_its_rows_are_the_same(
    tmp_path, always_a_face, frame_times, seconds
):
    path = make_recording(tmp_path / "a.mkv", sound=tone(), frame_times=frame_times, seconds=seconds, sound_rate=16_000)
    whole = list(stream_features(path, ["fbank", "face"], stretch=60.0))
    parts = list(stream_features(path, ["fbank", "face"], stretch=1.0))
    for place in (0, 1):
        rows = [np.concatenate([part.features[place].values for part in run]) for run in (whole, parts)]
        assert len(rows[0]) == 4_000
        assert rows[0].tobytes() == rows[1].tobytes()
    # A second of sound at a time, and never more rows at once than it takes to be sure that no picture comes.
    assert max(len(part.features[0].values) for part in parts) <= 1_400
    assert parts[-1].start > 28.0
