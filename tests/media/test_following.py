"""The same person is followed; another one only after a long absence."""

from valaro.media.select_face import PATIENCE, select_face_track
from valaro.media.yunet import Face

PICTURE = (400, 300)


def face(x, y, size=50.0, score=0.9):
    return Face(left=x - size / 2, top=y - size / 2, width=size, height=size, yaw=0.0, score=score)


def test_the_first_choice_is_the_largest():
    assert select_face_track([face(100, 150, 40), face(300, 150, 80)], None, 0.0, PICTURE) == face(300, 150, 80)


def test_of_two_of_one_size_the_more_central_is_chosen():
    assert select_face_track([face(30, 30), face(210, 150)], None, 0.0, PICTURE) == face(210, 150)


def test_a_weak_detection_is_no_first_choice_but_continues_a_person():
    weak = face(200, 150, score=0.6)
    assert select_face_track([weak], None, 0.0, PICTURE) is None
    assert select_face_track([weak], face(205, 150), 0.2, PICTURE) == weak


def test_a_larger_face_elsewhere_does_not_take_over():
    assert select_face_track([face(330, 150, 90), face(104, 150, 48)], face(100, 150), 0.2, PICTURE) == face(
        104, 150, 48
    )


def test_without_the_person_nobody_is_followed_until_patience_ends():
    other = face(330, 150, 90)
    assert select_face_track([other], face(100, 150), PATIENCE, PICTURE) is None
    assert select_face_track([other], face(100, 150), PATIENCE + 0.01, PICTURE) == other


def test_the_reach_is_half_a_face_and_one_face_a_second():
    last = face(100, 150, 50)
    # 0.2 s: 50 x (0.5 + 0.2) = 35 pixels.
    assert select_face_track([face(134, 150)], last, 0.2, PICTURE) is not None
    assert select_face_track([face(136, 150)], last, 0.2, PICTURE) is None


def test_a_box_of_another_size_at_the_same_place_is_not_the_person():
    assert select_face_track([face(100, 150, 110)], face(100, 150, 50), 0.2, PICTURE) is None
