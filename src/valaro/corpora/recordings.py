"""A folder of recordings of any kind read into unlabelled samples: 1.28 s in which somebody speaks and shows a face.

Nothing is known of such recordings but what they hold. Where somebody speaks is found by voice activity (see
media/voice_activity.py), and the middle of a sample lies in such a stretch; a sample of silence or without a face is
dropped and another one drawn (spoken.py, sampling.py). Where nobody says who speaks, a recording counts as one person,
who could be anyone.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from unicodedata import normalize

import numpy as np

from valaro.corpora.parse_cell import checked_name, fits_a_cell, hidden_sign
from valaro.corpora.reading import Reading, existing_folder, nothing_in
from valaro.corpora.sampling import Crop, check_numbers, draw
from valaro.corpora.speaker_names import (
    NamedSpeaker,
    SpeakerOf,
    nobody_named,
    speakers_by_pattern,
    speakers_by_table,
)
from valaro.corpora.speech_source import SpokenPlaces
from valaro.errors import MediaError, ValaroError
from valaro.media.decode import MediaInfo, probe
from valaro.media.presence import FaceFinder
from valaro.media.suffixes import RECORDINGS
from valaro.media.voice_activity import SpeechSegment, spoken_stretches
from valaro.records import ANYONE, Problem, Utterance

PLACE = 0.64
"""Seconds of speech at most to a place: half a sample, so that neighbours can stand side by side without a gap."""

_MOST_KINDS, _MOST_NAMES = 8, 12
"""Kinds of files that are no recordings, and speakers, that are named."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Recording:
    """A file as a source of samples that keeps in mind why its places were refused."""

    path: Path
    speaker: NamedSpeaker
    places: SpokenPlaces
    reasons: Counter[str] = field(default_factory=Counter[str])

    @property
    def name(self) -> str:
        return self.places.name

    @property
    def count(self) -> int:
        return self.places.count

    def crop(self, place: int) -> Crop | None:
        return self.places.crop(place)

    def why_not(self, crop: Crop) -> str:
        reason = self.places.why_not(crop)
        if reason:
            self.reasons[reason] += 1
        return reason


def read_recordings(
    folder: Path,
    *,
    corpus: str | None = None,
    people: str | None = None,
    speaker_from: str | None = None,
    speakers: Path | None = None,
    samples: int | None = None,
    seed: int = 0,
    overlap: bool = False,
    faces: bool = True,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Draw unlabelled samples from all recordings below `folder`; without `samples`, as many as there are.

    The first samples of a seed are the same however many are asked for. `overlap` allows samples of a recording to
    share time; without `faces` no picture is looked at. A recording of which nothing can be taken is a Problem with the
    reason: nobody speaks, no face shows, it cannot be read. `workers` are threads; `on_progress` is told (samples
    found, asked for).

    `speaker_from` is a pattern that says who speaks by the path, `speakers` a table that does (speaker_names.py); a
    recording of which they do not say it is a Problem. `corpus` is by default the folder's name. `people` are by
    default the corpus where speakers are named, else ANYONE: a folder's name says nothing of who is seen in it.

    Raises:
        ValaroError: no such folder, no recording in it, or a pattern or table that makes no sense.
    """
    # Absolute, so that a recording is known again that a table names, too.
    folder = existing_folder(folder).absolute()
    corpus = checked_name(folder, folder.name if corpus is None else corpus)
    are_named = speaker_from is not None or speakers is not None
    people = checked_name(folder, people or (corpus if are_named else ANYONE))
    paths, others, left_out = recordings_below(folder)
    if not paths:
        expected = f"recordings, by their names: {' '.join(sorted(RECORDINGS))}"
        raise nothing_in(str(folder), f"{expected}; {_others_in_words(others)}" if others else expected)
    check_numbers(samples, workers)
    speaker_of = _speaker_of([path.relative_to(folder).as_posix() for path in paths], speaker_from, speakers)
    with ThreadPoolExecutor(workers, thread_name_prefix="voices") as pool:
        finder = FaceFinder() if faces else None
        paths, doubles = _apart(paths, folder)
        looked = [
            *doubles,
            *pool.map(partial(_look_into, folder=folder, finder=finder, speaker_of=speaker_of), paths),
        ]
    sources = [one for one in looked if isinstance(one, _Recording)]
    refused = [_named(one, corpus) for one in looked if isinstance(one, Problem)]
    asked = sum(source.count for source in sources) if samples is None else samples
    drawing = (
        draw(sources, samples=asked, seed=seed, overlap=overlap, workers=workers, on_progress=on_progress)
        if sources
        else None
    )
    taken = drawing.samples if drawing else ()
    drawn = Counter(sample.source for sample in taken)
    # Once enough were found the others were not looked at, so that nothing can be said of them.
    whole = len(taken) < asked
    empty = [source for place, source in enumerate(sources) if whole and not drawn[place]]
    faults = drawing.problems if drawing else ()
    broken = {problem.utterance for problem in faults}
    refused += [_named(problem, corpus) for problem in faults]
    refused += [_named(_why_none(source), corpus) for source in empty if source.name not in broken]
    return Reading(
        utterances=tuple(_utterance(sources[s.source], s.place, s.crop, corpus, people) for s in taken),
        units="samples",
        expected=samples,
        refused=tuple(refused),
        left_out=left_out | ({f"places {what}": count for what, count in drawing.refused.items()} if drawing else {}),
        remarks=(
            f"{len(taken)} samples of {len(drawn)} of {len(paths)} recordings",
            *([_others_in_words(others)] if others else []),
            _whose({sources[sample.source].speaker for sample in taken}, people),
            *([drawing.shortfall()] if drawing and samples and whole else []),
            *([] if faces else ["not looked at: whether a face shows"]),
            *_sounds_alone(refused),
        ),
    )


def recordings_below(folder: Path) -> tuple[list[Path], list[Path], dict[str, int]]:
    """Return the recordings in the order of their names, the files that are none, and what was passed over."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    shown = [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    recordings = [path for path in shown if path.suffix.lower() in RECORDINGS]
    others = [path for path in shown if path.suffix.lower() not in RECORDINGS]
    return recordings, others, {"hidden files": len(files) - len(shown), "files that are no recordings": len(others)}


def _others_in_words(others: Sequence[Path]) -> str:
    """Name the files that are no recordings by the ends of their names, each with an example."""
    kinds = Counter(path.suffix.lower() for path in others).most_common()
    examples = {path.suffix.lower(): path.name for path in reversed(others)}
    named = [f"{count} {kind or 'without an ending'} ({examples[kind]!r})" for kind, count in kinds[:_MOST_KINDS]]
    more = sum(count for _, count in kinds[_MOST_KINDS:])
    return f"no recordings by their names: {', '.join([*named, *([f'{more} of other kinds'] if more else [])])}"


def _apart(paths: Sequence[Path], folder: Path) -> tuple[list[Path], list[Problem]]:
    """Part off recordings whose name is that of another one in another spelling of Unicode: ids cannot tell them."""
    first: dict[str, Path] = {}
    doubles: list[Problem] = []
    for path in paths:
        name = path.relative_to(folder).as_posix()
        same = first.setdefault(normalize("NFC", name), path)
        if same != path:
            why = "another recording has the same name in another spelling of Unicode: rename one"
            doubles.append(Problem(utterance=name, where="name", why=why))
    return list(first.values()), doubles


def _speaker_of(names: Sequence[str], pattern: str | None, table: Path | None) -> SpeakerOf:
    if pattern is not None and table is not None:
        raise ValaroError("--speaker-from and --speakers both say who speaks: give one of them")
    if pattern is not None:
        return speakers_by_pattern(pattern)
    return nobody_named if table is None else speakers_by_table(table, names)


def _sounds_alone(refused: Sequence[Problem]) -> list[str]:
    count = sum(problem.is_absence and problem.where == "picture" for problem in refused)
    return [f"{count} recordings have no picture: --no-faces takes their sound"] if count else []


def _whose(speakers: set[NamedSpeaker], people: str) -> str:
    """Say whom the samples are of, and what follows for folds that hold people out."""
    names = sorted({speaker.name for speaker in speakers if speaker.name})
    if names:
        shown = ", ".join(names[:_MOST_NAMES]) + (f" and {len(names) - _MOST_NAMES} more" * (len(names) > _MOST_NAMES))
        return f"speakers: {shown}; a speaker of that name is the same person where --people is '{people}', too"
    if people == ANYONE:
        return (
            "nobody says who speaks: what lies in one folder with recordings of a held-out person is not learnt from "
            "while that person is held out; --speaker-from PATTERN or --speakers TABLE names the speakers"
        )
    return (
        f"nobody says who speaks: while a person of '{people}' is held out, none of these recordings is learnt from; "
        "people of any other name are taken for strangers. IF ONE OF THEM SPEAKS HERE, training learns from that "
        "person even while the person is held out: name the speakers with --speaker-from PATTERN or --speakers TABLE"
    )


def _look_into(path: Path, *, folder: Path, finder: FaceFinder | None, speaker_of: SpeakerOf) -> _Recording | Problem:
    """Return where somebody speaks in a recording, or why nothing can be taken of it."""
    name = path.relative_to(folder).as_posix()
    if not fits_a_cell(name):
        hidden = hidden_sign(name)
        why = hidden or "a control character, a byte that is not UTF-8 or an outer blank"
        return Problem(utterance=ascii(name), where="name", why=f"{why} in the name")
    try:
        speaker = speaker_of(name)
    except ValaroError as error:
        return Problem(utterance=name, where="speaker", why=str(error))
    try:
        info = probe(path)
        lacks = _lacks(info, faces=finder is not None)
        if lacks:
            return Problem.absence(name, lacks)
        stretches = spoken_stretches(path)
    except MediaError as error:
        return Problem(utterance=name, where="recording", why=str(error))
    begins, ends = places_in(stretches)
    if not begins:
        return Problem(utterance=name, where="sound", why=f"nobody speaks in its {info.duration:.1f} s")
    places = SpokenPlaces(
        name=name,
        sound=path,
        begins=np.array(begins),
        ends=np.array(ends),
        picture=path if finder is not None else None,
        finder=finder,
    )
    return _Recording(path=path, speaker=speaker, places=places)


def _lacks(info: MediaInfo, *, faces: bool) -> str:
    if not info.has_sound:
        return "sound"
    return "picture" if faces and not info.has_picture else ""


def places_in(stretches: Sequence[SpeechSegment]) -> tuple[list[float], list[float]]:
    """Part stretches of speech into places of equal length, at most PLACE seconds each.

    >>> places_in([SpeechSegment(1.0, 2.2), SpeechSegment(4.0, 4.5)])
    ([1.0, 1.6, 4.0], [1.6, 2.2, 4.5])
    """
    edges = [
        np.linspace(start, end, 1 + max(1, int(np.ceil(round((end - start) / PLACE, 6))))).round(6).tolist()
        for start, end in stretches
    ]
    return list(chain(*(line[:-1] for line in edges))), list(chain(*(line[1:] for line in edges)))


def _why_none(source: _Recording) -> Problem:
    reasons = ", ".join(f"{count} {what}" for what, count in source.reasons.most_common())
    why = f"none of its {source.count} places gives a sample: {reasons or 'they are too near its ends'}"
    return Problem(utterance=source.name, where="samples", why=why)


def _named(problem: Problem, corpus: str) -> Problem:
    """Return the problem under the name that its recording has in the corpus."""
    return replace(problem, utterance=f"{corpus}/{problem.utterance}")


def _utterance(source: _Recording, place: int, crop: Crop, corpus: str, people: str) -> Utterance:
    return Utterance(
        id=f"{corpus}/{source.name}.{place:05d}",
        corpus=corpus,
        session=source.speaker.session,
        speaker=f"{people}/{source.speaker.name or f'?{source.name}'}",
        gender=source.speaker.gender,
        media=source.path,
        start=crop.start,
        end=crop.end,
    )
