"""25 ms windows every 10 ms, exact however the samples arrive."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from valaro.features.framing import BLOCK, Framer


def windows_of(samples, cuts=()):
    framer, blocks, first = Framer(), [], 0
    for last in [*cuts, len(samples)]:
        blocks += framer.push(samples[first:last])
        first = last
    blocks += framer.finish()
    return np.concatenate(blocks) if blocks else np.zeros((0, 400), np.float32)


def test_window_k_covers_samples_160_k_to_160_k_plus_400():
    windows = windows_of(np.arange(16_000, dtype=np.float32))
    assert windows.shape == (100, 400)
    assert windows[[0, 1, 97], 0].tolist() == [0, 160, 15_520]
    assert windows[97, -1] == 15_919


def test_silence_stands_in_after_the_last_sample():
    windows = windows_of(np.ones(16_000, np.float32))
    # Window 99 begins at sample 15,840: 160 samples are left.
    assert windows[99].sum() == 160
    assert windows[98].sum() == 320


def test_a_part_of_a_hop_makes_a_window_of_its_own():
    assert [len(windows_of(np.ones(count, np.float32))) for count in (0, 1, 160, 161, 480)] == [0, 1, 1, 2, 3]


def test_blocks_come_out_as_soon_as_their_last_window_is_complete():
    framer = Framer()
    needed = (BLOCK - 1) * 160 + 400
    assert framer.push(np.zeros(needed - 1, np.float32)) == []
    assert [block.shape for block in framer.push(np.zeros(1, np.float32))] == [(64, 400)]


@settings(max_examples=30)
@given(st.integers(0, 30_000), st.lists(st.integers(0, 30_000), max_size=5))
def test_windows_do_not_depend_on_the_portions(count, cuts):
    samples = np.arange(count, dtype=np.float32)
    assert (windows_of(samples, sorted(min(cut, count) for cut in cuts)) == windows_of(samples)).all()
