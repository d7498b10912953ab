"""The paper's claims in words: what each states, and why it holds, does not, or cannot be judged."""

from collections.abc import Sequence

from valaro.analysis.paper.claims import Outcome, Subject, Verdict
from valaro.analysis.paper.matching import Absence
from valaro.reports import formats
from valaro.reports.blocks import Sentence

_LEADS: dict[Outcome, str] = {
    "holds": "Holds here",
    "fails": "Does not hold here",
    "open": "Cannot be judged here",
}


def verdict_sentences(verdicts: Sequence[Verdict]) -> tuple[Sentence, ...]:
    """Return a sentence for each outcome and reason, with the claims that have it."""
    groups: dict[tuple[Outcome, str], list[str]] = {}
    for outcome in _LEADS:
        for verdict in verdicts:
            if verdict.outcome == outcome:
                groups.setdefault((outcome, reason_words(verdict)), []).append(_claim_words(verdict))
    return tuple(
        Sentence(lead=f"{_LEADS[outcome]}{f' ({why})' if why else ''}: ", text="; ".join(claims) + ".")
        for (outcome, why), claims in groups.items()
    )


def absence_words(absence: Absence) -> str:
    """Return why no row stands for a model of the paper."""
    match absence.what:
        case "feature":
            return f"feature {' and '.join(absence.names)} not in this run"
        case "method":
            return f"model {absence.names[0]} not in this run"
        case "dimension":
            return f"{absence.names[0]} not in this run"
        case "model":
            return f"{absence.names[0]} on {'+'.join(absence.names[1:])} not in this run"


def reason_words(verdict: Verdict) -> str:
    """Return why a claim cannot be judged; empty where it can."""
    if verdict.absence:
        return absence_words(verdict.absence)
    subject = verdict.subject
    lacking = [formats.thousands(size) for size in verdict.lacking_sizes]
    return {
        "": "",
        "no_variants_alike": "no two variants are alike",
        "values_absent": f"{_key(subject.setting)} {' and '.join(verdict.lacking_values)} not in this run",
        "no_validation": "no validation utterances are kept",
        "nothing_shared": "no utterance was judged by both in the same fold and seed",
        "includes_zero": "the interval includes zero",
        "few_speakers": f"p = {formats.p_value(verdict.p)} over so few speakers, though the interval excludes zero",
        "sizes_absent": f"no training here has {' or '.join(lacking)} unlabelled recordings",
        "no_faces": "no test utterance has such a face",
    }[verdict.reason]


def subject_words(subject: Subject) -> str:
    """Return what a claim states."""
    if subject.kind == "faces":
        stated = "accuracy on frontal faces above that on side faces"
        return f"{subject.first}: {stated}" if subject.first else stated
    shared = "".join(f", {_key(name)} {value}" for name, value in subject.varied)
    if subject.kind == "sizes":
        more, fewer = subject.sizes
        model = f"{subject.dimension}: {subject.first}{shared}"
        return f"{model} with {more} unlabelled recordings above the same with {fewer}"
    if subject.kind == "values":
        first, second = subject.values
        return f"{subject.first} with {_key(subject.setting)} {first} above the same with {second}"
    on = " on validation" if subject.part == "validation" else ""
    return f"{subject.first} above {subject.second}{on}{shared}"


def _claim_words(verdict: Verdict) -> str:
    stated, interval = subject_words(verdict.subject), verdict.interval
    if interval is None:
        return stated
    return f"{stated} ({formats.points(interval.value)} points, {formats.span_of_points(interval)})"


def _key(setting: str) -> str:
    return setting.partition(".")[2]
