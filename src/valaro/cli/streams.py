"""Standard output and error of the command line: all that is written to them is made visible first."""

import io
import os
import signal
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

from valaro.visible import visible

CLOSED = 128 + signal.SIGPIPE
"""The exit code of a program whose reader has gone (head, less): nothing is wrong."""


class ClosedPipeError(BaseException):
    """Nobody reads our output any more; under a name that no library on the way takes for its own."""


class VisibleStream(io.TextIOBase):
    """Writes to another stream what may be shown; rich, whose own commands to the terminal are meant, passes it by."""

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.rich_proxied_file.encoding

    @property
    def errors(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.rich_proxied_file.errors

    def isatty(self) -> bool:
        return self.rich_proxied_file.isatty()

    def fileno(self) -> int:
        return self.rich_proxied_file.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        try:
            self.rich_proxied_file.write(visible(text))
        except BrokenPipeError:
            raise ClosedPipeError from None
        return len(text)

    def flush(self) -> None:
        try:
            self.rich_proxied_file.flush()
        except BrokenPipeError:
            raise ClosedPipeError from None


@contextmanager
def visible_streams() -> Generator[None]:
    """Let all output go through `VisibleStream`; where its reader has gone, end without a word."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = VisibleStream(before[0]), VisibleStream(before[1])
    sys.excepthook = _show_fault
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    except ClosedPipeError:
        # What is still waiting to be written goes nowhere, else Python complains when it ends.
        for stream in before:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.exit(CLOSED)
    finally:
        sys.stdout, sys.stderr = before


def _show_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    traceback.print_exception(kind, error, trace, file=VisibleStream(sys.stderr))
