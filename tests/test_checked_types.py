"""The tests check the types of calls and records and the shapes of arrays: of all modules that state shapes."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from valaro.features.sound import Filterbank
from valaro.records import FeatureSequence


def test_an_array_of_another_shape_is_refused() -> None:
    with pytest.raises(TypeCheckError):
        Filterbank()(np.zeros((3, 399), np.float32))


def test_a_record_of_other_kinds_is_refused() -> None:
    with pytest.raises(TypeCheckError):
        FeatureSequence(name=5, values=np.zeros((3, 2), np.float32))
