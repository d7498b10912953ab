"""Tests of many examples on a machine that is busy."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=1)
@given(st.just(0.25))
def test_an_example_that_takes_longer_than_hypothesis_would_allow_passes_all_the_same(seconds: float) -> None:
    # 200 ms is the limit that hypothesis has of its own.
    time.sleep(seconds)
    assert settings().deadline is None
