"""The decoded frames of one stream of a recording, from a moment on, past whatever is damaged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.error import EOFError as EndOfFile
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from valaro.media.container import zero_time

T = TypeVar("T")

_SEEK_MARGINS = (0.5, 5.0)  # seconds before the stretch, tried in turn before falling back to the beginning
_MOST_COMPLAINTS = 1000
# Their packets carry no time of their own, so a seek would land at a guessed one.
_UNSEEKABLE = {"mp3", "aac", "mpegvideo", "m4v"}


@dataclass(kw_only=True)
class StreamReport:
    """What reading learnt: whether the file has the stream, where it should end, how often its decoder complained."""

    exists: bool = False
    declared_end: float | None = None
    complaints: int = 0


def decoded_frames(
    container: InputContainer, stream: AudioStream | VideoStream, report: StreamReport
) -> Iterator[AudioFrame | VideoFrame]:
    """Yield the frames of `stream` that can be decoded; a damaged packet is a complaint in `report`, no end."""
    report.declared_end = declared_end(container, stream)
    # One thread a process: extraction runs a process a core.
    stream.codec_context.thread_count = 1
    packets = container.demux(stream)
    while report.complaints < _MOST_COMPLAINTS:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            report.complaints += packet.is_corrupt
            frames = packet.decode()
        except EndOfFile:
            return
        except FFmpegError:
            report.complaints += 1
            continue
        for frame in frames:
            if isinstance(frame, AudioFrame | VideoFrame):
                yield frame


def declared_end(container: InputContainer, stream: AudioStream | VideoStream) -> float | None:
    """Return where the file says that `stream` ends, in seconds of the recording; None where it does not say."""
    if stream.duration and stream.time_base:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base - zero_time(container))
    if container.duration:
        return container.duration / av.time_base
    return None


def seek_to(container: InputContainer, stream: AudioStream | VideoStream, time: float | None) -> bool:
    """Move `container` to the last key frame of `stream` at or before `time` seconds; None: stay at the beginning.

    Returns False where this file cannot be sought in.
    """
    if time is None:
        return True
    if container.format.name in _UNSEEKABLE or stream.time_base is None:
        return False
    offset = int((Fraction(time) + zero_time(container)) / stream.time_base)
    try:
        container.seek(offset, stream=stream, backward=True)
    except FFmpegError:
        return False
    return True


def from_before(
    start: float, decode: Callable[[float | None], Iterator[T]], is_early: Callable[[T], bool]
) -> Iterator[T]:
    """Yield what `decode` gives from a point at or before `start` seconds, the nearest that works.

    A poor index makes a seek land too late, which `is_early` of the first item tells: the next point is tried then,
    at last None, the beginning of the file.
    """
    for point in (start - margin for margin in _SEEK_MARGINS if start > margin):
        items = decode(point)
        first = next(items, None)
        if first is not None and is_early(first):
            yield first
            yield from items
            return
    yield from decode(None)
