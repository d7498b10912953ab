"""The tests check the types of calls and records and the shapes of arrays: of nearly all modules of ours."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from valaro.features.sound import Filterbank
from valaro.records import Rating


def test_an_array_of_another_shape_is_refused() -> None:
    with pytest.raises(TypeCheckError):
        Filterbank()(np.zeros((3, 399), np.float32))


def test_a_record_of_other_kinds_is_refused() -> None:
    with pytest.raises(TypeCheckError):
        Rating(annotator=5, dimension="valence", score=3.0)
