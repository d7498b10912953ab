"""Recordings as clips: sound and picture of a stretch on one clock, decoded once, in order, in constant memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from valaro.errors import MediaError
from valaro.limits import LIMITS
from valaro.media.clock import measured_span
from valaro.media.container import opened, picture_streams, sound_streams
from valaro.media.damage import NEGLIGIBLE, Source, gone_wrong, several_tracks
from valaro.media.frames import StreamReport, declared_end, decoded_frames
from valaro.media.picture import PictureSource, Region, pixel_shape, quarter_turns, shown_size, usual_interval
from valaro.media.sound import SAMPLE_RATE, SoundSource
from valaro.media.truncation import why_cut
from valaro.records import Clip, Problem

MOST_FRAME_BYTES = 6_000_000
"""Grey frames in one clip: what a clip costs must not grow with the size of the picture."""


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A file that holds the sound of a stretch of another one, and where in it that begins [s]."""

    path: Path
    start: float


_SILENCE = np.zeros(0, np.float32)
_NO_FRAMES = np.zeros((0, 0, 0), np.uint8)
_NO_TIMES = np.zeros(0)


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """What a recording says of itself: `duration` in seconds, size in pixels as shown (upright), frames a second."""

    duration: float
    has_sound: bool
    has_picture: bool
    width: int = 0
    height: int = 0
    frame_rate: float = 0.0


def probe(path: Path) -> MediaInfo:
    """Return what the recording at `path` holds; MediaError, with the reason, if it cannot be read."""
    with opened(path) as container:
        sound, picture = next(iter(sound_streams(container)), None), next(iter(picture_streams(container)), None)
        streams = [stream for stream in (sound, picture) if stream is not None]
        if not streams:
            raise MediaError(f"the recording {path} has neither sound nor picture: expected at least one of them")
        duration = max(declared_end(container, stream) or 0.0 for stream in streams)
        span = measured_span(path, container.format.name, duration)
        if span is not None and (span.pieces > 1 or span.end < duration - NEGLIGIBLE):
            duration = span.end
        if picture is None:
            return MediaInfo(duration=duration, has_sound=True, has_picture=False)
        height, width = picture.height, picture.width
        shape = pixel_shape(picture)
        if shape != 1:
            height, width = shown_size(height, width, shape)
        rate = 1 / usual_interval(picture)
        first = next(decoded_frames(container, picture, StreamReport()), None)
        if first is not None and quarter_turns(getattr(first.frame, "rotation", 0)) % 2:
            width, height = height, width
        return MediaInfo(
            duration=duration,
            has_sound=sound is not None,
            has_picture=first is not None,
            width=width,
            height=height,
            frame_rate=rate,
        )


def decode_clip(
    path: Path,
    *,
    start: float = 0.0,
    end: float | None = None,
    region: Region | None = None,
    sound: bool = True,
    picture: bool = True,
) -> Clip:
    """Return the whole stretch from `start` to `end` seconds (None: to the end) in one clip."""
    clips = list(stream_clips(path, start=start, end=end, region=region, sound=sound, picture=picture))
    return replace(
        clips[0],
        samples=np.concatenate([clip.samples for clip in clips]),
        frames=np.concatenate([clip.frames for clip in clips]),
        times=np.concatenate([clip.times for clip in clips]),
        problems=tuple(chain.from_iterable(clip.problems for clip in clips)),
    )


def stream_clips(
    path: Path,
    *,
    start: float = 0.0,
    end: float | None = None,
    stretch: float = 2.0,
    region: Region | None = None,
    sound: bool | Voice = True,
    picture: bool = True,
) -> Iterator[Clip]:
    """Yield successive, gap-free clips of at most `stretch` seconds of the recording at `path`.

    Second 0 is where the recording's first stream begins. Samples begin exactly at `start`; they and the frames cover
    the same time, silence standing in where the sound is shorter. Large pictures make shorter clips, so that memory
    depends neither on the recording's length nor much on its size. A modality that the file lacks has length 0 and
    a Problem in the first clip (a picture that merely has no new frame in a clip keeps its size: `[0 h w]`); what is
    cut short or damaged is a Problem in the last. As `sound`, a `Voice` is heard in place of what `path` holds.

    Raises:
        MediaError: nothing of the stretch can be decoded.
    """
    assert stretch > 0
    if start < 0 or (end is not None and end <= start):
        raise MediaError(f"the stretch {start}-{end} s of {path} is empty: expected 0 <= start < end")
    longest = LIMITS.longest_recording
    stop = start + longest if end is None else min(end, start + longest)
    voice = sound if isinstance(sound, Voice) else Voice(path=path, start=start)
    begin_sound = partial(SoundSource, voice.path, voice.start, voice.start + stop - start)
    attempts = [
        *([_attempt("sound", voice.path, begin_sound)] if sound else []),
        *([_attempt("picture", path, partial(PictureSource, path, start, stop, region))] if picture else []),
    ]
    sources = [attempt.source for attempt in attempts if attempt.source is not None]
    if all(source.ended for source in sources):
        errors = [attempt.error for attempt in attempts if attempt.error is not None]
        raise errors[0] if errors else MediaError(_why_nothing(path, start, end, attempts))
    problems = (*(problem for attempt in attempts for problem in attempt.problems), *several_tracks(sources))
    sources = [source for source in sources if not source.is_empty]
    sounds = next((source for source in sources if isinstance(source, SoundSource)), None)
    pictures = next((source for source in sources if isinstance(source, PictureSource)), None)
    time, given, done = start, 0, False
    while not done:
        limit = min(time + stretch, stop)
        frames, times = _NO_FRAMES, _NO_TIMES
        if pictures:
            frames, times, limit = pictures.take(limit, MOST_FRAME_BYTES)
        samples = sounds.take(_count(limit - start) - given) if sounds else _SILENCE
        done = all(source.ended for source in sources)
        if done:
            limit = _finish(start, stop, sounds, pictures)
            problems += tuple(gone_wrong(limit - start, end and end - start, sources))
            if stop != end and limit == stop:
                why = f"longer than {longest / 3600:,.1f} hours: what follows is left out"
                problems += (Problem(utterance=str(path), where="recording", why=why),)
        if sounds:
            samples = _exactly(samples, _count(limit - start) - given)
        yield Clip(
            samples=samples,
            sample_rate=SAMPLE_RATE,
            frames=frames,
            times=times,
            start=start + given / SAMPLE_RATE if sounds else time,
            problems=problems,
        )
        time, given, problems = limit, given + len(samples), ()


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """A modality that was asked for: its source if the file has it, or why that cannot be read."""

    where: str
    path: Path
    source: Source | None = None
    error: MediaError | None = None

    @property
    def problems(self) -> Iterator[Problem]:
        """Why the stretch has nothing of it."""
        if self.error is not None:
            yield Problem(utterance=str(self.path), where=self.where, why=str(self.error))
        elif self.source is None:
            yield Problem.absence(str(self.path), self.where)
        elif self.source.is_empty:
            why = f"no {self.where} can be decoded in this stretch, though the recording declares some"
            yield Problem(utterance=str(self.path), where=self.where, why=why)


def _attempt(where: str, path: Path, begin: Callable[[], Source]) -> _Attempt:
    """Begin to read a modality: the other one is not lost with it."""
    try:
        source = begin()
    except MediaError as error:
        return _Attempt(where=where, path=path, error=error)
    return _Attempt(where=where, path=path, source=source if source.report.exists else None)


def _why_nothing(path: Path, start: float, end: float | None, attempts: Sequence[_Attempt]) -> str:
    reports = [attempt.source.report for attempt in attempts if attempt.source is not None]
    if not reports:
        asked = " or ".join(attempt.where for attempt in attempts)
        return f"the recording {path} has none of what was asked for: expected a {asked} stream"
    declared = max(report.declared_end or 0.0 for report in reports)
    stretch = f"{start:.2f}-{'end' if end is None else f'{end:.2f}'} s"
    if 0 < declared <= start:
        return f"the stretch {stretch} lies beyond the end of {path}, which is {declared:.2f} s long"
    return f"nothing can be decoded in the stretch {stretch} of {path}: {why_cut(path) or 'its data is damaged'}"


def _count(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _exactly(samples: Float32[np.ndarray, " n"], count: int) -> Float32[np.ndarray, " m"]:
    return np.pad(samples[:count], (0, max(0, count - len(samples))))


def _finish(start: float, end: float | None, sounds: SoundSource | None, pictures: PictureSource | None) -> float:
    """Return where the last clip ends: where the longer modality does, or at `end` if hardly anything is missing."""
    last = max(
        start + sounds.given / SAMPLE_RATE if sounds else start,
        pictures.until if pictures else start,
    )
    if end is not None and (last > end or end - last < NEGLIGIBLE):
        return end
    return last
