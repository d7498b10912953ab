"""The packaged expression network gives the numbers of the network it was converted from."""

import cv2
import numpy as np
import pytest

from helpers.media import real_recordings
from valaro.features.face_embedding import EXPRESSIONS, FaceEmbedding, mini_xception

FOLDERS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # in the order of EXPRESSIONS


def stripes():
    rows, columns = np.mgrid[:64, :64]
    return ((columns * 3 + rows * 5) % 256).astype(np.uint8)[None]


def test_a_fixed_picture_gives_the_numbers_of_the_original_network():
    # Reference: every layer of the original HDF5 file, batch norms unfolded, computed in float64 with plain numpy.
    embedding = FaceEmbedding()(stripes())[0]
    assert embedding.shape == (128,)
    assert embedding[:4] == pytest.approx([-0.38303181, 0.25439349, 0.02010609, -0.3730811], abs=1e-5)
    assert float(np.linalg.norm(embedding)) == pytest.approx(3.524389838902243, rel=1e-5)
    assert mini_xception().probabilities(stripes())[0] == pytest.approx(
        [0.788851669, 3.8972786e-06, 0.0508661857, 0.00150003064, 0.060927812, 0.000261021221, 0.0975893829], abs=1e-5
    )


def test_a_crop_gives_the_same_embedding_in_any_company():
    crops = np.random.default_rng(0).integers(0, 256, (9, 64, 64), dtype=np.uint8)
    together, alone = FaceEmbedding()(crops), FaceEmbedding()(crops[4:5])
    assert together[4] == pytest.approx(alone[0], abs=1e-4)


def test_probabilities_sum_to_one_over_seven_expressions():
    probabilities = mini_xception().probabilities(np.zeros((2, 64, 64), np.uint8))
    assert probabilities.shape == (2, len(EXPRESSIONS))
    assert probabilities.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.recordings
def test_it_recognises_three_in_five_expressions_of_fer2013s_test_part():
    folder = real_recordings("faces") / "test"
    if not folder.is_dir():
        pytest.skip("the pictures faces/test are not beside the project")
    crops, classes = [], []
    for number, name in enumerate(FOLDERS):
        for file in sorted((folder / name).iterdir())[:60]:
            crops.append(cv2.resize(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), (64, 64)))
            classes.append(number)
    # By chance 1 in 7; Arriaga et al. 2017 report 66 % on the whole test part.
    right = mini_xception().probabilities(np.stack(crops)).argmax(axis=1) == np.array(classes)
    assert right.mean() > 0.55
