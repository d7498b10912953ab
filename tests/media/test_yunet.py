"""YuNet's faces and the angle that five landmarks give."""

import numpy as np
import pytest

from helpers.media import real_recordings
from valaro.media.decode import decode_clip
from valaro.media.yunet import YuNet, yaw


def landmarks(nose_x, eyes=10.0):
    """Eyes `eyes` apart around column 50, the nose at `nose_x`."""
    return np.array([[50 - eyes / 2, 40], [50 + eyes / 2, 40], [nose_x, 46], [47, 52], [53, 52]], float)


def test_a_nose_between_the_eyes_looks_ahead():
    assert yaw(landmarks(50)) == 0.0


@pytest.mark.parametrize(("nose_x", "expected"), [(55, 0.5), (45, -0.5), (50 + 5 * 3**0.5, 2 / 3)])
def test_the_angle_is_a_share_of_a_quarter_turn(nose_x, expected):
    # Depth 0.5 x 10 = 5: a shift of 5 is 45 degrees, of 5 sqrt(3) is 60.
    assert yaw(landmarks(nose_x)) == pytest.approx(expected)


def test_a_tilted_head_is_turned_no_more():
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    assert yaw(landmarks(53) @ turn.T) == pytest.approx(yaw(landmarks(53)))


def test_eyes_that_nearly_meet_are_a_profile_and_eyes_that_do_say_nothing():
    assert yaw(landmarks(55, eyes=0.0)) == pytest.approx(0.0)
    assert yaw(landmarks(60, eyes=0.1)) == pytest.approx(1.0, abs=0.01)


def test_an_empty_picture_has_no_face():
    assert YuNet()(np.zeros((120, 160), np.uint8)) == ()


@pytest.mark.parametrize(
    ("size", "looked_at"),
    [((720, 1280), (640, 360)), ((400, 4000), (1280, 128)), ((2000, 100), (18, 360)), ((100, 1000), (1000, 100))],
)
def test_a_picture_is_looked_at_in_a_bounded_size_whichever_way_it_is_long(monkeypatch, size, looked_at):
    seen = []
    detector = YuNet()

    class Network:
        def setInputSize(self, size):  # noqa: N802
            seen.append(size)

        def detect(self, picture):
            return 0, None

    detector._network = Network()
    assert detector(np.zeros(size, np.uint8)) == ()
    assert seen == [looked_at]


@pytest.mark.recordings
def test_a_large_picture_gives_the_same_box_as_its_half():
    folder = real_recordings("ravdess_av") / "Actor_01"
    if not folder.is_dir():
        pytest.skip("the recordings ravdess_av are not beside the project")
    picture = decode_clip(next(folder.glob("*.mp4")), end=0.1, sound=False).frames[0]
    detector = YuNet()
    (large,), (half,) = detector(picture), detector(picture[::2, ::2].copy())
    assert large.centre == pytest.approx((2 * half.centre[0], 2 * half.centre[1]), abs=6)
    assert large.size == pytest.approx(2 * half.size, rel=0.05)
    assert abs(large.yaw) < 0.2
