"""The AMI meetings read into unlabelled samples: 1.28 s of a speaker's own close-up camera and headset; docs/ami.md.

The paper (section IV-B) takes three consecutive words at random in a speaker's transcript and their middle time as the
centre of a sample of 128 frames, and drops the samples without any face. Every three words of all transcripts have the
same chance here: who speaks more is drawn more often. Headset and camera are those that `meetings.xml` names.
Carletta et al. 2005, "The AMI Meeting Corpus: A Pre-Announcement".
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from valaro.corpora.ami_folder import MEETINGS, AmiFolder, find_parts
from valaro.corpora.ami_meetings import Seat, Seating, read_seating
from valaro.corpora.ami_transcript import Transcript, read_transcript
from valaro.corpora.options import AmiOptions
from valaro.corpora.reading import Reading, in_words
from valaro.corpora.sampling import Drawing, Sample, draw
from valaro.corpora.speech_source import SpokenPlaces
from valaro.errors import ValaroError, all_at_once
from valaro.media.faces import FaceFinder
from valaro.records import CorpusNote, Problem, Utterance

CORPUS = "ami"

NOTE = CorpusNote(
    corpus=CORPUS,
    text="AMI Meeting Corpus (Carletta et al. 2005), CC BY 4.0; unlabelled samples of 1.28 s, drawn at random",
)

_NO_CLOSE_UP = "speakers without a close-up camera's recording"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Speaker(SpokenPlaces):
    """A speaker of a meeting, whose words are places in the recordings."""

    seat: Seat
    transcript: Transcript


@dataclass(kw_only=True)
class _Speakers:
    """The speakers to draw from, what was passed over, and what could not be read."""

    speakers: list[_Speaker] = field(default_factory=list[_Speaker])
    skipped: Counter[str] = field(default_factory=Counter[str])
    problems: list[Problem] = field(default_factory=list[Problem])


def read_ami(
    folder: Path, options: AmiOptions = AmiOptions(), on_progress: Callable[[int, int], None] | None = None
) -> Reading:
    """Draw unlabelled samples from the AMI corpus in `folder` (ami_folder.py says what it may look like).

    Without `faces` no picture is looked at, and speakers without a close-up give their voice alone. `on_progress` is
    called with (samples drawn, samples asked for).

    Raises:
        ValaroError: the corpus is not there, its tables cannot be read, or no speaker is left to draw from.
    """
    speakers = _find_speakers(find_parts(folder), FaceFinder() if options.faces else None)
    if not speakers.speakers:
        raise _nobody(folder, speakers)
    drawing = draw(speakers.speakers, options, on_progress)
    return Reading(
        utterances=tuple(_utterance(speakers.speakers[sample.source], sample) for sample in drawing.samples),
        notes=(NOTE,),
        unit="sample",
        expected=options.samples,
        rejected=(*speakers.problems, *(_problem(p.utterance, p.where, p.why) for p in drawing.problems)),
        skipped=speakers.skipped | Counter(drawing.skipped),
        remarks=tuple(_remarks(speakers.speakers, drawing, faces=options.faces)),
    )


def _nobody(folder: Path, speakers: _Speakers) -> ValaroError:
    skipped = ", ".join(f"{count} {what}" for what, count in speakers.skipped.items() if count)
    hint = "; --no-faces draws from voices alone" if speakers.skipped[_NO_CLOSE_UP] else ""
    heading = f"{folder}: no speaker to draw samples from{': ' * bool(skipped)}{skipped}{hint}"
    return all_at_once(heading, list(map(in_words, speakers.problems)))


def _find_speakers(folder: AmiFolder, finder: FaceFinder | None) -> _Speakers:
    """Find the speakers of whom there is all that a sample needs, and read their transcripts."""
    seating = read_seating(folder.annotations)
    speakers = _Speakers(problems=[*seating.problems, *_without_a_seat(folder, seating)])
    meetings = {seat.meeting for seat in seating.seats.values()}
    recorded = {meeting for meeting in meetings if folder.has_recordings(meeting)}
    speakers.skipped["meetings without recordings"] = len(meetings - recorded)
    for seat in seating.seats.values():
        if seat.meeting in recorded:
            _add_speaker(seat, folder, finder, speakers)
    return speakers


def _add_speaker(seat: Seat, folder: AmiFolder, finder: FaceFinder | None, speakers: _Speakers) -> None:
    headset, close_up = folder.headset(seat.meeting, seat.channel), folder.close_up(seat.meeting, seat.camera)
    if headset is None:
        speakers.skipped["speakers without a headset's recording"] += 1
    elif close_up is None and finder is not None:
        speakers.skipped[_NO_CLOSE_UP] += 1
    elif not folder.words(seat.name).is_file():
        speakers.skipped["speakers without a transcript"] += 1
    else:
        try:
            transcript = read_transcript(folder, seat.name)
        except ValaroError as error:
            speakers.problems.append(_problem(seat.name, "words", str(error)))
            return
        speakers.problems += [_problem(seat.name, "segments", fault) for fault in transcript.faults]
        speakers.skipped["words without times"] += transcript.untimed
        speaker = _Speaker(
            name=seat.name,
            sound=headset,
            begins=transcript.begins,
            ends=transcript.ends,
            picture=close_up,
            finder=finder,
            seat=seat,
            transcript=transcript,
        )
        speakers.speakers.append(speaker)


def _without_a_seat(folder: AmiFolder, seating: Seating) -> Iterator[Problem]:
    """Yield the transcripts whose speakers the table of meetings does not know, so that no camera can be theirs."""
    rejected = {problem.utterance for problem in seating.problems}
    for name in folder.transcribed():
        is_known = name in seating.seats or f"{CORPUS}/{name}" in rejected
        if not is_known and folder.has_recordings(name.partition(".")[0]):
            why = f"{folder.words(name).name} is there, but no such speaker: whose headset and camera?"
            yield _problem(name, str(folder.annotations / MEETINGS), why)


def _problem(name: str, where: str, why: str) -> Problem:
    return Problem(utterance=f"{CORPUS}/{name}", where=where, why=why)


def _utterance(speaker: _Speaker, sample: Sample) -> Utterance:
    """Return a sample: the picture of the close-up with the headset's voice beside it, or the voice alone."""
    seat = speaker.seat
    voice = Utterance(
        id=f"{CORPUS}/{seat.name}.{speaker.transcript.places[sample.number]}",
        corpus=CORPUS,
        session=seat.session,
        speaker=f"{CORPUS}/{seat.person or f'?{seat.name}'}",
        gender=seat.gender,
        media=speaker.sound,
        start=sample.crop.start,
        end=sample.crop.end,
    )
    if speaker.picture is None:
        return voice
    return replace(voice, media=speaker.picture, sound=speaker.sound, sound_start=sample.crop.start)


def _remarks(speakers: list[_Speaker], drawing: Drawing, *, faces: bool) -> Iterator[str]:
    """Yield the shortfall, what the samples lack, and words that cannot be."""
    if len(drawing.samples) < drawing.asked:
        yield drawing.shortfall()
    if not faces:
        blind = sum(speaker.picture is None for speaker in speakers)
        voices = f"; {blind} speakers have no close-up camera's recording, their samples are voice alone"
        yield f"not looked at: whether a face shows{voices * bool(blind)}"
    impossible = [words for speaker in speakers for words in speaker.transcript.impossible]
    if impossible:
        yield f"{len(impossible)} words with impossible times were passed over, the first one {impossible[0]}"
