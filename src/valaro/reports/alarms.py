"""What an alarm says: what was seen, and what to try."""

from valaro.analysis.alarms import AlarmRow
from valaro.records import AlarmKind
from valaro.reports.formats import plural, step_range, thousands

_WHAT: dict[AlarmKind, tuple[str, tuple[str, ...]]] = {
    "fake_told_apart": (
        "the classifier tells real from generated without effort (losses {0} and {1}): the generator has nothing left "
        "to teach it",
        (".3f", ".3f"),
    ),
    "diverged": (
        "the loss on labelled samples grew to {0}, where guessing costs {1}: the training has diverged",
        (".3g", ".3g"),
    ),
    "generator_exploded": ("the generator's loss grew from {0} to {1}", (".3g", ".3g")),
    "features_flat": ("the features of {about[0]} samples no longer vary (deviation {0} of their size)", (".1e",)),
    "one_level": ("every validation utterance is judged '{about[0]}', {0} evaluations in a row", ("g",)),
    "distant_corpus": (
        "the unlabelled recordings of '{about[0]}' lie {0} deviations off the labelled in '{about[1]}'",
        (".1f",),
    ),
    "missing_level": ("no labelled utterance of training is '{about[0]}': the model cannot learn that level", ()),
}
"""What was seen, with how each number is written."""

_ADVICE: dict[AlarmKind, str] = {
    "fake_told_apart": "more network.input_noise and hidden_noise, or lower losses.real and losses.fake",
    "diverged": "lower training.learning_rate",
    "generator_exploded": "lower training.learning_rate, or raise losses.consistency",
    "features_flat": "lower training.learning_rate",
    "one_level": "set sampling.balanced = true; with unlabelled recordings also lower the weights in [losses]",
    "distant_corpus": "study.normalisation = 'self' scales each corpus by itself",
    "missing_level": "label recordings of every level, or look at the scale that their labels were read with",
}
_OF_GENERATOR = "losses.pull_away = 0.5 makes the generator vary"


def alarm_words(row: AlarmRow) -> str:
    """Return what was seen; numbers that differ are a range, as `0.004–0.010`."""
    words, formats = _WHAT[row.kind]
    return words.format(*map(_range, row.ranges, formats), about=row.about)


def alarm_advice(row: AlarmRow) -> str:
    """Return what to try."""
    is_generator = row.kind == "features_flat" and row.about == ("generated",)
    return _OF_GENERATOR if is_generator else _ADVICE[row.kind]


def alarm_sentence(row: AlarmRow) -> str:
    """Return which trainings raised an alarm, when, what it is, and what to try."""
    trainings = f"{thousands(row.raised)} of {plural(row.trainings, 'training')} of {row.label}"
    return f"{trainings}, first at {step_range(row.steps)}: {alarm_words(row)}; try: {alarm_advice(row)}"


def _range(numbers: tuple[float, float], form: str) -> str:
    low, high = (format(number, form) for number in numbers)
    return low if low == high else f"{low}–{high}"
