"""A lock on a folder that only one process can hold, free again as soon as its owner is dead."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from valaro.errors import StoreError
from valaro.regular import why_no_folder

LOCK_FILE = ".lock"
"""It stays when the lock is free: removing it could let two processes in."""


@contextmanager
def exclusive_lock(folder: Path, what: str) -> Generator[None]:
    """Hold the lock of `folder` (made if it is not there); while another process holds it, refuse with a message."""
    why = why_no_folder(folder)
    if why and os.path.lexists(folder):
        raise StoreError(f"'{folder}' {why} or a name that is free")
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{folder}: another process {what} into it; wait for it or choose another folder"
            ) from None
        yield
    finally:
        os.close(descriptor)
