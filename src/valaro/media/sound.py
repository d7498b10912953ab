"""The sound of a stretch of a recording: mono, 16 kHz, its first sample exactly at the start, taken in any portions."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import soundfile
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from jaxtyping import Float32

from valaro.errors import MediaError, SoundError
from valaro.limits import LIMITS
from valaro.media.container import check_rate
from valaro.media.downmix import Downmix
from valaro.media.frames import StreamReport, read_frames

SAMPLE_RATE = 16_000
"""Hz of every sound in valaro."""

Samples = Float32[np.ndarray, " n"]

_LEAD = 3200  # samples at 16 kHz before the start, so that the resampler's filter has settled at the first one
_LOOKAHEAD = 0.1  # seconds after the end, for the same reason
_JITTER = 0.05  # seconds by which time stamps may disagree with the count of samples before they are believed
_BLOCK = 1 << 16
_GRID = 1 << 10
_UNKNOWN_LENGTH = 1 << 36  # samples: FLAC has no number as large, and libsndfile a larger one where none is stated
_LOUDEST = 2.0**31  # at full scale 1; whole numbers of 32 bits that somebody stored as they were reach it
_FULL_SCALE = {"i2": 2.0**15, "i4": 2.0**31}


@dataclass(frozen=True)
class _Chunk:
    """Mono samples as decoded; `time` is of the first one in seconds of the recording, None: follows the last chunk."""

    samples: Samples
    rate: int
    time: float | None


def read_sound(path: Path, start: float, end: float | None, report: StreamReport) -> Iterator[Samples]:
    """Yield successive 16 kHz samples from `start` seconds on; the last may overshoot `end`; nothing: no sound."""
    lead = min(_LEAD, int(start * SAMPLE_RATE))
    begin = start - lead / SAMPLE_RATE
    stop = None if end is None else end + _LOOKAHEAD
    skip = lead
    for samples in _finite(_resampled(_gapless(_decoded(path, begin, report), begin, stop, report)), begin, path):
        if skip < len(samples):
            yield samples[skip:]
        skip = max(0, skip - len(samples))


def _finite(blocks: Iterator[Samples], begin: float, path: Path) -> Iterator[Samples]:
    """Yield the blocks as long as every sample can be a loudness: what is made of others is no feature."""
    given = 0
    for samples in blocks:
        fits = np.abs(samples) <= _LOUDEST  # not so where a sample is no number
        if not fits.all():
            second = begin + (given + int(fits.argmin())) / SAMPLE_RATE
            why = "holds samples that are no loudness (not a number, infinite, or far too large), the first at about"
            raise SoundError(f"the sound of {path} {why} {second:.2f} s")
        yield samples
        given += len(samples)


def _decoded(path: Path, begin: float, report: StreamReport) -> Iterator[_Chunk]:
    if path.suffix.lower() in {".wav", ".flac"} and path.is_file() and path.stat().st_size:
        try:
            file = soundfile.SoundFile(path)
        except soundfile.LibsndfileError:
            file = None  # a codec inside wav that libsndfile lacks, or another format under this name
        # It knows neither where a flac without a length ends, nor which channel is which.
        if file is not None and file.frames < _UNKNOWN_LENGTH and file.channels <= 2:
            with file:
                check_rate(file.samplerate, path)
                yield from _from_soundfile(file, begin, report)
            return
    yield from _from_container(path, begin, report)


def _from_soundfile(file: soundfile.SoundFile, begin: float, report: StreamReport) -> Iterator[_Chunk]:
    """Yield blocks of a wav or flac file: twenty times faster here than through FFmpeg."""
    report.exists = True
    report.declared_end = file.frames / file.samplerate
    # Blocks of one grid, so that channels are mixed alike wherever reading begins.
    position = min(file.frames, max(0, int(begin * file.samplerate))) // _GRID * _GRID
    file.seek(position)
    mono = Downmix()
    while position < file.frames:
        try:
            block = file.read(_BLOCK, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            report.complaints += 1
            return
        if not len(block):
            return
        yield _Chunk(mono(block.T), file.samplerate, position / file.samplerate)
        position += len(block)


def _from_container(path: Path, begin: float, report: StreamReport) -> Iterator[_Chunk]:
    mono = Downmix()
    for frame, time, _ in read_frames(path, "sound", begin, report):
        assert isinstance(frame, AudioFrame)
        check_rate(frame.sample_rate, path)
        if frame.format.name.startswith("s64"):
            why = "is stored in whole numbers of 64 bits, which are not read: convert it to 16, 24 or 32 bits"
            raise SoundError(f"the sound of {path} {why}")
        channels = _full_scale(frame, path)
        names = [channel.name for channel in frame.layout.channels] if len(channels) > 2 else ()
        yield _Chunk(mono(channels, names), frame.sample_rate, time)


def _full_scale(frame: AudioFrame, path: Path) -> Float32[np.ndarray, "c n"]:
    """Return the channels at full scale 1."""
    count = frame.layout.nb_channels
    if count > LIMITS.most_channels:
        raise MediaError(f"the recording {path} has {count} channels of sound: expected at most {LIMITS.most_channels}")
    values = frame.to_ndarray()
    kind = values.dtype.str[1:]
    if not frame.format.is_planar:
        values = values.reshape(-1, count).T
    values = values.astype(np.float32)
    return (values - 128) / 128 if kind == "u1" else values / np.float32(_FULL_SCALE.get(kind, 1.0))


def _gapless(chunks: Iterator[_Chunk], begin: float, stop: float | None, report: StreamReport) -> Iterator[_Chunk]:
    """Yield chunks that begin exactly at `begin` and follow each other without a gap, silence filling it."""
    count, rate = 0, 0
    for chunk in chunks:
        if chunk.rate != rate:
            # A call that goes to a headset changes its rate: what was counted so far is as long in the new one.
            count, rate = round(count * chunk.rate / rate) if rate else 0, chunk.rate
        samples = chunk.samples
        position = count if chunk.time is None else round((chunk.time - begin) * rate)
        if count == 0 or abs(position - count) > _JITTER * rate:
            if position > count:
                limit = min((time for time in (stop, report.declared_end) if time is not None), default=None)
                if limit is not None and position > (limit - begin + 1) * rate:
                    report.complaints += 1  # a time stamp far beyond the recording's end is damage, no silence
                    position = count
                yield from _silence(position - count, rate)
                count = position
            samples = samples[max(0, count - position) :]
        if len(samples):
            yield _Chunk(samples, rate, None)
            count += len(samples)
        if stop is not None and count >= (stop - begin) * rate:
            return


def _silence(length: int, rate: int) -> Iterator[_Chunk]:
    for first in range(0, length, _BLOCK):
        yield _Chunk(np.zeros(min(_BLOCK, length - first), np.float32), rate, None)


def _resampled(chunks: Iterator[_Chunk]) -> Iterator[Samples]:
    """Yield the chunks at 16 kHz: exactly as many samples as the time they span."""
    for rate, run in groupby(chunks, key=lambda chunk: chunk.rate):
        samples = (chunk.samples for chunk in run)
        yield from samples if rate == SAMPLE_RATE else _resampled_from(rate, samples)


def _resampled_from(rate: int, chunks: Iterator[Samples]) -> Iterator[Samples]:
    resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    taken = given = 0
    for chunk in chunks:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(chunk[None]), format="flt", layout="mono")
        frame.sample_rate, frame.pts = rate, None
        taken += len(chunk)
        for samples in _resample(resampler, frame):
            given += len(samples)
            yield samples
    missing = max(0, round(taken * SAMPLE_RATE / rate) - given)
    rest = np.concatenate([*_resample(resampler, None), np.zeros(missing, np.float32)])
    yield rest[:missing]


def _resample(resampler: AudioResampler, frame: AudioFrame | None) -> list[Samples]:
    return [np.array(out.to_ndarray()[0], dtype=np.float32) for out in resampler.resample(frame)]


class SoundSource:
    """16 kHz samples from `start` to `end` seconds, in whatever portions the taker wants."""

    where = "sound"

    def __init__(self, path: Path, start: float, end: float | None) -> None:
        self.path, self.end = path, end
        self.report = StreamReport()
        self.given = 0
        self._start = start
        self._left = None if end is None else round((end - start) * SAMPLE_RATE)
        self._chunks = read_sound(path, start, end, self.report)
        self._kept = np.zeros(0, np.float32)
        self._refill(1)
        self.is_empty = self.ended

    @property
    def ended(self) -> bool:
        return not len(self._kept) or self._left == 0

    @property
    def until(self) -> float:
        """Where the samples given so far end, in seconds of the recording."""
        return self._start + self.given / SAMPLE_RATE

    def take(self, count: int) -> Samples:
        """Return the next `count` samples, fewer at the end."""
        count = max(0, count if self._left is None else min(count, self._left))
        # One more than asked for, so that `ended` is true as soon as the last one is given.
        self._refill(count + 1)
        taken, self._kept = self._kept[:count], self._kept[count:]
        self.given += len(taken)
        if self._left is not None:
            self._left -= len(taken)
        return taken

    def _refill(self, count: int) -> None:
        parts, length = [self._kept], len(self._kept)
        while length < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            length += len(chunk)
        self._kept = np.concatenate(parts)
