"""Threads and memory of a process that trains."""

import pytest
import torch

from valaro.training.machine import keep_memory, suited_to


@pytest.mark.parametrize(("layout", "inside"), [("temporal", 1), ("image", 2)])
def test_threads_suit_the_layout_and_are_given_back(layout: str, inside: int) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with suited_to(layout):
            assert torch.get_num_threads() == inside
        assert torch.get_num_threads() == 2
        with pytest.raises(RuntimeError, match="broke"), suited_to(layout):
            raise RuntimeError("broke")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_freed_blocks_are_kept_where_the_c_library_is_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    class Library:
        def mallopt(self, parameter: int, value: int) -> int:
            asked.append((parameter, value))
            return 1

    monkeypatch.setattr("valaro.training.machine.ctypes.CDLL", lambda _: Library())
    monkeypatch.setattr("valaro.training.machine.sys.platform", "linux")
    keep_memory.cache_clear()
    keep_memory()
    keep_memory()
    # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h, once.
    assert asked == [(-3, 1 << 30), (-1, 1 << 30)]


@pytest.mark.parametrize(("platform", "library"), [("linux", object()), ("darwin", None)])
def test_elsewhere_nothing_is_changed(monkeypatch: pytest.MonkeyPatch, platform: str, library: object) -> None:
    monkeypatch.setattr("valaro.training.machine.ctypes.CDLL", lambda _: library)
    monkeypatch.setattr("valaro.training.machine.sys.platform", platform)
    keep_memory.cache_clear()
    keep_memory()
