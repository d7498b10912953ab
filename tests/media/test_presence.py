"""A face is there if extraction would find one."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from helpers.media import make_recording, real_recordings, tone
from valaro.errors import MediaError
from valaro.media import faces
from valaro.media.faces import FaceFinder
from valaro.media.yunet import Face

MPEG4 = {"video_codec": "mpeg4", "pixel_format": "yuv420p"}


class Bright:
    """A detector that takes every bright picture for a face; `looked` counts its pictures."""

    looked = 0

    def __call__(self, picture):
        type(self).looked += 1
        if picture.mean() < 100:
            return ()
        return (Face(left=10, top=10, width=20, height=20, yaw=0.0, score=0.9),)


@pytest.fixture
def bright(monkeypatch):
    monkeypatch.setattr(faces, "YuNet", Bright)
    Bright.looked = 0
    return Bright


def lit(first, last):
    """Bright from frame `first` to before frame `last`, else black."""
    return lambda index, height, width: np.full((height, width), 200 * (first <= index < last), np.uint8)


def test_one_lit_moment_anywhere_in_the_stretch_is_a_face(tmp_path, bright):
    path = make_recording(tmp_path / "a.avi", seconds=6, draw=lit(75, 100), **MPEG4)
    find = FaceFinder()
    # Lit from 3 s to 4 s: 1.28 s from 1.70 s end just before, from 2.0 s they hold 0.28 s of it, from 4.02 s nothing.
    assert [find(path, start, start + 1.28) for start in (1.70, 2.0, 3.5, 4.02)] == [False, True, True, False]


def test_where_a_face_is_at_once_one_picture_is_looked_at(tmp_path, bright):
    path = make_recording(tmp_path / "a.avi", seconds=3, draw=lit(0, 75), **MPEG4)
    assert FaceFinder()(path, 0.5, 1.78)
    assert bright.looked == 1


def test_a_recording_without_picture_or_beyond_its_end_is_an_error(tmp_path, bright):
    find = FaceFinder()
    with pytest.raises(MediaError, match="none of what was asked for: expected a picture stream"):
        find(make_recording(tmp_path / "a.wav", picture=False, sound=tone()), 0.0, 1.28)
    with pytest.raises(MediaError, match="beyond the end"):
        find(make_recording(tmp_path / "a.avi", seconds=2, **MPEG4), 3.0, 4.28)


@pytest.mark.recordings
def test_a_real_face_is_found_and_a_drawn_picture_has_none_in_threads_as_well(tmp_path):
    folder = real_recordings("grid_s1") / "video"
    if not folder.is_dir():
        pytest.skip("the recordings grid_s1 are not beside the project")
    drawn = make_recording(tmp_path / "a.avi", seconds=3, size=(352, 288), **MPEG4)
    paths = [*sorted(folder.glob("*.mpg"))[:3], drawn] * 2
    find = FaceFinder()
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda path: find(path, 1.0, 2.28), paths)) == [True, True, True, False] * 2
