"""What the verbs show: lines, tables of problems, progress bars."""

import json
import math
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from valaro.records import Problem
from valaro.reports.alarms import Watched, alarm_rows
from valaro.reports.sentences import alarm_sentence, plural

_SHOWN = 20
_ALIKE = 3

# Words for people go to standard error: standard output is for what a script wants.
screen = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Show a line as it is."""
    screen.print(text, markup=False)


def print_json(facts: Mapping[str, object]) -> None:
    """Print one JSON document to standard output, for a script; records become objects, numbers that are none null."""
    text = json.dumps(_plain(facts), ensure_ascii=True, allow_nan=False, indent=1)
    sys.stdout.write(f"{text}\n")


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in cast("Mapping[object, object]", value).items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_plain(inner) for inner in cast("Iterable[object]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def warn(text: str) -> None:
    """Show a line that nobody should miss."""
    screen.print(f"WARNING: {text}", markup=False, style="bold yellow")


def list_problems(problems: Sequence[Problem]) -> None:
    """Show what failed, the first twenty lines; of many that failed alike, as in a broken file, one line for all."""
    alike: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        alike.setdefault((problem.where, problem.why), []).append(problem.utterance)
    lines = [
        (1 if len(names) <= _ALIKE else len(names), f"  {name}: {where}: {why}")
        for (where, why), names in alike.items()
        for name in (names if len(names) <= _ALIKE else [f"{names[0]} and {len(names) - 1} more"])
    ]
    for _, line in lines[:_SHOWN]:
        say(line)
    if len(lines) > _SHOWN:
        say(f"  ... and {sum(count for count, _ in lines[_SHOWN:])} more")


def list_alarms(trainings: Iterable[Watched]) -> None:
    """Show which trainings raised an alarm, a line a model and kind, the most frequent twenty."""
    rows = alarm_rows(trainings)
    if rows:
        say(f"{plural(len(rows), 'sign')} of collapse:")
    for row in rows[:_SHOWN]:
        say(f"  {alarm_sentence(row)}")
    if len(rows) > _SHOWN:
        say(f"  ... and {len(rows) - _SHOWN} more")


@contextmanager
def progress(what: str) -> Generator[Callable[[int, int], None]]:
    """Show a bar with time left; the callback is told how many of how many are done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    # Into a file or pipe a bar would write nothing but empty lines.
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield told
