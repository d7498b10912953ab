"""A folder of recordings of any kind read into unlabelled samples: 1.28 s in which somebody speaks and shows a face.

Nothing is known of such recordings but what they hold. Where somebody speaks is found by voice activity (see
media/voice_activity.py), and the middle of a sample lies in such a stretch; a sample of silence or without a face is
dropped and another one drawn (spoken.py, sampling.py). Who speaks is not known: a recording counts as one person of
these people, who could be anyone of them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from valaro.corpora.cells import checked_name, fits_a_cell
from valaro.corpora.reading import Reading, existing_folder, nothing_in
from valaro.corpora.sampling import Crop, check_numbers, draw
from valaro.corpora.spoken import SpokenPlaces
from valaro.errors import MediaError
from valaro.media.decode import MediaInfo, probe
from valaro.media.presence import FaceFinder
from valaro.media.voice_activity import Spoken, spoken_stretches
from valaro.records import Problem, Utterance

SOUNDS = (".aac", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma")
FILMS = (".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv")
SUFFIXES = frozenset((*SOUNDS, *FILMS))
"""Files that are taken for recordings; all others are counted and passed over."""

PLACE = 0.64
"""Seconds of speech at most to a place: half a sample, so that neighbours can stand side by side without a gap."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Recording:
    """A file as a source of samples that keeps in mind why its places were refused."""

    path: Path
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
    reason: nobody speaks, no face shows, it cannot be read. `corpus` is by default the folder's name, `people` the
    corpus. `workers` are threads; `on_progress` is told (samples found, asked for).

    Raises:
        ValaroError: no such folder, or no recording in it.
    """
    existing_folder(folder)
    corpus = checked_name(folder, folder.absolute().name if corpus is None else corpus)
    people = checked_name(folder, people or corpus)
    paths, left_out = recordings_below(folder)
    if not paths:
        raise nothing_in(str(folder), f"recordings, by their names: {' '.join(sorted(SUFFIXES))}")
    check_numbers(samples, workers)
    with ThreadPoolExecutor(workers, thread_name_prefix="voices") as pool:
        looked = list(pool.map(partial(_look_into, folder=folder, finder=FaceFinder() if faces else None), paths))
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
            *([drawing.shortfall()] if drawing and samples and whole else []),
            *([] if faces else ["not looked at: whether a face shows"]),
        ),
    )


def recordings_below(folder: Path) -> tuple[list[Path], dict[str, int]]:
    """Return the recordings in the order of their names, and how many other files there are."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    shown = [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    recordings = [path for path in shown if path.suffix.lower() in SUFFIXES]
    left_out = {"hidden files": len(files) - len(shown), "files that are no recordings": len(shown) - len(recordings)}
    return recordings, left_out


def _look_into(path: Path, *, folder: Path, finder: FaceFinder | None) -> _Recording | Problem:
    """Return where somebody speaks in a recording, or why nothing can be taken of it."""
    name = path.relative_to(folder).as_posix()
    if not fits_a_cell(name):
        why = "a control character, a byte that is not UTF-8 or an outer blank in the name"
        return Problem(utterance=repr(name), where="name", why=why)
    try:
        info = probe(path)
        lacks = _lacks(info, faces=finder is not None)
        if lacks:
            return Problem(utterance=name, where=lacks, why=f"the recording has no {lacks}")
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
    return _Recording(path=path, places=places)


def _lacks(info: MediaInfo, *, faces: bool) -> str:
    if not info.has_sound:
        return "sound"
    return "picture" if faces and not info.has_picture else ""


def places_in(stretches: Sequence[Spoken]) -> tuple[list[float], list[float]]:
    """Part stretches of speech into places of equal length, at most PLACE seconds each.

    >>> places_in([Spoken(1.0, 2.2), Spoken(4.0, 4.5)])
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
    return Problem(utterance=f"{corpus}/{problem.utterance}", where=problem.where, why=problem.why)


def _utterance(source: _Recording, place: int, crop: Crop, corpus: str, people: str) -> Utterance:
    return Utterance(
        id=f"{corpus}/{source.name}.{place:05d}",
        corpus=corpus,
        session="",
        speaker=f"{people}/?{source.name}",
        gender="",
        media=source.path,
        start=crop.start,
        end=crop.end,
    )
