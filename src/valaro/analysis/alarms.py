"""The signs of collapse that trainings raised, those of a kind together."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from valaro.records import DIMENSIONS, Alarm, Dimension

Watched = tuple[str, Dimension, Sequence[Alarm]]
"""A training: its model's name, its dimension, and the alarms that it raised."""

_NUMBER = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


@dataclass(frozen=True, kw_only=True)
class AlarmRow:
    """What `raised` of a model's `trainings` saw, the first and the last of them at `steps`, and what to change."""

    label: str
    what: str
    advice: str
    raised: int
    trainings: int
    steps: tuple[int, int]
    dimensions: tuple[Dimension, ...]


def alarm_rows(trainings: Iterable[Watched]) -> tuple[AlarmRow, ...]:
    """Return the alarms by model and kind, the most frequent first; numbers that differ become ranges."""
    watched = list(trainings)
    totals = Counter(label for label, _, _ in watched)
    kinds: dict[tuple[str, tuple[str, ...], str], list[tuple[int, Alarm]]] = {}
    for number, (label, _, alarms) in enumerate(watched):
        for alarm in alarms:
            # What is left between the numbers tells the kinds apart.
            between = tuple(_NUMBER.split(alarm.what)[::2])
            kinds.setdefault((label, between, alarm.advice), []).append((number, alarm))
    rows = [
        AlarmRow(
            label=label,
            what=_with_ranges([alarm.what for _, alarm in found]),
            advice=advice,
            raised=len({number for number, _ in found}),
            trainings=totals[label],
            steps=(min(alarm.step for _, alarm in found), max(alarm.step for _, alarm in found)),
            dimensions=tuple(d for d in DIMENSIONS if any(watched[number][1] == d for number, _ in found)),
        )
        for (label, _, advice), found in kinds.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.raised, row.label, row.what)))


def _with_ranges(texts: Sequence[str]) -> str:
    """Return texts that differ in their numbers as one.

    >>> _with_ranges(["losses 0.010 and 0.02", "losses 0.004 and 0.02"])
    'losses 0.004–0.010 and 0.02'
    """
    columns = zip(*map(_NUMBER.split, texts), strict=True)
    return "".join(_range(column) if place % 2 else column[0] for place, column in enumerate(columns))


def _range(numbers: Sequence[str]) -> str:
    low, high = min(numbers, key=float), max(numbers, key=float)
    return low if float(low) == float(high) else f"{low}–{high}"
