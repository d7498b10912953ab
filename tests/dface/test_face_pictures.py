"""Pictures of faces in folders and tables: what is read, what is refused, and that no picture is in two parts."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.faces import CLASSES, a_crop, make_folders, some_faces, write_picture, write_votes
from valaro.dface.pictures import FaceReading, Faces, read_class_folders
from valaro.dface.splits import split_faces
from valaro.dface.votes import read_votes
from valaro.errors import MediaError, ValaroError
from valaro.limits import Limits
from valaro.media.crops import read_crop


def test_a_sub_folder_is_a_class(tmp_path: Path) -> None:
    reading = read_class_folders(make_folders(tmp_path, a_class=3))
    assert reading.train.classes == CLASSES
    assert reading.train.names[:2] == ("down/down0.png", "down/down1.png")
    assert reading.train.crops.shape == (6, 64, 64)
    assert reading.train.targets.tolist() == [[1, 0]] * 3 + [[0, 1]] * 3
    assert (reading.validation, reading.test, reading.rejected) == (None, None, ())


def test_bad_pictures_are_problems_and_the_rest_is_read(tmp_path: Path) -> None:
    make_folders(tmp_path, a_class=3)
    (tmp_path / "up" / "text.png").write_text("no picture")
    (tmp_path / "up" / "empty.jpg").write_bytes(b"")
    whole = (tmp_path / "up" / "up0.png").read_bytes()
    (tmp_path / "up" / "half.png").write_bytes(whole[:40])
    (tmp_path / "up" / "notes.txt").write_text("not meant as a picture")
    (tmp_path / "up" / ".DS_Store").write_text("nor this")
    write_picture(tmp_path / "stray.png", np.zeros((64, 64), np.uint8))
    reading = read_class_folders(tmp_path)
    assert len(reading.train) == 6
    assert [(Path(problem.utterance).name, problem.where) for problem in reading.rejected] == [
        ("empty.jpg", "picture"),
        ("half.png", "picture"),
        ("text.png", "picture"),
    ]
    assert reading.rejected[0].why == "the file is empty, expected a picture"
    assert reading.rejected[2].why == "cannot be decoded: damaged, or no picture"
    assert reading.skipped == {"pictures in no class's folder": 1, "files that are no pictures": 1}


def test_a_folder_without_classes_is_no_corpus_of_faces(tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match="there is no such folder"):
        read_class_folders(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValaroError, match="is a file, expected a folder"):
        read_class_folders(tmp_path / "file")
    write_picture(tmp_path / "one" / "a.png", np.zeros((64, 64), np.uint8))
    with pytest.raises(ValaroError, match="1 sub-folders, expected one for each of at least two classes"):
        read_class_folders(tmp_path)
    (tmp_path / "two").mkdir()
    with pytest.raises(ValaroError, match="no picture that can be read in two"):
        read_class_folders(tmp_path)


def test_parts_must_have_the_same_classes(tmp_path: Path) -> None:
    make_folders(tmp_path / "train")
    write_picture(tmp_path / "test" / "up" / "a.png", np.zeros((64, 64), np.uint8))
    with pytest.raises(ValaroError, match="classes up; expected down, up"):
        read_class_folders(tmp_path / "train", test=tmp_path / "test")


def test_a_picture_becomes_its_middle_square_in_grey(tmp_path: Path) -> None:
    wide = np.zeros((40, 100, 3), np.uint8)
    wide[:, 30:70] = (0, 0, 255)  # red, in OpenCV's order of blue, green, red
    crop = read_crop(write_picture(tmp_path / "wide.png", wide))
    # ITU-R 601: red weighs 0.299, of 255 that is 76.
    assert crop.shape == (64, 64)
    assert np.unique(crop).tolist() == [76]


def test_a_large_picture_is_averaged_and_one_of_64_pixels_left_alone(tmp_path: Path) -> None:
    board = np.indices((128, 128)).sum(axis=0) % 2 * 200
    assert np.unique(read_crop(write_picture(tmp_path / "board.png", board.astype(np.uint8)))).tolist() == [100]
    own = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    assert np.array_equal(read_crop(write_picture(tmp_path / "own.png", own)), own)


def test_a_file_too_large_for_a_crop_is_not_decoded(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as out:
        out.truncate(40 << 20)
    with pytest.raises(MediaError, match="41943040 bytes, expected at most"):
        read_crop(tmp_path / "huge.png")


@pytest.mark.parametrize(
    ("suffix", "is_coloured"),
    [
        ("pgm", False),
        *((suffix, colour) for suffix in ("bmp", "jpg", "png", "tif", "webp") for colour in (False, True)),
    ],
)
def test_every_form_of_picture_is_read_and_its_pixels_are_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, is_coloured: bool
) -> None:
    picture = np.full((90, 80, 3) if is_coloured else (90, 80), 100, np.uint8)
    path = write_picture(tmp_path / f"a.{suffix}", picture)
    assert read_crop(path).mean() == pytest.approx(100, abs=1)
    monkeypatch.setattr("valaro.media.crops.LIMITS", Limits(most_pixels=90 * 80 - 1))
    with pytest.raises(MediaError, match=r"7,199"):
        read_crop(path)


def test_a_small_file_that_unfolds_to_a_large_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    head = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    content = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + head + bytes(4)
    (tmp_path / "bomb.png").write_bytes(content)
    with pytest.raises(MediaError, match="claims 30000x30000 pixels, expected at most 40,000,000"):
        read_crop(tmp_path / "bomb.png")
    (tmp_path / "cut.png").write_bytes(content[:18])
    with pytest.raises(MediaError, match="cannot be decoded"):
        read_crop(tmp_path / "cut.png")


def _pictures(folder: Path, *names: str) -> None:
    rng = np.random.default_rng(len(names))
    for name in names:
        write_picture(folder / name, a_crop(rng, up=True))


def test_votes_become_the_voters_distribution(tmp_path: Path) -> None:
    _pictures(tmp_path / "FER2013Train", "a.png", "b.png", "c.png", "d.png")
    _pictures(tmp_path / "FER2013Valid", "v.png")
    _pictures(tmp_path / "FER2013Test", "t.png", "u.png")
    table = write_votes(
        tmp_path / "fer2013new.csv",
        [
            ("Training", "a.png", 4, 0, 0, 1, 3, 2, 0, 0, 0, 0),
            ("Training", "b.png", 0, 6, 0, 0, 0, 0, 0, 0, 4, 0),  # the votes for unknown are taken out
            ("Training", "c.png", 4, 0, 0, 0, 0, 0, 0, 0, 4, 2),  # no expression has more votes than unknown
            ("Training", "d.png", 0, 0, 0, 0, 0, 0, 0, 0, 0, 10),  # no face
            ("Training", "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 10),  # FERPlus itself has dropped it
            ("PublicTest", "v.png", 0, 0, 10, 0, 0, 0, 0, 0, 0, 0),
            ("PrivateTest", "t.png", 0, 0, 0, 0, 0, 0, 0, 9, 1, 0),
        ],
    )
    reading = read_votes(tmp_path, table)
    assert reading.train.names == ("a.png", "b.png")
    np.testing.assert_allclose(
        reading.train.targets, [[0.4, 0, 0, 0.1, 0.3, 0.2, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0]], atol=1e-7
    )
    assert reading.validation is not None
    assert reading.validation.targets.tolist() == [[0, 0, 1, 0, 0, 0, 0, 0]]
    assert reading.test is not None
    assert reading.test.targets.tolist() == [[0, 0, 0, 0, 0, 0, 0, 1]]
    assert reading.test.classes[7] == "contempt"
    assert reading.rejected == ()
    assert reading.skipped == {"pictures in which most voters saw no expression": 2, "rows without a picture": 1}


def test_rows_of_votes_that_cannot_be_used_are_problems_with_their_line(tmp_path: Path) -> None:
    _pictures(tmp_path, "a.png", "b.png")
    _pictures(tmp_path / "again", "b.png")
    good = (10, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    table = write_votes(
        tmp_path / "votes.csv",
        [
            ("Training", "a.png", *good),
            ("Training", "a.png", *good),
            ("Training", "b.png", *good),
            ("Training", "gone.png", *good),
            ("Training", "x.png", -1, *good[1:]),
            ("Training", "y.png", *[0] * 10),
            ("Test", "z.png", *good),
            ("Training", "short.png"),
        ],
    )
    reading = read_votes(tmp_path, table)
    assert reading.train.names == ("a.png",)
    said = {f"{Path(problem.utterance).name} {problem.why}" for problem in reading.rejected}
    assert said == {
        "a.png the picture stands already in line 2",
        f"b.png 2 pictures of this name: {tmp_path / 'again' / 'b.png'}, {tmp_path / 'b.png'} ...",
        "gone.png there is no such picture",
        "x.png neutral '-1': expected a number of votes",
        "y.png nobody has voted on it",
        "z.png Usage 'Test': expected Training, PublicTest, PrivateTest, or nothing",
        "votes.csv, line 9 2 cells, expected 12 as in the line of column names",
    }
    assert f"{table}, line 3" in {problem.where for problem in reading.rejected}


def test_a_table_without_its_columns_is_refused_as_a_whole(tmp_path: Path) -> None:
    table = tmp_path / "votes.csv"
    table.write_text("Image name,neutral\na.png,10\n")
    with pytest.raises(ValaroError, match="no column 'happiness'"):
        read_votes(tmp_path, table)
    write_votes(table, [("Training", "a.png", 0, 0, 0, 0, 0, 0, 0, 0, 10, 0)])
    with pytest.raises(ValaroError, match="no picture to train on is left"):
        read_votes(tmp_path, table)


def _reading(train: Faces, **parts: Faces) -> FaceReading:
    return FaceReading(train=train, **parts)


def test_a_share_of_each_class_is_set_aside_by_the_seed() -> None:
    faces = some_faces(40)
    parts = split_faces(_reading(faces), fraction=0.1, seed=0)
    assert (len(parts.train), len(parts.validation), parts.test, parts.duplicates) == (36, 4, None, 0)
    assert parts.validation.targets.sum(axis=0).tolist() == [2, 2]
    assert set(parts.train.names) | set(parts.validation.names) == set(faces.names)
    again, other = (split_faces(_reading(faces), fraction=0.1, seed=seed) for seed in (0, 1))
    assert again.validation.names == parts.validation.names
    assert other.validation.names != parts.validation.names
    assert (again.fingerprint == parts.fingerprint, other.fingerprint == parts.fingerprint) == (True, False)


def test_copies_of_a_picture_are_on_one_side_only() -> None:
    faces = some_faces(20).only([*range(20), *range(20)])
    parts = split_faces(_reading(faces), fraction=0.2, seed=0)
    assert len(parts.validation) == 8
    assert not set(parts.train.names) & set(parts.validation.names)


def test_a_picture_that_tests_is_in_no_other_part() -> None:
    faces = some_faces(20)
    test, validation = faces.only([0, 1]), faces.only([1, 2, 3])
    parts = split_faces(_reading(faces, validation=validation, test=test), seed=0)
    assert parts.test is test
    assert parts.validation.names == ("2.png", "3.png")
    assert parts.train.names == tuple(f"{k}.png" for k in range(4, 20))
    # Four from training, one from validation.
    assert parts.duplicates == 5


def test_nothing_left_to_train_on_is_a_mistake() -> None:
    faces = some_faces(4)
    with pytest.raises(ValaroError, match="no picture is left for training of 4"):
        split_faces(_reading(faces, test=faces, validation=some_faces(4, seed=1)), seed=0)
    with pytest.raises(ValaroError, match=r"validation_fraction = 1: expected a number between 0 and 1"):
        split_faces(_reading(faces), fraction=1.0, seed=0)


def test_a_class_keeps_a_picture_to_train_on_or_the_user_is_told() -> None:
    # Five pictures of `down`, one of `up`: the tenth of a class, at least one, was all of `up`.
    faces = some_faces(12).only([0, 2, 4, 6, 8, 1])
    parts = split_faces(_reading(faces), fraction=0.1, seed=0)
    assert parts.train.targets.sum(axis=0).tolist() == [4, 1]
    assert parts.validation.targets.sum(axis=0).tolist() == [1, 0]
    with pytest.raises(ValaroError, match="nothing of up is left to train on: all its pictures validate or test, too"):
        split_faces(_reading(faces, test=faces.only([5])), fraction=0.1, seed=0)


def test_a_share_beside_faces_that_validate_is_a_mistake() -> None:
    with pytest.raises(
        ValaroError, match=r"validation_fraction = 0\.2 means nothing here: there are 6 pictures that validate"
    ):
        split_faces(_reading(some_faces(12), validation=some_faces(6, seed=1)), fraction=0.2, seed=0)


def test_a_photograph_turned_by_its_notes_is_read_upright(tmp_path: Path) -> None:
    picture = np.zeros((64, 64), np.uint8)
    picture[:32] = 255
    ok, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 100])
    assert ok
    # EXIF orientation 3, upside down: tag 0x0112 of type short in a big-endian TIFF header.
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0"
    content = bytes(jpeg)
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    (tmp_path / "turned.jpg").write_bytes(content[:2] + segment + content[2:])
    crop = read_crop(tmp_path / "turned.jpg")
    assert crop[:28].max() < 10
    assert crop[36:].min() > 245
