"""Feature names become features in one table."""

import pytest

from valaro.errors import ValaroError
from valaro.features.table import FEATURE_NAMES, feature_by_name


def test_every_name_gives_a_feature_of_that_name_with_128_columns():
    assert FEATURE_NAMES == ("fft", "fbank", "face", "dface", "expressions")
    for name in ("fft", "fbank", "face"):
        feature = feature_by_name(name)
        assert (feature.name, feature.dim, feature.version) == (name, 128, 1)


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(ValaroError, match=r"unknown feature 'fbanks': did you mean 'fbank'\? Expected one of: fft"):
        feature_by_name("fbanks")
