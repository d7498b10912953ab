"""The models of a run over the values of a setting that it varies."""

from collections.abc import Sequence
from dataclasses import dataclass

from valaro.analysis.results import ModelRow


@dataclass(frozen=True, kw_only=True)
class OverValues:
    """A model over the values of a setting: its name, the other settings that tell it apart, a row for each value."""

    unvaried: str
    others: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ModelRow], ...]


def over_values(rows: Sequence[ModelRow], setting: str, order: Sequence[str] = ()) -> tuple[OverValues, ...]:
    """Return the models that vary `setting`, each with its rows in the order of the values."""
    models: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, ModelRow]] = {}
    for row in rows:
        varied = dict(row.model_result.varied)
        if setting in varied:
            value = varied.pop(setting)
            models.setdefault((row.model_result.unvaried, tuple(varied.items())), {})[value] = row
    return tuple(
        OverValues(
            unvaried=unvaried,
            others=others,
            rows=tuple((value, by_value[value]) for value in in_order(by_value, order)),
        )
        for (unvaried, others), by_value in sorted(models.items())
    )


def in_order(values: Sequence[str] | set[str] | dict[str, ModelRow], first: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the values: those of `first`, then numbers by size, then words.

    >>> in_order({"shift", "100", "20", "none"}, ("none",))
    ('none', '20', '100', 'shift')
    """

    def rank(value: str) -> tuple[int, float, str]:
        number = number_of(value)
        if value in first:
            return first.index(value), 0.0, value
        return (len(first), number, value) if number is not None else (len(first) + 1, 0.0, value)

    return tuple(sorted(values, key=rank))


def number_of(value: str) -> float | None:
    """Return the number that a value's text is, None if it is none.

    >>> number_of("5000"), number_of("0.3"), number_of("shift"), number_of("nan")
    (5000.0, 0.3, None, None)
    """
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number - number == 0 else None
