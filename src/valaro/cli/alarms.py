"""The signs of collapse that trainings raised, on the screen."""

from collections.abc import Iterable

from valaro.analysis.alarms import Watched, alarm_rows
from valaro.cli.console import SHOWN, say
from valaro.reports.alarms import alarm_sentence
from valaro.reports.formats import plural


def list_alarms(trainings: Iterable[Watched]) -> None:
    """Show which trainings raised an alarm, a line a model and kind, the most frequent twenty."""
    rows = alarm_rows(trainings)
    if rows:
        say(f"{plural(len(rows), 'sign')} of collapse:")
    for row in rows[:SHOWN]:
        say(f"  {alarm_sentence(row)}")
    if len(rows) > SHOWN:
        say(f"  ... and {len(rows) - SHOWN} more")
