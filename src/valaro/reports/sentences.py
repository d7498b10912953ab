"""The plain sentences in which a report says what was found."""

from collections.abc import Iterable, Mapping, Sequence

from valaro.analysis.differences import BEST, LEVEL, Difference, Question
from valaro.analysis.results import DimensionResults
from valaro.analysis.sanity import FEW_SPEAKERS
from valaro.records import FoldResult, RunRecord, TestHalf
from valaro.reports.formats import (
    MOST_NAMES,
    p_value,
    percent,
    plural,
    points,
    span,
    span_of_points,
    thousands,
)

SPEAKER_NOTE = "speaker-wise normalisation: uses the test speakers' own unlabelled recordings"
MOST_SENTENCES = 3
"""Beyond this many comparisons a headline counts them; the table holds every one."""


def verdict(difference: Difference) -> str:
    """Return what a difference allows to say, corrected for the number of pairs beside it."""
    if difference.uar.includes_zero:
        return "no difference shown"
    if difference.is_shown:
        return "a difference is shown"
    if difference.p >= LEVEL:
        return f"no difference shown: p = {p_value(difference.p)} over so few people"
    return f"shown, but not after correction for {plural(difference.pairs, 'pair')}"


QUESTION_WORDS: dict[Question, str] = {
    "unlabelled": "Do unlabelled recordings pay?",
    "generator": "Does the generator pay?",
    "fusion": "Does joining the modalities pay?",
    "network": "Does a network pay?",
    "choice": "Does a choice by validation pay?",
    "variant": "Does the varied setting matter?",
    "run": "Do the runs differ?",
    "best": "The highest UAR against the rest",
}


def question_words(difference: Difference) -> str:
    """Return the question that a difference answers."""
    return QUESTION_WORDS[difference.question] if difference.question else ""


def pair_name(difference: Difference) -> str:
    """Return `MSSGAN − CT`."""
    return f"{difference.first} − {difference.second}"


def difference_sentence(difference: Difference) -> str:
    """Return who is above whom, by how much, and whether that shows a difference."""
    value = difference.uar.value
    where = f"{percent(abs(value))} points {'above' if value >= 0 else 'below'}"
    return (
        f"{difference.first} is {'level with' if points(value) == '0.0' else where} {difference.second} "
        f"(95\u00a0% interval {span_of_points(difference.uar)}): {verdict(difference)}."
    )


def headline(results: DimensionResults) -> tuple[str, ...]:
    """Return what to know about a dimension: the highest UAR, whether it beats guessing, how the others compare."""
    best = results.rows[0]
    name = best.model_result.label
    first = f"{name} has the highest UAR" if len(results.rows) > 1 else f"{name} reaches a UAR of"
    first += (
        f"{',' if len(results.rows) > 1 else ''} {percent(best.uar.value)}\u00a0% (95\u00a0% interval {span(best.uar)})"
    )
    guessing = f"guessing gives {percent(results.chance)}\u00a0%"
    if best.beats_guessing:
        sentences = [f"{first}; {guessing}."]
    else:
        sentences = [
            f"{first}. That is not shown to be better than guessing: {guessing}, inside or above the interval."
        ]
    elsewhere = [row.model_result.label for row in results.rows[1:] if not row.tested & best.tested]
    if elsewhere:
        sentences.append(f"{_some(elsewhere)} judged other utterances: higher or lower says nothing of them.")
    against = {d.seen_from(name).second: d.seen_from(name) for d in results.differences if name in (d.first, d.second)}
    ranked = [against[row.model_result.label] for row in results.rows if row.model_result.label in against]
    nearest = _nearest_network(results, against)
    if nearest:
        lead = "No network reaches" if nearest.is_shown else "No network scores above"
        sentences.append(f"{lead} the best linear model: {difference_sentence(nearest)}")
        ranked.remove(nearest)
    if len(ranked) <= MOST_SENTENCES:
        return (*sentences, *map(difference_sentence, ranked))
    if not nearest:
        sentences.append(difference_sentence(ranked.pop(0)))
    return (*sentences, _count_of_shown(ranked))


def _nearest_network(results: DimensionResults, against: Mapping[str, Difference]) -> Difference | None:
    """Return the best row against the nearest network, if the row is a linear model and above every network."""
    networks = [row.model_result.label for row in results.rows if not row.model_result.is_linear]
    if not results.rows[0].model_result.is_linear or not networks or any(name not in against for name in networks):
        return None
    nearest = min((against[name] for name in networks), key=lambda difference: difference.uar.value)
    # What rounds to nothing is said to be level, which is no lead.
    return nearest if nearest.uar.value > 0 and points(nearest.uar.value) != "0.0" else None


def _count_of_shown(others: Sequence[Difference]) -> str:
    """Return to how many others a difference is shown, and the names of those to whom none is."""
    level = [difference.second for difference in others if not difference.is_shown]
    everyone = f"the other {plural(len(others), 'model')}"
    if not level:
        return f"A difference is shown to each of {everyone}."
    if len(level) == len(others):
        return f"No difference is shown to any of {everyone}."
    return f"A difference is shown to {len(others) - len(level)} of {everyone}, none to {_some(level)}."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}"


def training_name(result: FoldResult) -> str:
    """Return `MSSGAN, valence, 1 test F, seed 0`."""
    return f"{result.model}, {result.dimension}, {result.fold}, seed {result.seed}"


def parted(halves: frozenset[TestHalf]) -> str:
    """Return how the folds part a session's speakers into validation and test."""
    if halves <= {"F", "M"}:
        return "by gender"
    if not halves & {"F", "M"}:
        return "by their names, since not both genders are known"
    return "by gender, or by name without both genders"


def cautions(results: DimensionResults) -> tuple[str, ...]:
    """Return what a reader must keep in mind with these figures."""
    cautions: list[str] = []
    speakers = min(row.speakers for row in results.rows)
    if speakers < FEW_SPEAKERS:
        people = "1 test speaker" if speakers == 1 else f"{speakers} test speakers"
        cautions.append(f"Only {people}: an interval over so few people is rough.")
    if results.incomplete:
        cautions.append(
            f"In {results.incomplete} of {len(results.folds)} trainings a level is missing from the test set; UAR is "
            f"taken over the levels present, so guessing gives {_chances(results)}\u00a0% here, not 33.3\u00a0%."
        )
    asked = sum(difference.question != BEST for difference in results.differences)
    if len(results.differences) > 1:
        every = next((d.pairs for d in results.differences if d.question == BEST), 0)
        over = [f"over the {plural(asked, 'pair')} that answer{'s' if asked == 1 else ''} a question"] if asked else []
        over += [f"for the highest UAR against the rest over all {plural(every, 'pair')} of models"] if every else []
        cautions.append(
            f"A difference counts as shown if it holds after Holm's correction, {', '.join(over)}; each interval is "
            "its pair's own."
        )
    short = [row.model_result.label for row in results.rows if row.lacking]
    if short:
        cautions.append(f"{_some(short)}: trainings are missing, so they stand after the others whatever their UAR.")
    return tuple(cautions)


def _chances(results: DimensionResults) -> str:
    chances = [row.chance for row in results.rows]
    low, high = percent(min(chances)), percent(max(chances))
    return low if low == high else f"{low} to {high}"


def unfinished_words(run: RunRecord) -> str:
    """Return how many of a study's results are there; empty where none is missing."""
    count = len(run.planned) - len(run.missing)
    return f"not finished: {thousands(count)} of {plural(len(run.planned), 'result')} are there" if run.missing else ""


def rescaled_words(run: RunRecord) -> str:
    """Return which models took unlabelled recordings scaled otherwise than the study asks; empty where none did."""
    scalings: dict[tuple[str, str], dict[str, None]] = {}
    for result in run.judged:
        asked = dict(result.varied).get("study.normalisation", run.normalisation)
        if result.normalisation not in {"", asked}:
            scalings.setdefault((result.normalisation, asked), {})[result.method] = None
    return "; ".join(
        f"{', '.join(methods)} took unlabelled recordings with normalisation {used}, not {asked} as the study asks: a "
        "model that labels them itself must have them on the scale that it has learnt from"
        for (used, asked), methods in scalings.items()
    )


def speaker_note(labels: Iterable[str]) -> str:
    """Return the note that stands beside every figure of models with speaker-wise normalisation, empty without."""
    named = ", ".join(dict.fromkeys(labels))
    return f"{named}: {SPEAKER_NOTE}." if named else ""


def chosen_step(result: FoldResult) -> str:
    """Return the step that validation chose; a linear model has none, validation chose its regularisation."""
    return f"strength {result.best_step}" if result.is_linear else thousands(result.best_step)
