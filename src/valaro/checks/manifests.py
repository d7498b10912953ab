"""What should be true of utterances, whatever is extracted from them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from valaro.checks.findings import Finding, finding, look
from valaro.checks.lookalikes import lookalike_findings
from valaro.labels.soft_labels import level_counts
from valaro.records import CROP_FRAMES, DIMENSIONS, GRID_RATE, LEVELS, Utterance

LONG = 60.0
"""Seconds from which an utterance hardly has one level; its windows are averaged."""


def manifest_findings(utterances: Sequence[Utterance]) -> tuple[Finding, ...]:
    """Return every rule that the utterances break, with all cases."""
    rules = (_files, _names, _people, lookalike_findings, _stretches, _labels, _scripts)
    return tuple(result for rule in rules for result in rule(utterances) if result.cases)


def people_findings(utterances: Sequence[Utterance]) -> tuple[Finding, ...]:
    """Return what stands in the way of folds: who is in which session is known before anything is extracted."""
    return tuple(result for result in _people(utterances) if result.cases)


def _files(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    wanted: dict[Path, str] = {}
    for utterance in utterances:
        for file in (utterance.media, utterance.sound):
            if file is not None:
                wanted.setdefault(file, utterance.id)
    sizes = {file: _size(file) for file in wanted}
    yield finding(
        "Recordings that are not there", (f"{file} ({wanted[file]})" for file, size in sizes.items() if size is None)
    )
    yield finding(
        "Recordings without a byte", (f"{file} ({wanted[file]})" for file, size in sizes.items() if size == 0)
    )


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None


def _names(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    counts = Counter(utterance.id for utterance in utterances)
    yield finding("Utterances that stand there more than once", (f"{n}: {c} times" for n, c in counts.items() if c > 1))
    stretches: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for utterance in utterances:
        key = (utterance.media, utterance.sound, utterance.start, utterance.end, utterance.face_region)
        stretches[key].append(utterance.id)
    same = (sorted(set(names)) for names in stretches.values())
    yield finding("Different utterances that are the same stretch", (", ".join(n) for n in same if len(n) > 1))


def _people(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    labelled = [utterance for utterance in utterances if utterance.ratings]
    genders, sessions, speakers = (defaultdict[str, set[str]](set) for _ in range(3))
    for utterance in utterances:
        if utterance.gender:
            genders[utterance.speaker].add(utterance.gender)
    for utterance in labelled:
        if utterance.session:
            sessions[utterance.speaker].add(f"{utterance.corpus} {utterance.session}")
            speakers[f"{utterance.corpus} {utterance.session}"].add(utterance.speaker)
    yield finding(
        "Speakers of several genders", (f"{s}: {' and '.join(sorted(g))}" for s, g in genders.items() if len(g) > 1)
    )
    yield finding(
        "Labelled utterances without a session: no fold can hold them out",
        (utterance.id for utterance in labelled if not utterance.session),
    )
    yield finding(
        "Speakers in several sessions: holding one out leaves them in training",
        (f"{speaker}: {', '.join(sorted(names))}" for speaker, names in sessions.items() if len(names) > 1),
    )
    yield finding(
        "Sessions with one speaker: nobody is left to validate",
        (f"{session}: {next(iter(people))}" for session, people in sorted(speakers.items()) if len(people) == 1),
    )
    if labelled and len(speakers) < 2:
        yield finding(
            "Fewer than two sessions: there is nothing to train on while one is held out", sorted(speakers) or ["none"]
        )


def _stretches(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    lengths = [(utterance, utterance.end - utterance.start) for utterance in utterances if utterance.end is not None]
    crop = CROP_FRAMES / GRID_RATE
    yield look(
        f"Utterances shorter than a crop of {crop:g} s: they are repeated or padded",
        (f"{utterance.id}: {length:.2f} s" for utterance, length in lengths if round(length, 6) < crop),
    )
    yield look(
        f"Utterances longer than {LONG:g} s: one level for so long a stretch",
        (f"{utterance.id}: {length:.0f} s" for utterance, length in lengths if length > LONG),
    )
    by_place: dict[tuple[Path, str], list[Utterance]] = defaultdict(list)
    for utterance, _ in lengths:
        by_place[utterance.media, utterance.speaker].append(utterance)
    yield look(
        "Stretches of one speaker that overlap",
        (
            f"{first.id} until {first.end:.2f} s and {second.id} from {second.start:.2f} s"
            for together in by_place.values()
            for first, second in pairwise(sorted(together, key=lambda u: (u.start, u.id)))
            if first.end is not None and second.start < first.end
        ),
    )


def _labels(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    yield finding(
        "Votes that are not on the scale from 1 to 5",
        (
            f"{utterance.id}: {rating.annotator} votes {rating.score:g} on {rating.dimension}"
            for utterance in utterances
            for rating in utterance.ratings
            if not 1 <= rating.score <= 5
        ),
    )
    missing: list[str] = []
    for dimension in DIMENSIONS:
        rated: dict[str, list[Utterance]] = defaultdict(list)
        for utterance in utterances:
            if utterance.is_labelled(dimension):
                rated[f"{utterance.corpus} {utterance.session}"].append(utterance)
        for session, inside in sorted(rated.items()):
            counts = level_counts(inside)[dimension]
            missing += [
                f"{session}: no {level} {dimension}" for level, count in zip(LEVELS, counts, strict=True) if not count
            ]
    yield look("Sessions that lack a level: their UAR is over the levels present", missing)


def _scripts(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    """What several sessions say alike stands in training and in test: a model of words could know it."""
    shared = shared_scripts(utterances)
    share = 100 * sum(len(inside) for inside in shared.values()) / len(utterances) if utterances else 0.0
    yield look(
        f"Scripts that several sessions speak: their words are in training and in test alike, {share:.0f} % of all "
        "utterances",
        (
            f"{script}: {len(inside)} utterances in {len({utterance.session for utterance in inside})} sessions"
            for script, inside in shared.items()
        ),
    )


def shared_scripts(utterances: Sequence[Utterance]) -> dict[str, list[Utterance]]:
    """Return corpus and script -> its utterances, for each script that more than one session speaks."""
    spoken: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        if utterance.script:
            spoken[f"{utterance.corpus} {utterance.script}"].append(utterance)
    return {
        script: inside
        for script, inside in sorted(spoken.items())
        if len({utterance.session for utterance in inside}) > 1
    }
