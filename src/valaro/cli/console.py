"""What the verbs show: lines, tables of problems, progress bars."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from valaro.cli.streams import ClosedPipeError
from valaro.records import Problem
from valaro.reports.alarms import Watched, alarm_rows
from valaro.reports.sentences import alarm_sentence, plural
from valaro.visible import visible, visible_line

_SHOWN = 20
_ALIKE = 3


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        raise ClosedPipeError


# Words for people go to standard error: standard output is for what a script wants.
screen = _Screen(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def say(text: str) -> None:
    """Show a line as it is, but for what would command the terminal."""
    screen.print(visible(text))


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
        say(visible_line(line))
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
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    # Into a file or pipe a bar would write nothing but empty lines.
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bar:
        task = bar.add_task(visible_line(what), total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield told
