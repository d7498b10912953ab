"""The frames of a recording's sound or picture, decoded from a moment on, past whatever is damaged."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Literal, NamedTuple

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.error import EOFError as EndOfFile
from av.error import FFmpegError
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from valaro.errors import MediaError
from valaro.limits import LIMITS
from valaro.media.clock import AnyPacket, DisplayOrder, Jump, SharedClock, encoder_delay, measured_span
from valaro.media.container import check_size, chosen_streams, opened, picture_streams, sound_streams, zero_time

Track = AudioStream | VideoStream

_SEEK_MARGINS = (0.5, 5.0)  # seconds before the start, tried in turn before falling back to the beginning
_NEAR = 1e-4  # seconds: time stamps are rounded to the container's clock
_MOST_COMPLAINTS = 1000

_TIMELESS = {"mp3", "aac", "mpegvideo", "m4v"}
"""Forms whose packets carry no time of their own: a seek would land at a guessed one."""


@dataclass(kw_only=True)
class StreamReport:
    """What reading learnt of a stream."""

    exists: bool = False
    """Whether the file has it."""
    tracks: int = 1
    """How many of its kind the file has."""
    is_default: bool = False
    """Whether it is the one that the file itself calls the default."""
    declared_end: float | None = None
    """Where it should end, in seconds of the recording; None: the file does not say, or says it of a part alone."""
    complaints: int = 0
    """How often its decoder complained."""
    stands_until: float = 0.0
    """Until when packets say that the last picture stands, in seconds of the recording."""
    jump: Jump | None = None
    """A gap that was too long to be filled."""

    def begin(self, stream: Track, tracks: int) -> None:
        """Begin anew with `stream`, one of `tracks` of its kind."""
        self.exists, self.complaints, self.tracks = True, 0, tracks
        self.is_default = bool(stream.disposition & Disposition.default)


class TimedFrame(NamedTuple):
    """A decoded frame of `track`, stamped with `time` in seconds of the recording (None: its packet has no time)."""

    frame: AudioFrame | VideoFrame
    time: float | None
    track: Track


def read_frames(
    path: Path, kind: Literal["sound", "picture"], start: float, report: StreamReport
) -> Iterator[TimedFrame]:
    """Yield the frames of the first sound or picture track from `start` seconds, or somewhat before, to the end.

    A poor index makes a seek land too late, which the first frame's time tells: a point further ahead is tried then, at
    last the beginning of the file.

    Raises:
        MediaError: the file cannot be opened, or its pictures are larger than any camera's.
    """
    for point in (*(start - margin for margin in _SEEK_MARGINS if start > margin), None):
        with opened(path) as container:
            tracks: list[AudioStream] | list[VideoStream]
            tracks = sound_streams(container) if kind == "sound" else picture_streams(container)
            if not tracks:
                return
            track = tracks[0]
            if isinstance(track, VideoStream):
                check_size(track.width, track.height, path)
            report.begin(track, len(tracks))
            if point is not None and not _seek(container, path, track, point):
                continue
            frames = decoded_frames(container, track, report)
            first = next(frames, None)
            if first is None and point is None and isinstance(track, VideoStream) and not track.width * track.height:
                raise MediaError(
                    f"no picture of the recording {path} can be decoded: it states no size, or one of more than "
                    f"{LIMITS.most_pixels:,} pixels"
                )
            if point is None or (first is not None and _is_early(first, start)):
                if point is not None:
                    report.complaints = 0  # a seek lands in mid-packet: what complained there was not asked for
                yield from chain(() if first is None else (first,), frames)
                return


def _is_early(first: TimedFrame, start: float) -> bool:
    if first.time is None:
        return isinstance(first.frame, VideoFrame)
    return first.time <= start + (_NEAR if isinstance(first.frame, VideoFrame) else 0.0)


def decoded_frames(container: InputContainer, stream: Track, report: StreamReport) -> Iterator[TimedFrame]:
    """Yield the frames of `stream` that can be decoded; a damaged packet is a complaint in `report`, no end."""
    report.declared_end = declared_end(container, stream)
    # One thread a process: extraction runs a process a core.
    stream.codec_context.thread_count = 1
    if isinstance(stream, VideoStream):
        stream.codec_context.options = {"max_pixels": str(LIMITS.most_pixels)}
    zero, order, in_vain = float(zero_time(container)), _display_order(container, stream), 0
    elapsed = 0.0 if container.format.name in _TIMELESS and isinstance(stream, AudioStream) else None
    for packet in _clocked(container, stream, report, zero):
        if packet.size == 0 and packet.pts is not None:
            # Nothing new: the last picture stands. A decoder would take it for the end of the stream.
            report.stands_until = float((packet.pts + (packet.duration or 0)) * packet.time_base) - zero
            continue
        if isinstance(stream, VideoStream) and packet.dts is not None and _has_no_times(container, packet):
            packet.pts = packet.dts
            order.add(packet.dts)
        report.complaints += packet.is_corrupt
        try:
            frames = packet.decode()
        except EndOfFile:
            return
        except FFmpegError:
            report.complaints += 1
            in_vain += 1
            if in_vain == _MOST_COMPLAINTS:
                return
            continue
        for frame in frames:
            in_vain = 0
            if isinstance(frame, VideoFrame) and order.is_used:
                frame.pts = order.take(frame.pts, _reorder_depth(stream))
            if isinstance(frame, VideoFrame) or (isinstance(frame, AudioFrame) and frame.samples):
                time = None if frame.time is None else frame.time - zero
                yield TimedFrame(frame, time if elapsed is None else elapsed, stream)
            if isinstance(frame, AudioFrame) and elapsed is not None:
                elapsed += frame.samples / frame.sample_rate


def _clocked(container: InputContainer, stream: Track, report: StreamReport, zero: float) -> Iterator[AnyPacket]:
    """Yield the packets of `stream`, with stamps on the clock that all tracks of the recording share."""
    clock = SharedClock(zero)
    packets = container.demux(*chosen_streams(container))
    while True:
        try:
            packet = next(packets, None)
        except EndOfFile:
            return
        except FFmpegError:
            report.complaints += 1
            continue
        if packet is None:
            return
        clock.set(packet)
        report.jump = clock.jump
        if clock.pieces > 1:
            report.declared_end = None
        if packet.stream_index == stream.index:
            yield packet


def _display_order(container: InputContainer, stream: Track) -> DisplayOrder:
    if not isinstance(stream, VideoStream) or container.format.name != "avi":
        return DisplayOrder()
    slots = [entry.timestamp for entry in islice(stream.index_entries, 2)]
    return DisplayOrder(slots[0] if slots else 0, encoder_delay(slots, _reorder_depth(stream)))


def _reorder_depth(stream: Track) -> int:
    context = stream.codec_context
    return context.reorder_depth if isinstance(context, VideoCodecContext) else 0


def _has_no_times(container: InputContainer, packet: AnyPacket) -> bool:
    """Whether the container only counts its pictures; what FFmpeg then makes up for AVI is late by its own delay."""
    return packet.pts is None or container.format.name == "avi"


def declared_end(container: InputContainer, stream: Track) -> float | None:
    """Return where the file says that `stream` ends, in seconds of the recording; None where it does not say."""
    if stream.duration and stream.time_base:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base - zero_time(container))
    if container.duration:
        return container.duration / av.time_base
    return None


def _seek(container: InputContainer, path: Path, track: Track, time: float) -> bool:
    """Move `container` to the last key frame of `track` at or before `time` seconds; False: this file cannot do so."""
    if container.format.name in _TIMELESS or track.time_base is None:
        return False
    span = measured_span(path, container.format.name, None)
    if span is not None and span.pieces > 1:
        return False
    offset = int((Fraction(time) + zero_time(container)) / track.time_base)
    try:
        container.seek(offset, stream=track, backward=True)
    except FFmpegError:
        return False
    return True
