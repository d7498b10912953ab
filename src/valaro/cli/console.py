"""What the verbs show: lines, tables of problems, how far they are."""

import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from valaro.cli.streams import ClosedPipeError
from valaro.jsonfile import to_json
from valaro.records import Problem
from valaro.reports.formats import duration, plural
from valaro.visible import in_one_line, visible, visible_line

SHOWN = 20
"""Lines of a list that are shown."""
_ALIKE = 3
MINUTE = 60.0
"""Seconds between two lines about a job that goes on."""


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        raise ClosedPipeError


# Words for people go to standard error: standard output is for what a script wants.
screen = _Screen(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def say(text: str) -> None:
    """Show a line as it is, but for what would command the terminal."""
    screen.print(visible(text))


def print_json(facts: Mapping[str, object]) -> None:
    """Print one JSON document to standard output, for a script; records become objects, numbers that are none null."""
    sys.stdout.write(f"{to_json(facts, indent=1)}\n")


def warn(text: str) -> None:
    """Show a line that nobody should miss."""
    screen.print(visible(f"WARNING: {text}"), style="bold yellow")


def list_problems(problems: Sequence[Problem]) -> None:
    """Show what failed, the first twenty lines; of many that failed alike, as in a broken file, one line for all."""
    alike: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        alike.setdefault((problem.where, in_one_line(problem.why)), []).append(problem.utterance)
    lines = [
        (1 if len(names) <= _ALIKE else len(names), f"  {name}: {where}: {why}")
        for (where, why), names in alike.items()
        for name in (names if len(names) <= _ALIKE else [f"{names[0]} and {len(names) - 1} more"])
    ]
    for _, line in lines[:SHOWN]:
        say(visible_line(line))
    if len(lines) > SHOWN:
        say(f"  ... and {sum(count for count, _ in lines[SHOWN:])} more")


class JobCount:
    """What a job was told last, since when, and a `bar` that is told too, with words for what is counted."""

    def __init__(self, what: str, unit: str) -> None:
        self.bar: Callable[[str, int, int], None] | None = None
        self._what, self._unit = what, unit
        self._before = "at work"
        self._done = self._total = self._failed = 0
        self._begun: tuple[float, int] | None = None

    def __call__(self, done: int, total: int, failed: int = 0, /) -> None:
        if self._begun is None:
            self._begun = (time.monotonic(), done)
            if self._unit:
                say(f"{self._what}: {plural(total, self._unit)}" + (f", {done} of them done before" if done else ""))
        self._done, self._total, self._failed = done, total, failed
        if self.bar is not None:
            self.bar(f"{self._what}, {failed} failed" if failed else self._what, done, total)

    def look(self, done: int, total: int, failed: int = 0, /) -> None:
        """Take in how much was looked at before the job begins: nothing of it is done yet, or was before."""
        self._before = f"looked at {done} of {total}" + (f", {failed} failed" if failed else "")
        if self.bar is not None:
            self.bar(f"{self._what}: look", done, total)

    def line(self) -> str:
        """Return how far the job is, in words."""
        if self._begun is None:
            return f"{self._what}: {self._before}"
        begun, before = self._begun
        failed = f", {self._failed} failed" if self._unit else ""
        # What was done before this run says nothing of how long the rest takes.
        per_item = (time.monotonic() - begun) / (self._done - before) if self._done > before else None
        left = "not known yet" if per_item is None else f"about {duration(per_item * (self._total - self._done))}"
        return f"{self._what}: {self._done} of {self._total} done{failed}, time left {left}"


@contextmanager
def progress(what: str, unit: str = "") -> Generator[JobCount]:
    """Show how far a job is: on a terminal a bar, elsewhere a line a minute; what it yields is told the counts.

    With a `unit`, as in `training`, the number of them is said before the first is done.
    """
    count = JobCount(what, unit)
    with _bar(count, what) if screen.is_terminal else _line_a_minute(count):
        yield count


@contextmanager
def _bar(count: JobCount, what: str) -> Generator[None]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen) as bar:
        task = bar.add_task(visible_line(what), total=None)

        def update(words: str, done: int, total: int) -> None:
            bar.update(task, description=visible_line(words), completed=done, total=total)

        count.bar = update
        yield


@contextmanager
def _line_a_minute(count: JobCount) -> Generator[None]:
    over = threading.Event()

    def speak() -> None:
        while not over.wait(MINUTE):
            say(count.line())

    # In a thread: a job of which no part ends for an hour must not look dead.
    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
