"""Squares around faces, 64x64 whatever their size and place."""

import numpy as np
import pytest

from valaro.media.crops import cut_face
from valaro.media.yunet import Face


def face(left, top, width, height):
    return Face(left=left, top=top, width=width, height=height, yaw=0.0, score=0.9)


def test_the_square_is_a_tenth_larger_than_the_longer_side_and_centred():
    picture = np.zeros((200, 200), np.uint8)
    # Centre (100, 100), side 1.1 x 100 = 110: columns and rows 45 to 154.
    picture[45:155, 45:155] = 200
    assert (cut_face(picture, face(60, 50, 80, 100)) == 200).all()
    picture[45:155, 45] = 0
    assert cut_face(picture, face(60, 50, 80, 100))[32, 0] < 200


def test_shrinking_averages_areas():
    picture = np.zeros((256, 256), np.uint8)
    picture[:, ::2] = 100
    # Side round(1.1 x 116.4) = 128: each pixel of the crop is the mean of two columns, 0 and 100.
    assert (cut_face(picture, face(70, 70, 116.4, 116.4)) == 50).all()


@pytest.mark.parametrize(("left", "top", "edge"), [(-40, 20, (32, 0)), (70, 20, (32, 63)), (20, -40, (0, 32))])
def test_beyond_the_border_the_edge_is_repeated(left, top, edge):
    picture = np.tile(np.arange(100, 200, dtype=np.uint8), (100, 1))
    crop = cut_face(picture, face(left, top, 60, 60))
    row, column = edge
    assert crop[row, column] == pytest.approx({0: 100, 63: 199}.get(column, crop[10, 32]), abs=1)


def test_a_box_wholly_outside_gives_an_empty_crop():
    assert not cut_face(np.full((50, 50), 9, np.uint8), face(300, 300, 40, 40)).any()


def test_a_small_face_is_enlarged():
    assert cut_face(np.full((50, 50), 7, np.uint8), face(10, 10, 8, 8)).shape == (64, 64)
