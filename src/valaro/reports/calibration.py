"""Whether the models' probabilities can be taken at their word: a sentence."""

from collections.abc import Sequence

from valaro.analysis.calibration import TRUSTED, CalibrationRow, TemperatureScaling
from valaro.evaluation.interval import Interval
from valaro.reports.formats import percent


def calibration_sentence(rows: Sequence[CalibrationRow]) -> str:
    """Return what the highest-scoring model's probabilities are worth, and whether its validation could mend them."""
    best = rows[0]
    off = f"{best.label}'s probabilities are off by {percent(best.error)} points on average"
    if best.error <= TRUSTED:
        return f"{off}: they can be read as they are."
    scaling = best.after_temperature_scaling
    if scaling is None:
        return f"{off}: it is {_how(best.confidence_gap)}."
    low, high = scaling.temperatures
    after = f"after the temperature that validation chose ({low:.2f} to {high:.2f}) by {percent(scaling.error)}"
    return f"{off}, it is {_how(best.confidence_gap)}; {after}{_what_shows(scaling)}."


def nats(change: Interval) -> str:
    """Return a change of cross-entropy with its interval, in nats.

    >>> nats(Interval(value=-0.07, low=-0.1, high=0.02))
    '−0.070, −0.100 to +0.020'
    """
    return f"{change.value:+.3f}, {change.low:+.3f} to {change.high:+.3f}".replace("-", "−")


def _how(gap: Interval) -> str:
    if gap.includes_zero:
        return "not shown to be too sure or too modest on the whole"
    return "too sure of itself" if gap.value > 0 else "too modest"


def _what_shows(scaling: TemperatureScaling) -> str:
    """Return whether the temperatures mend: a smaller error may stand beside a higher cross-entropy, and by chance."""
    change = f"({nats(scaling.change)} nats)"
    if scaling.change.includes_zero:
        return f"; in its cross-entropy that shows as neither gain nor loss {change}"
    if scaling.change.value > 0:
        return f", but its cross-entropy rises {change}: it is made worse"
    return f", and its cross-entropy falls {change}"
