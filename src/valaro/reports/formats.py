"""How numbers, intervals, spans of time and lists are written in pages and on the screen."""

import re
from collections.abc import Sequence

from valaro.evaluation.interval import Interval

MOST_NAMES = 6
_LONGEST_NAME = 120


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share as percent without the sign, `–` where there is none.

    >>> percent(0.4567), percent(None)
    ('45.7', '–')
    """
    return "–" if value is None or value != value else f"{100 * value:.{digits}f}"


def points(value: float) -> str:
    """Return a difference of shares in signed points with a true minus; what rounds to nothing has no sign.

    >>> points(0.021), points(-0.008), points(-0.0001)
    ('+2.1', '−0.8', '0.0')
    """
    text = f"{100 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def span(interval: Interval) -> str:
    """Return an interval of scores as `48.0 to 60.1`."""
    return f"{percent(interval.low)} to {percent(interval.high)}"


def span_of_points(interval: Interval) -> str:
    """Return an interval of differences as `−0.8 to 5.0`."""
    return f"{points(interval.low)} to {points(interval.high)}".replace("+", "")


def plural(number: int, noun: str) -> str:
    """Return `1 fold`, `8 folds`."""
    return f"{thousands(number)} {noun}" if number == 1 else f"{thousands(number)} {noun}s"


def thousands(number: int) -> str:
    """Return a whole number with thin spaces between its thousands."""
    return f"{number:,}".replace(",", "\u202f")


def count(value: float) -> str:
    """Return a count that ties may have made a fraction.

    >>> count(12.0), count(12.5)
    ('12', '12.5')
    """
    return f"{value:.1f}".removesuffix(".0")


def count_range(counts: tuple[int, int]) -> str:
    """Return `20`, or `60 to 72` where trainings differ."""
    low, high = counts
    return thousands(low) if low == high else f"{thousands(low)} to {thousands(high)}"


def duration(seconds: float) -> str:
    """Return seconds in words, `–` where they were left out.

    >>> duration(8.25), duration(75), duration(3720), duration(float("nan"))
    ('8.2 s', '1 min 15 s', '1 h 2 min', '–')
    """
    if seconds != seconds:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def p_value(p: float) -> str:
    """Return a p-value with two digits that count, or that it is below the least the draws can give.

    >>> p_value(0.204), p_value(0.0123), p_value(0.0004), p_value(0.998)
    ('0.20', '0.012', '< 0.001', '1')
    """
    if p < 0.001:
        return "< 0.001"
    return f"{p:#.2g}" if p < 0.995 else "1"


def listed(texts: Sequence[str], between: str = ", ", most: int = MOST_NAMES) -> str:
    """Return the first texts, and how many there are more."""
    more = f"{between}{len(texts) - most} more" if len(texts) > most else ""
    return between.join(texts[:most]) + more


def step_range(steps: tuple[int, int]) -> str:
    """Return `step 40`, or `steps 40 to 120` where trainings differ."""
    return f"step{'s' if steps[0] < steps[1] else ''} {count_range(steps)}"


def file_name(name: str) -> str:
    """Return a figure's name as that of a file, cut where a file system would not hold it.

    >>> file_name("curves-SSGAN face, max_unlabelled 20/3")
    'curves-SSGAN-face-max_unlabelled-20-3'
    """
    return re.sub(r"[^A-Za-z0-9._+]+", "-", name)[:_LONGEST_NAME].strip("-.")
