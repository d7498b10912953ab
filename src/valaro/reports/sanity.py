"""The sanity checks in words."""

from valaro.analysis.sanity import (
    GAP,
    WARNS,
    Collapse,
    MissingTrainings,
    PeopleTested,
    SanityCheck,
    ShuffledLabels,
    SpeakersApart,
    Unfinished,
    ValidationGap,
)
from valaro.reports.formats import listed, percent, plural, points, span
from valaro.reports.sentences import training_name, unfinished_words


def check_name(check: SanityCheck, *, several_runs: bool = False) -> str:
    """Return what is checked, as a page calls it."""
    match check:
        case Unfinished():
            return "Study finished" + (f", {check.run.name}" if several_runs else "")
        case SpeakersApart():
            return "Test people kept apart"
        case ShuffledLabels():
            return f"Shuffled labels, {check.dimension}" + (f", {check.run.name}" if several_runs else "")
        case ValidationGap():
            return f"Validation against test, {check.dimension}"
        case Collapse():
            return f"Levels forgotten, {check.dimension}"
        case PeopleTested():
            return f"People tested, {check.dimension}"
        case MissingTrainings():
            return f"Trainings missing, {check.dimension}"


def check_words(check: SanityCheck) -> str:
    """Return what a check found."""
    match check:
        case Unfinished():
            return _unfinished(check)
        case SpeakersApart():
            return _apart(check)
        case ShuffledLabels():
            return _shuffled(check)
        case ValidationGap():
            return _gap(check)
        case Collapse():
            return _collapse(check)
        case PeopleTested():
            rough = ": intervals over so few are rough, and who they are decides much"
            return plural(check.speakers, "speaker") + (rough if check.state == "warning" else "")
        case MissingTrainings():
            lacking = listed([f"{label} {count}" for label, count in check.lacking])
            return f"{lacking}: fewer than others have, so they are not ranked with them"


def _unfinished(check: Unfinished) -> str:
    parts = {
        "damaged": [f"{result.utterance} ({result.why})" for result in check.run.damaged],
        "failed": [f"{failure.utterance} ({failure.why})" for failure in check.run.failures],
        "not there": check.absent,
    }
    words = unfinished_words(check.run) or "some results cannot be read"
    separators = {"not there": ", "}
    return words + "".join(
        f"; {name}: {listed(items, separators.get(name, '; '), 3)}" for name, items in parts.items() if items
    )


def _apart(check: SpeakersApart) -> str:
    kept = check.separation
    if kept is None:
        return "no training to check"
    if kept.shared:
        where = f"in {plural(len(kept.shared), 'training')}, such as {training_name(kept.shared[0])}"
        return f"a speaker is in both validation and test {where}"
    return (
        f"no test speaker is among the validation speakers of any of {plural(kept.trainings, 'training')}; "
        f"{plural(kept.test_speakers, 'speaker')} tested; a fold that trains on one of them cannot be made"
    )


def _shuffled(check: ShuffledLabels) -> str:
    if check.outcome == "not_run":
        return "not run (study.control = false, or not finished): a leak of labels would not show"
    mean = f"{check.model}: UAR {percent(check.uar)} %"
    if check.interval is None:
        return f"{mean}, one shuffle alone says nothing: expected two sessions or more"
    words = f"{mean} ({span(check.interval)}), guessing {percent(check.chance)} %"
    if check.outcome == "above_chance":
        return (
            f"{words}: above chance in {plural(check.shuffles, 'shuffle')}; by chance alone this happens in "
            f"1 of {1 / WARNS:.0f} reports. If it stays with more seeds (study.seeds), labels of test people leak "
            "somewhere"
        )
    if check.outcome == "too_few_shuffles":
        leak = percent(check.interval.high - check.chance, 0)
        few = f"too few shuffles to see a leak of less than {leak} points"
        return f"{words}: {few}; more seeds (study.seeds) give more"
    return f"{words}: nothing is learnt from labels that mean nothing"


def _gap(check: ValidationGap) -> str:
    if not check.gaps:
        return "no validation answers were kept"
    label, gap = max(check.gaps, key=lambda pair: pair[1])
    words = f"{points(gap)} points of UAR at most, {label}"
    if check.wide:
        words += (
            f"; more than {100 * GAP:.0f} points for {listed(check.wide)}: what validation chose does not carry over"
        )
    return words


def _collapse(check: Collapse) -> str:
    if check.forgotten:
        lost = [f"{label} recognises {percent(recall)} % of {level}" for label, level, recall in check.forgotten]
        return listed(lost, "; ")
    recall, where = min((recall, f"{label} on {level}") for label, level, recall in check.recalls)
    return f"none; the lowest recall is {percent(recall)} %, {where}"
