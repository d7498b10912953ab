"""The signs of collapse that trainings raised, those of a kind together."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from valaro.records import DIMENSIONS, Alarm, AlarmKind, Dimension

Watched = tuple[str, Dimension, Sequence[Alarm]]
"""A training: its model's name, its dimension, and the alarms that it raised."""


@dataclass(frozen=True, kw_only=True)
class AlarmRow:
    """The alarms of one kind, about the same, that trainings of a model raised."""

    label: str
    kind: AlarmKind
    about: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    """The least and the greatest of each number that an alarm of this kind has."""
    raised: int
    """How many of the model's `trainings` raised it."""
    trainings: int
    steps: tuple[int, int]
    dimensions: tuple[Dimension, ...]


def alarm_rows(trainings: Iterable[Watched]) -> tuple[AlarmRow, ...]:
    """Return the alarms by model and kind, the most frequent first.

    >>> first, second = (Alarm(kind="one_level", step=step, about=("low",), numbers=(3.0,)) for step in (90, 80))
    >>> rows = alarm_rows([("SSGAN", "valence", [first]), ("SSGAN", "valence", [second])])
    >>> [(row.raised, row.steps) for row in rows]
    [(2, (80, 90))]
    """
    watched = list(trainings)
    totals = Counter(label for label, _, _ in watched)
    groups: dict[tuple[str, AlarmKind, tuple[str, ...]], list[tuple[int, Alarm]]] = defaultdict(list)
    for number, (label, _, alarms) in enumerate(watched):
        for alarm in alarms:
            groups[label, alarm.kind, alarm.about].append((number, alarm))
    rows = [
        AlarmRow(
            label=label,
            kind=kind,
            about=about,
            ranges=tuple(
                (min(column), max(column)) for column in zip(*(alarm.numbers for _, alarm in group), strict=True)
            ),
            raised=len({number for number, _ in group}),
            trainings=totals[label],
            steps=(min(alarm.step for _, alarm in group), max(alarm.step for _, alarm in group)),
            dimensions=tuple(d for d in DIMENSIONS if any(watched[number][1] == d for number, _ in group)),
        )
        for (label, kind, about), group in groups.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.raised, row.label, row.kind, row.about)))
