"""How this process computes while it trains: memory that is kept, threads and number formats that pay."""

import ctypes
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import torch

from valaro.errors import ValaroError
from valaro.training.config import DeviceName, Precision

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT = 1 << 30


_CPU_FLAGS = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})

CPU = torch.device("cpu")


def device_called(name: DeviceName) -> torch.device:
    """Return the device that networks are trained on.

    Raises:
        ValaroError: there is no such device here.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ValaroError(
            f"training.device = 'cuda', but torch {torch.__version__} sees no GPU here: "
            "install a build of torch with CUDA, or leave training.device at 'cpu'"
        )
    return torch.device(name)


@contextmanager
def compute_context(layout: str, precision: Precision = "single", device: torch.device = CPU) -> Generator[None]:
    """Compute on `device` as suits networks of this layout; threads are as they were afterwards."""
    kind = device.type
    keep_memory()
    before = torch.get_num_threads()
    if layout != "image":
        # Convolutions over time alone are so small that a second thread waits more than it works.
        torch.set_num_threads(1)
    multiplies_half = torch.cuda.is_bf16_supported if kind == "cuda" else multiplies_bfloat16
    is_half = precision == "bfloat16" or (precision == "auto" and layout == "image" and multiplies_half())
    try:
        # Convolutions and matrix products only; sums, losses, weights and Adam stay in single precision. Without the
        # cache: it keeps the rounded copy of a weight until autocast ends, and so through every update in here.
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=is_half, cache_enabled=False):
            yield
    finally:
        torch.set_num_threads(before)
        give_memory_back()


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


def give_memory_back() -> None:
    """Hand what a training has freed back to the system.

    Every training asks for blocks of other sizes; kept as they are, the gaps between them grew by 5 MB a training,
    1.5 GB over 300 in one process.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
