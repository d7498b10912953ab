"""The AMI meetings read into unlabelled samples: 1.28 s of a speaker's own close-up camera and headset.

The paper (section IV-B) takes three consecutive words at random in a speaker's transcript and their middle time as the
centre of a sample of 128 frames, and drops the samples without any face. Here

- three words are consecutive as ami_transcript.py says; their middle time is halfway from the beginning of the first to
  the end of the third; every three words of all transcripts have the same chance: who speaks more is drawn more often;
- headset and camera are those that `meetings.xml` names, never those that the speaker's letter suggests;
- a sample without a face, or of silence, is dropped and another one drawn, until there are as many as asked for (see
  spoken.py and sampling.py); no two samples of a speaker share time.

Carletta et al. 2005, "The AMI Meeting Corpus: A Pre-Announcement".
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from valaro.corpora.ami_folder import MEETINGS, AmiFolder, find_parts
from valaro.corpora.ami_meetings import Seat, Seating, read_seating
from valaro.corpora.ami_transcript import Transcript, read_transcript
from valaro.corpora.reading import Reading
from valaro.corpora.sampling import Crop, Drawing, draw
from valaro.corpora.speech_source import SpokenPlaces
from valaro.errors import ValaroError, all_at_once
from valaro.media.presence import FaceFinder
from valaro.records import CorpusNote, Problem, Utterance

CORPUS = "ami"

SAMPLES = 20_000
"""As many as served the paper best (its figure 6)."""

NOTE = CorpusNote(
    corpus=CORPUS,
    text="AMI Meeting Corpus (Carletta et al. 2005), CC BY 4.0; unlabelled samples of 1.28 s, drawn at random",
)

_NO_CLOSE_UP = "speakers without a close-up camera's recording"


@dataclass(frozen=True, kw_only=True)
class _Speaker:
    """A speaker of a meeting with what was found of him."""

    seat: Seat
    headset: Path
    close_up: Path | None
    transcript: Transcript


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The speakers to draw from, what was passed over, and what could not be read."""

    speakers: tuple[_Speaker, ...]
    left_out: Mapping[str, int]
    problems: tuple[Problem, ...]


def read_ami(
    folder: Path,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    overlap: bool = False,
    faces: bool = True,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Draw unlabelled samples from the AMI corpus in `folder` (ami_folder.py says what it may look like).

    The first samples of a seed are the same however many are asked for. `overlap` allows samples of a speaker to share
    time; without `faces` no picture is looked at, and speakers without a close-up give their voice alone. `workers` are
    threads; `on_progress` is told (samples found, samples asked for).

    Raises:
        ValaroError: the corpus is not there, its tables cannot be read, or no speaker is left to draw from.
    """
    found = _look_into(find_parts(folder), faces=faces)
    if not found.speakers:
        raise _nobody(folder, found)
    finder = FaceFinder() if faces else None
    sources = [
        SpokenPlaces(
            name=speaker.seat.name,
            sound=speaker.headset,
            begins=speaker.transcript.begins,
            ends=speaker.transcript.ends,
            picture=speaker.close_up,
            finder=finder,
        )
        for speaker in found.speakers
    ]
    drawing = draw(sources, samples=samples, seed=seed, overlap=overlap, workers=workers, on_progress=on_progress)
    return Reading(
        utterances=tuple(
            _utterance(found.speakers[sample.source], sample.place, sample.crop) for sample in drawing.samples
        ),
        notes=(NOTE,),
        units="samples",
        expected=samples,
        refused=(
            *found.problems,
            *(replace(problem, utterance=f"{CORPUS}/{problem.utterance}") for problem in drawing.problems),
        ),
        left_out={**found.left_out, **{f"places {what}": count for what, count in drawing.refused.items()}},
        remarks=tuple(_remarks(found, drawing, faces=faces)),
    )


def _nobody(folder: Path, found: _Found) -> ValaroError:
    left_out = ", ".join(f"{count} {what}" for what, count in found.left_out.items() if count)
    hint = "; --no-faces draws from voices alone" if found.left_out.get(_NO_CLOSE_UP) else ""
    faults = [f"{problem.utterance}: {problem.where}: {problem.why}" for problem in found.problems]
    return all_at_once(f"{folder}: no speaker to draw samples from{': ' * bool(left_out)}{left_out}{hint}", faults)


def _look_into(folder: AmiFolder, *, faces: bool) -> _Found:
    """Find the speakers of whom there is all that a sample needs, and read their transcripts."""
    seating = read_seating(folder.annotations)
    problems = [*seating.problems, *_without_a_seat(folder, seating)]
    left_out = Counter[str]()
    speakers: list[_Speaker] = []
    for meeting, seats in _by_meeting(seating.seats.values()).items():
        if not folder.has_recordings(meeting):
            left_out["meetings without recordings"] += 1
            continue
        for seat in seats:
            headset, close_up = folder.headset(meeting, seat.channel), folder.close_up(meeting, seat.camera)
            if headset is None:
                left_out["speakers without a headset's recording"] += 1
            elif close_up is None and faces:
                left_out[_NO_CLOSE_UP] += 1
            elif not folder.words(seat.name).is_file():
                left_out["speakers without a transcript"] += 1
            else:
                try:
                    transcript = read_transcript(folder, seat.name)
                except ValaroError as error:
                    problems.append(_problem(seat.name, "words", str(error)))
                    continue
                problems += [_problem(seat.name, "segments", fault) for fault in transcript.faults]
                left_out["words without times"] += transcript.untimed
                speakers.append(_Speaker(seat=seat, headset=headset, close_up=close_up, transcript=transcript))
    return _Found(speakers=tuple(speakers), left_out=left_out, problems=tuple(problems))


def _by_meeting(seats: Iterable[Seat]) -> dict[str, list[Seat]]:
    meetings: dict[str, list[Seat]] = {}
    for seat in seats:
        meetings.setdefault(seat.meeting, []).append(seat)
    return meetings


def _without_a_seat(folder: AmiFolder, seating: Seating) -> Iterator[Problem]:
    """Yield the transcripts whose speakers the table of meetings does not know, so that no camera can be theirs."""
    refused = {problem.utterance for problem in seating.problems}
    for name in folder.transcribed():
        is_known = name in seating.seats or f"{CORPUS}/{name}" in refused
        if not is_known and folder.has_recordings(name.partition(".")[0]):
            why = f"{folder.words(name).name} is there, but no such speaker: whose headset and camera?"
            yield _problem(name, str(folder.annotations / MEETINGS), why)


def _problem(name: str, where: str, why: str) -> Problem:
    return Problem(utterance=f"{CORPUS}/{name}", where=where, why=why)


def _utterance(speaker: _Speaker, place: int, crop: Crop) -> Utterance:
    """Return a sample: the picture of the close-up with the headset's voice beside it, or the voice alone."""
    seat = speaker.seat
    voice = Utterance(
        id=f"{CORPUS}/{seat.name}.{speaker.transcript.places[place]}",
        corpus=CORPUS,
        session=seat.session,
        speaker=f"{CORPUS}/{seat.person or f'?{seat.name}'}",
        gender=seat.gender,
        media=speaker.headset,
        start=crop.start,
        end=crop.end,
    )
    if speaker.close_up is None:
        return voice
    return replace(voice, media=speaker.close_up, sound=speaker.headset, sound_start=crop.start)


def _remarks(found: _Found, drawing: Drawing, *, faces: bool) -> Iterator[str]:
    """Yield the shortfall, what the samples lack, and words that cannot be."""
    if len(drawing.samples) < drawing.asked:
        yield drawing.shortfall()
    if not faces:
        blind = sum(speaker.close_up is None for speaker in found.speakers)
        voices = (
            f"; {blind} speakers have no close-up camera's recording, their samples are voice alone" if blind else ""
        )
        yield f"not looked at: whether a face shows{voices}"
    impossible = [words for speaker in found.speakers for words in speaker.transcript.impossible]
    if impossible:
        yield f"{len(impossible)} words with impossible times were passed over, the first one {impossible[0]}"
