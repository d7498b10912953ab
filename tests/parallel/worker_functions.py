"""Functions for workers to run in the tests of processes; a worker can only import them from a module."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path


def square(number: int) -> int:
    return number * number


def square_or_fault(number: int) -> int:
    if number == 3:
        raise ValueError("three is not wanted")
    return number * number


def die_of_thirteen(number: int) -> int:
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def exit_of_thirteen(number: int) -> int:
    if number == 13:
        os._exit(7)
    return number


def die_the_first_time(marker: Path) -> str:
    if not marker.exists():
        marker.write_text("was here")
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def unreturnable(number: int) -> object:
    return (lambda: number) if number else 0


def count_to(number: int) -> Iterator[int]:
    yield from range(number)
    if number == 3:
        raise ValueError("three is not wanted")


def die_at_the_second(markers: Path) -> Iterator[str]:
    """Die once before the first part and always before the second."""
    if not markers.exists():
        markers.write_text("was here")
        os.kill(os.getpid(), signal.SIGKILL)
    yield "first"
    os.kill(os.getpid(), signal.SIGKILL)


def threads(_: int) -> tuple[int, int]:
    import cv2
    import torch

    return torch.get_num_threads(), cv2.getNumThreads()


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def write_pid_and_sleep(place: Path) -> None:
    (place / str(os.getpid())).write_text("")
    time.sleep(60)
