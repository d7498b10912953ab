"""A folder of recordings of any kind read into unlabelled samples: 1.28 s in which somebody speaks and shows a face.

Nothing is known of such recordings but what they hold. The middle of a sample lies where voice activity is found. A
recording of which nothing can be taken is a Problem with the reason. Where nobody says who speaks, a recording counts
as one person, who could be anyone. See docs/corpora.md.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from unicodedata import normalize

import numpy as np

from valaro.corpora.options import RecordingsOptions
from valaro.corpora.parse_cell import checked_name, fits_a_cell, hidden_sign
from valaro.corpora.reading import Reading, existing_folder, nothing_in
from valaro.corpora.sampling import Drawing, Sample, check_numbers, draw
from valaro.corpora.speaker_names import (
    NamedSpeaker,
    SpeakerOf,
    nobody_named,
    speakers_by_pattern,
    speakers_by_table,
)
from valaro.corpora.speech_source import SpokenPlaces
from valaro.errors import MediaError, ValaroError
from valaro.media.decode import probe
from valaro.media.faces import FaceFinder
from valaro.media.suffixes import RECORDINGS
from valaro.media.voice_activity import SpeechSegment, spoken_stretches
from valaro.records import ANYONE, Problem, Utterance

LONGEST_PLACE = 0.64
"""Seconds of speech at most to a place: half a sample, so that neighbours can stand side by side without a gap."""

_MOST_KINDS, _MOST_NAMES = 8, 12
"""Kinds of files that are no recordings, and speakers, that are named."""


@dataclass(frozen=True, kw_only=True)
class _Listing:
    """The files below a folder, and how their corpus and its people are called."""

    folder: Path
    corpus: str
    people: str
    recordings: Sequence[Path]
    others: Sequence[Path]
    """Files that are no recordings by their names."""
    skipped: dict[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Recording(SpokenPlaces):
    """A recording in which `speaker` speaks at some places."""

    speaker: NamedSpeaker


def read_recordings(
    folder: Path,
    options: RecordingsOptions = RecordingsOptions(),
    on_progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Draw unlabelled samples from all recordings below `folder`; `on_progress` is called with (drawn, asked for).

    Raises:
        ValaroError: no such folder, no recording in it, or a pattern or table that makes no sense.
    """
    listing = _listing(folder, options)
    check_numbers(options)
    inspected = _inspect_all(listing, options)
    recordings = [item for item in inspected if isinstance(item, _Recording)]
    rejected = [item for item in inspected if isinstance(item, Problem)]
    drawing = draw(recordings, options, on_progress if recordings else None)
    rejected += [*drawing.problems, *_without_samples(recordings, drawing)]
    return Reading(
        utterances=tuple(_utterance(recordings[sample.source], sample, listing) for sample in drawing.samples),
        unit="sample",
        expected=options.samples,
        rejected=tuple(_named(problem, listing.corpus) for problem in rejected),
        skipped=listing.skipped | drawing.skipped,
        remarks=tuple(_remarks(listing, options, recordings, drawing, rejected)),
    )


def _listing(folder: Path, options: RecordingsOptions) -> _Listing:
    """List what is below the folder; `people` are ANYONE by default, since a folder's name says nothing of them."""
    # Absolute, so that a recording is known again that a table names, too.
    folder = existing_folder(folder).absolute()
    corpus = checked_name(folder, folder.name if options.corpus is None else options.corpus)
    are_named = options.speaker_from is not None or options.speakers is not None
    people = checked_name(folder, options.people or (corpus if are_named else ANYONE))
    recordings, others, skipped = recordings_below(folder)
    if not recordings:
        expected = f"recordings, by their names: {' '.join(sorted(RECORDINGS))}"
        raise nothing_in(folder, f"{expected}; {_others_in_words(others)}" if others else expected)
    return _Listing(folder=folder, corpus=corpus, people=people, recordings=recordings, others=others, skipped=skipped)


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


def _inspect_all(listing: _Listing, options: RecordingsOptions) -> list[_Recording | Problem]:
    """Return each recording with the places where somebody speaks, or why nothing can be taken of it."""
    names = [path.relative_to(listing.folder).as_posix() for path in listing.recordings]
    speaker_of = _speaker_of(names, options)
    # Ids cannot tell names apart that differ in their spelling alone.
    first = {normalize("NFC", name): name for name in reversed(names)}
    why = "another recording has the same name in another spelling of Unicode: rename one"
    copies = [Problem(utterance=name, where="name", why=why) for name in names if first[normalize("NFC", name)] != name]
    chosen = [name for name in names if first[normalize("NFC", name)] == name]
    finder = FaceFinder() if options.faces else None
    inspect = partial(_inspect, listing.folder, finder=finder, speaker_of=speaker_of)
    with ThreadPoolExecutor(options.workers, thread_name_prefix="voices") as pool:
        return [*copies, *pool.map(inspect, chosen)]


def _speaker_of(names: Sequence[str], options: RecordingsOptions) -> SpeakerOf:
    if options.speaker_from is not None and options.speakers is not None:
        raise ValaroError("--speaker-from and --speakers both say who speaks: give one of them")
    if options.speaker_from is not None:
        return speakers_by_pattern(options.speaker_from)
    return nobody_named if options.speakers is None else speakers_by_table(options.speakers, names)


def _inspect(folder: Path, name: str, *, finder: FaceFinder | None, speaker_of: SpeakerOf) -> _Recording | Problem:
    path = folder / name
    if not fits_a_cell(name):
        what = hidden_sign(name) or "a control character, a byte that is not UTF-8 or an outer blank"
        return Problem(utterance=ascii(name), where="name", why=f"{what} in the name")
    try:
        speaker = speaker_of(name)
        info = probe(path)
        if not info.has_sound or (finder and not info.has_picture):
            return Problem.absence(name, "picture" if info.has_sound else "sound")
        begins, ends = places_in(spoken_stretches(path))
    except MediaError as error:
        return Problem(utterance=name, where="recording", why=str(error))
    except ValaroError as error:
        return Problem(utterance=name, where="speaker", why=str(error))
    if not begins:
        return Problem(utterance=name, where="sound", why=f"nobody speaks in its {info.duration:.1f} s")
    return _Recording(
        speaker=speaker,
        name=name,
        sound=path,
        begins=np.array(begins),
        ends=np.array(ends),
        picture=path if finder else None,
        finder=finder,
    )


def places_in(stretches: Sequence[SpeechSegment]) -> tuple[list[float], list[float]]:
    """Part stretches of speech into places of equal length, at most LONGEST_PLACE seconds each.

    >>> places_in([SpeechSegment(1.0, 2.2), SpeechSegment(4.0, 4.5)])
    ([1.0, 1.6, 4.0], [1.6, 2.2, 4.5])
    """
    edges = [
        np.linspace(start, end, 1 + max(1, int(np.ceil(round((end - start) / LONGEST_PLACE, 6))))).round(6).tolist()
        for start, end in stretches
    ]
    return list(chain(*(line[:-1] for line in edges))), list(chain(*(line[1:] for line in edges)))


def _without_samples(recordings: Sequence[_Recording], drawing: Drawing) -> Iterator[Problem]:
    """Yield why nothing was taken of a recording, unless its problem is known already."""
    known = {problem.utterance for problem in drawing.problems} | {
        recordings[sample.source].name for sample in drawing.samples
    }
    # Once enough were found the others were not looked at, so that nothing can be said of them.
    inspected = enumerate(recordings) if len(drawing.samples) < drawing.asked else ()
    for source, recording in inspected:
        name, count = recording.name, recording.count
        if name not in known:
            reasons = drawing.rejected_by_source.get(source, Counter[str]()).most_common()
            why = ", ".join(f"{number} {what}" for what, number in reasons)
            yield Problem(utterance=name, where="samples", why=f"none of its {count} places gives a sample: {why}")


def _named(problem: Problem, corpus: str) -> Problem:
    """Return the problem under the name that its recording has in the corpus."""
    return replace(problem, utterance=f"{corpus}/{problem.utterance}")


def _utterance(recording: _Recording, sample: Sample, listing: _Listing) -> Utterance:
    name, speaker = recording.name, recording.speaker
    return Utterance(
        id=f"{listing.corpus}/{name}.{sample.number:05d}",
        corpus=listing.corpus,
        session=speaker.session,
        speaker=f"{listing.people}/{speaker.name or f'?{name}'}",
        gender=speaker.gender,
        media=recording.sound,
        start=sample.crop.start,
        end=sample.crop.end,
    )


def _remarks(
    listing: _Listing,
    options: RecordingsOptions,
    recordings: Sequence[_Recording],
    drawing: Drawing,
    rejected: Sequence[Problem],
) -> Iterator[str]:
    sources = {sample.source for sample in drawing.samples}
    yield f"{len(drawing.samples)} samples of {len(sources)} of {len(listing.recordings)} recordings"
    if listing.others:
        yield _others_in_words(listing.others)
    yield _whose({recordings[source].speaker for source in sources}, listing.people)
    if recordings and options.samples and len(drawing.samples) < drawing.asked:
        yield drawing.shortfall()
    if not options.faces:
        yield "not looked at: whether a face shows"
    blind = sum(problem.is_absence and problem.where == "picture" for problem in rejected)
    if blind:
        yield f"{blind} recordings have no picture: --no-faces takes their sound"


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
