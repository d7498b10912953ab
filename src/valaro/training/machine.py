"""How this process computes while it trains: memory that is kept, threads that pay."""

import ctypes
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

import torch

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT = 1 << 30


@contextmanager
def suited_to(layout: str) -> Generator[None]:
    """Compute as suits networks of this layout; threads are as they were afterwards."""
    keep_memory()
    before = torch.get_num_threads()
    if layout != "image":
        # Convolutions over time alone are so small that a second thread waits more than it works.
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@cache
def keep_memory() -> None:
    """Let glibc keep freed blocks of up to 1 GiB for the next step instead of handing them back to the system.

    Every step allocates the same large tensors again; fresh pages cost more than what is computed on them (the dropout
    of a feature map takes half the time). Elsewhere than under Linux nothing is changed.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        # Another C library: slower, and right all the same.
        return
    mallopt(_MMAP_THRESHOLD, _KEPT)
    mallopt(_TRIM_THRESHOLD, _KEPT)
