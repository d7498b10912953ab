"""Running one function over many jobs in worker processes of one thread each."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from valaro.errors import ValaroError
from valaro.parallel.outcome import Job, Outcome, Part, Result

ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OPENCV_FOR_THREADS_NUM",
    ),
    "1",
)
"""A process a core with one thread each: torch, numpy and OpenCV read these when they are first imported."""

KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
"""Else glibc gives large blocks back at once and gets them again page by page: a sixth of a training's time."""

_BEGIN = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from valaro.parallel.worker import serve; " + (
    "serve(int(sys.argv[2]), int(sys.argv[3]))"
)
_ATTEMPTS = 2
_FALSE_STARTS = 5
"""Workers that may die without a job in hand before it is clear that none will ever work."""


@dataclass(eq=False, kw_only=True)
class _Worker:
    """A fresh interpreter and the job it is at; it never imports the caller's script, which needs no guard."""

    process: subprocess.Popen[bytes]
    connection: Connection
    ready: bool = False
    job: int | None = None
    parts: int = 0


@dataclass(kw_only=True)
class _Work:
    """The jobs that wait, how often each has taken a worker with it after how many parts, and the outcomes so far."""

    waiting: deque[int]
    deaths: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])
    false_starts: int = 0
    outcomes: dict[int, Outcome[Any]] = field(default_factory=dict[int, Outcome[Any]])


def run_jobs(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    *,
    workers: int,
    on_done: Callable[[Outcome[Result]], None] | None = None,
    on_part: Callable[[int, Any], None] | None = None,
) -> tuple[Outcome[Result], ...]:
    """Run `function` over `jobs` in `workers` processes and return the outcomes in the order of the jobs.

    An exception is an outcome. A job whose worker dies twice at the same part is a failed outcome; the others go on.
    `on_done` is called here, in the order in which jobs end, and `on_part` with a job's index and each value that a
    generator yields. `function` must be importable (not of a script, no lambda); jobs and results travel between the
    processes. However this ends, no worker is left.
    """
    check_workers(workers)
    if getattr(function, "__module__", None) == "__main__":
        raise ValaroError("the function is part of a script: put it into a module that workers can import")
    work = _Work(waiting=deque(range(len(jobs))))
    with _life_line() as life, _crew() as crew:
        while len(work.outcomes) < len(jobs):
            while len(crew) < min(workers, len(jobs) - len(work.outcomes)):
                crew.append(_start(function, life))
            for worker in _speaking(crew):
                outcome = _hear(worker, crew, work)
                if isinstance(outcome, Part):
                    if on_part is not None:
                        on_part(outcome.index, outcome.value)
                elif outcome is not None:
                    work.outcomes[outcome.index] = outcome
                    if on_done is not None:
                        on_done(outcome)
            for worker in crew:
                _hand_out(worker, work, jobs)
    return tuple(work.outcomes[index] for index in range(len(jobs)))


def check_workers(workers: int) -> None:
    """Check a number of processes or threads that a user asked for, before anything is begun."""
    if workers < 1:
        raise ValaroError(f"{workers} workers: expected at least 1")


@contextmanager
def _life_line() -> Generator[int]:
    """Yield the end of a pipe by which workers notice that this process is gone."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


@contextmanager
def _crew() -> Generator[list[_Worker]]:
    crew: list[_Worker] = []
    try:
        yield crew
    finally:
        for worker in crew:
            worker.process.kill()
        for worker in crew:
            worker.process.wait()
            worker.connection.close()


def _start(function: Callable[[Any], Any], life: int) -> _Worker:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter, our own code)
            [sys.executable, "-c", _BEGIN, json.dumps(sys.path), str(theirs.fileno()), str(life)],
            pass_fds=[theirs.fileno(), life],
            env={**os.environ, **ONE_THREAD, **KEEP_MEMORY},
            stdin=subprocess.DEVNULL,
            stdout=2,  # what a decoder prints must not get between a command's answer on stdout
            # In a group of its own a worker does not see the Ctrl-C meant for its parent, which ends it.
            process_group=0,
        )
    worker = _Worker(process=process, connection=Connection(ours.detach()))
    with suppress(OSError):  # a worker that is dead already is noticed when it should speak
        worker.connection.send(function)
    return worker


def _speaking(crew: Sequence[_Worker]) -> list[_Worker]:
    """Wait until at least one worker has something to say, or is dead."""
    ready = wait([worker.connection for worker in crew])
    return [worker for worker in crew if worker.connection in ready]


def _hear(worker: _Worker, crew: list[_Worker], work: _Work) -> Outcome[Any] | Part | None:
    """Return the part or the outcome a worker reports, or that of the job it died of."""
    try:
        message: str | Part | Outcome[Any] = worker.connection.recv()
    except (EOFError, OSError):
        crew.remove(worker)
        return _bury(worker, work)
    if isinstance(message, str):
        if message:
            raise ValaroError(f"workers cannot import their function: {message}")
        worker.ready = True
        return None
    if isinstance(message, Part):
        worker.parts += 1
    else:
        worker.job = None
    return message


def _bury(worker: _Worker, work: _Work) -> Outcome[Any] | None:
    """Give a dead worker's job back, or give it up."""
    how = _cause_of_death(worker)
    index, worker.ready = worker.job, False
    if index is None:
        work.false_starts += 1
        if work.false_starts > _FALSE_STARTS:
            raise ValaroError(f"worker processes end before they begin a job ({how}): is there memory enough?")
        return None
    work.deaths[index, worker.parts] += 1
    if work.deaths[index, worker.parts] < _ATTEMPTS:
        work.waiting.appendleft(index)
        return None
    error = f"its process died {_ATTEMPTS} times, at last by {how}"
    return Outcome(index=index, error=error, died=True, parts=worker.parts)


def _cause_of_death(worker: _Worker) -> str:
    try:
        code = worker.process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        code = worker.process.wait()
    worker.connection.close()
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _hand_out(worker: _Worker, work: _Work, jobs: Sequence[Any]) -> None:
    if not worker.ready or worker.job is not None or not work.waiting:
        return
    index = work.waiting.popleft()
    try:
        # Apart, so that a job that cannot be read has its number all the same.
        worker.connection.send(index)
        worker.connection.send(jobs[index])
    except OSError:  # dead; it is buried when it should speak
        work.waiting.appendleft(index)
        worker.ready = False
    else:
        worker.job, worker.parts = index, 0
