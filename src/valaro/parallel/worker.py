"""What a worker process does: jobs from a pipe, one after the other, until its parent is done or dead."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from valaro.errors import words_for
from valaro.parallel.outcome import Outcome, attempt


def serve(pipe: int, life: int) -> None:
    """Do jobs that come through the file descriptor `pipe`; die when the other end of `life` closes."""
    # Ctrl-C reaches the parent, which ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, args=(life,), daemon=True).start()
    # A pipe that breaks means that the parent is gone: nobody is left to tell.
    with suppress(EOFError, OSError):
        _serve(Connection(pipe))


def _serve(connection: Connection) -> None:
    try:
        function: Callable[[Any], Any] = connection.recv()
    except Exception as error:  # noqa: BLE001  (any fault of an import must reach the parent in words)
        connection.send(words_for(error))
        return
    connection.send("")
    while True:
        index: int = connection.recv()
        _answer(connection, _next_job(connection, function, index))


def _next_job(connection: Connection, function: Callable[[Any], Any], index: int) -> Outcome[Any]:
    try:
        job: Any = connection.recv()
    except Exception as error:  # noqa: BLE001  (a job that names what cannot be imported here)
        return Outcome(index=index, error=f"the job cannot be read by its worker: {words_for(error)}")
    return attempt(function, job, index, connection.send)


def _answer(connection: Connection, outcome: Outcome[Any]) -> None:
    try:
        connection.send(outcome)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever a result's parts raise when they are packed)
        connection.send(
            Outcome[Any](index=outcome.index, error=f"its result cannot leave the process: {words_for(error)}")
        )


def _die_with_parent(life: int) -> None:
    # Nothing is ever written: reading ends when the last writer, the parent, is gone, by whatever death.
    os.read(life, 1)
    os._exit(1)
