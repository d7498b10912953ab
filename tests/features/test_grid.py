"""Video rows on the 100 Hz grid: the last one seen is held."""

import numpy as np
import pytest

from valaro.features.grid import GridHold


def held(times, start=0.0, count=10, portions=1):
    grid = GridHold(start, 1)
    values = np.arange(len(times), dtype=np.float32)[:, None]
    parts = np.array_split(np.arange(len(times)), portions)
    rows = [grid.push(values[part], np.array(times, float)[part]) for part in parts]
    return np.concatenate([*rows, grid.finish(count)])[:, 0].astype(int).tolist()


def test_each_row_holds_the_latest_frame_at_or_before_it():
    assert held([0.0, 0.033, 0.067]) == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_frame_at_a_rows_own_time_counts_as_seen():
    assert held([0.0, 0.04, 0.08]) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]


def test_before_the_first_frame_the_first_one_stands_in():
    assert held([0.035, 0.06]) == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_rows_count_from_the_start_of_the_stretch():
    assert held([0.98, 1.02, 1.06], start=1.0, count=8) == [0, 0, 1, 1, 1, 1, 2, 2]


def test_a_long_pause_holds_the_last_frame():
    assert held([0.0, 0.08]) == [0] * 8 + [1, 1]


@pytest.mark.parametrize("portions", [2, 3, 7])
def test_rows_do_not_depend_on_the_portions(portions):
    times = [0.0, 0.01, 0.045, 0.05, 0.07, 0.075, 0.09]
    assert held(times, portions=portions) == held(times)


def test_no_frame_gives_no_row():
    assert held([]) == []
