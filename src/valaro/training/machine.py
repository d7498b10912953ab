"""How this process computes while it trains: memory that is kept, threads and number formats that pay."""

import ctypes
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import torch

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT = 1 << 30


_CPU_FLAGS = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})

Precision = Literal["auto", "single", "bfloat16"]
"""`auto`: bfloat16 for the image layout on processors that multiply it in hardware, else single precision."""


@contextmanager
def suited_to(layout: str, precision: Precision = "single") -> Generator[None]:
    """Compute as suits networks of this layout; threads are as they were afterwards."""
    keep_memory()
    before = torch.get_num_threads()
    if layout != "image":
        # Convolutions over time alone are so small that a second thread waits more than it works.
        torch.set_num_threads(1)
    is_half = precision == "bfloat16" or (precision == "auto" and layout == "image" and multiplies_bfloat16())
    try:
        # Convolutions and matrix products only; sums, losses, weights and Adam stay in single precision.
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_half):
            yield
    finally:
        torch.set_num_threads(before)


@cache
def multiplies_bfloat16() -> bool:
    """Return whether this processor has instructions for bfloat16; without them it is 8 times slower than float32."""
    try:
        words = _CPU_FLAGS.read_text(encoding="utf-8").split()
    except OSError:
        return False
    return not _BFLOAT16_FLAGS.isdisjoint(words)


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
