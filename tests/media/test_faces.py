"""One face followed through frames: detections, interpolation, gaps, and rows that do not depend on the portions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.media import real_recordings
from valaro.media.decode import stream_clips
from valaro.media.faces import LONGEST_WAIT, FaceTracker
from valaro.media.yunet import Face


class Marked:
    """A detector for pictures whose top left pixel says where the face is: 0 is none, x a face around column x."""

    def __init__(self):
        self.looked = []

    def __call__(self, picture):
        mark = int(picture[0, 0])
        self.looked.append(int(picture[0, 1]))
        if mark == 0:
            return ()
        return (Face(left=mark - 20.0, top=30.0, width=40.0, height=40.0, yaw=mark / 200, score=0.9),)


def pictures(marks):
    frames = np.tile(np.arange(200, dtype=np.uint8), (len(marks), 100, 1))
    frames[:, 0, 0] = marks
    frames[:, 0, 1] = np.arange(len(marks)) % 256
    return frames


def follow(marks, portions=None, step=0.04, detector=None):
    frames, times = pictures(marks), np.arange(len(marks)) * step
    tracker = FaceTracker(detector or Marked())
    tracks, first = [], 0
    for last in [*(portions or []), len(marks)]:
        tracks.append(tracker.track(frames[first:last], times[first:last]))
        first = last
    tracks.append(tracker.finish())
    names = ("crops", "detected", "yaw", "times")
    return {name: np.concatenate([getattr(track, name) for track in tracks]) for name in names}


def test_every_fifth_frame_and_the_last_are_looked_at():
    detector = Marked()
    follow([100] * 13, detector=detector)
    assert detector.looked == [0, 5, 10, 12]


def test_a_slow_camera_is_looked_at_every_quarter_second():
    detector = Marked()
    follow([100] * 7, step=0.125, detector=detector)
    assert detector.looked == [0, 2, 4, 6]


def test_between_detections_box_and_yaw_are_interpolated():
    # Columns 80 and 100 five frames apart: the box moves 4 columns a frame, the pictures' pixels are their columns.
    track = follow([80, 1, 1, 1, 1, 100])
    assert track["detected"].all()
    assert track["yaw"] == pytest.approx([0.4, 0.42, 0.44, 0.46, 0.48, 0.5])
    assert track["crops"][:, 32, 32].astype(int) == pytest.approx([80, 84, 88, 92, 96, 100], abs=1)


def test_in_a_gap_the_previous_face_is_repeated():
    marks = [100] * 6 + [0] * 10 + [110] * 5
    track = follow(marks)
    assert track["detected"].tolist() == [mark > 0 for mark in marks]
    assert (track["crops"][6:16] == track["crops"][5]).all()
    assert track["yaw"][6:16] == pytest.approx(0.5)
    assert track["crops"][16, 32, 32] == pytest.approx(110, abs=1)


def test_before_the_first_face_the_first_one_stands_in():
    track = follow([0] * 12 + [90] * 9)
    assert track["detected"].tolist() == [False] * 12 + [True] * 9
    assert (track["crops"][:12] == track["crops"][12]).all()
    assert track["times"] == pytest.approx(np.arange(21) * 0.04)


def test_without_any_face_crops_are_empty_and_nothing_is_found():
    track = follow([0] * 11)
    assert (len(track["crops"]), track["crops"].any(), track["detected"].any()) == (11, False, False)


def test_frames_that_waited_too_long_for_a_face_are_given_out_empty():
    step = 0.25
    waited = int(LONGEST_WAIT / step)
    tracker = FaceTracker(Marked())
    frames, times = pictures([0] * (waited + 8)), np.arange(waited + 8) * step
    # The newest frame has index waited + 7: those more than 10 s older are the first 7.
    assert len(tracker.track(frames, times).detected) == 7


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([0, 90, 92, 95, 100]), min_size=1, max_size=40),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_rows_do_not_depend_on_the_portions(marks, portions):
    portions = sorted(min(portion, len(marks)) for portion in portions)
    whole, parts = follow(marks), follow(marks, portions)
    assert len(whole["detected"]) == len(marks)
    for name, values in whole.items():
        assert (values == parts[name]).all()


@pytest.mark.recordings
def test_a_real_speaker_is_found_in_every_frame_that_shows_a_picture():
    folder = real_recordings("javanese_av") / "video"
    if not folder.is_dir():
        pytest.skip("the recordings javanese_av are not beside the project")
    found, lit = [], []
    tracker = FaceTracker()
    # This clip begins with 19 black frames of 89.
    for clip in stream_clips(folder / "01-02-03_01.mp4", sound=False):
        found.append(tracker.track(clip.frames, clip.times).detected)
        lit += [frame.std() > 3 for frame in clip.frames]
    found = np.concatenate([*found, tracker.finish().detected])
    assert found.tolist() == lit
    assert sum(lit) == 70


def turned_scores(upright, turned):
    """A detector whose face has these scores: turned by 180 degrees the bright half of the picture lies below."""

    def detect(picture):
        score = upright if picture[0].mean() > picture[-1].mean() else turned
        return (Face(left=10, top=10, width=20, height=20, yaw=0.0, score=score),) if score else ()

    return detect


def picture_bright_above():
    picture = np.zeros((48, 64), np.uint8)
    picture[:24] = 200
    return picture


@pytest.mark.parametrize(
    ("upright", "turned", "is_upside_down"),
    [(0.93, 0.86, False), (0.86, 0.94, True), (0.0, 0.94, True), (0.85, 0.86, False), (0.0, 0.6, False)],
)
def test_a_face_that_scores_higher_turned_by_180_degrees_is_upside_down(upright, turned, is_upside_down):
    tracker = FaceTracker(turned_scores(upright, turned))
    tracker.track(np.stack([picture_bright_above()] * 30), np.arange(30) / 25)
    assert tracker.is_upside_down == is_upside_down


@pytest.mark.recordings
def test_a_real_recording_turned_upside_down_is_noticed_and_an_upright_one_is_not():
    folder = real_recordings("javanese_av") / "video"
    if not folder.is_dir():
        pytest.skip("the recordings javanese_av are not beside the project")
    (clip,) = stream_clips(folder / "01-02-03_01.mp4", end=1.0, stretch=9.0, sound=False)
    for frames, is_upside_down in ((clip.frames, False), (np.ascontiguousarray(clip.frames[:, ::-1, ::-1]), True)):
        tracker = FaceTracker()
        tracker.track(frames, clip.times)
        assert tracker.is_upside_down == is_upside_down
