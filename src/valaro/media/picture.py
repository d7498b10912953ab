"""The picture of a stretch of a recording: grey frames, upright, with the times at which they were taken."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8

from valaro.media.container import check_size, opened, picture_stream, zero_time
from valaro.media.streams import StreamReport, decoded_frames, from_before, seek_to

Region = tuple[float, float, float, float]
"""(left, top, right, bottom) as fractions of the upright picture."""

# In these the first plane IS the grey picture: no conversion, no copy but the one we keep.
_LUMA_FIRST = {
    *("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p", "nv12", "nv21", "nv16", "gray"),
    *("yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "yuvj411p", "yuva420p", "yuva422p", "yuva444p"),
}
_NEAR = 1e-4  # seconds: time stamps are rounded to the container's clock
_USUAL_INTERVAL = 0.04
_FAR = 10.0  # seconds after its declared end at which a frame's time stamp is damage, not a long pause
_LONGEST_HOLD = 3600.0  # seconds for which one picture may stand where no end is declared


@dataclass(frozen=True, kw_only=True)
class GreyFrame:
    """One upright picture, taken at `time` and shown until `until`, in seconds of the recording."""

    pixels: UInt8[np.ndarray, "h w"]
    time: float
    until: float


def read_picture(
    path: Path, start: float, end: float | None, region: Region | None, report: StreamReport
) -> Iterator[GreyFrame]:
    """Yield the frames shown between `start` and `end`, first the one on screen at `start`; nothing: no picture."""
    shown: GreyFrame | None = None
    for frame in _uniform(_decoded(path, start, region, report)):
        if frame.time <= start + _NEAR:
            shown = frame
            continue
        if shown is not None:
            yield shown
            shown = None
        if end is not None and frame.time >= end - _NEAR:
            return
        yield frame
    if shown is not None and shown.until > start + _NEAR:
        yield shown


def _decoded(path: Path, start: float, region: Region | None, report: StreamReport) -> Iterator[GreyFrame]:
    decode = partial(_from_point, path, region, report)
    yield from from_before(start, decode, lambda frame: frame.time <= start + _NEAR)


def _from_point(path: Path, region: Region | None, report: StreamReport, point: float | None) -> Iterator[GreyFrame]:
    with opened(path) as container:
        stream = picture_stream(container, path)
        if stream is None:
            return
        report.exists, report.complaints = True, 0
        zero, usual = float(zero_time(container)), usual_interval(stream)
        if not seek_to(container, stream, point):
            return
        time = -usual
        for frame in decoded_frames(container, stream, report):
            if not isinstance(frame, VideoFrame):
                continue
            check_size(frame.width, frame.height, path)
            if point is not None and time < 0:
                report.complaints = 0  # a seek lands in mid-packet: what complained there was not asked for
            time = _time(None if frame.pts is None else frame.time - zero, time, usual, report)
            shown = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else usual
            yield GreyFrame(pixels=grey_pixels(frame, region), time=time, until=time + shown)


def _time(stamp: float | None, last: float, usual: float, report: StreamReport) -> float:
    """Return `stamp`, or what follows `last` where there is none, it does not advance or lies far beyond the end."""
    latest = _FAR + (last + _LONGEST_HOLD if report.declared_end is None else report.declared_end)
    if stamp is not None and stamp > latest:
        report.complaints += 1
        stamp = None
    if stamp is None or (stamp <= last and last >= 0):
        return last + usual
    return stamp


def usual_interval(stream: VideoStream) -> float:
    """Return the seconds between two frames of `stream`, as far as the file says."""
    rate = stream.average_rate or stream.guessed_rate
    return float(1 / rate) if rate else _USUAL_INTERVAL


def grey_pixels(frame: VideoFrame, region: Region | None) -> UInt8[np.ndarray, "h w"]:
    """Return the luma of `frame`, turned upright, cut to `region`: a view of the frame's own memory."""
    plane = (frame if frame.format.name in _LUMA_FIRST else frame.reformat(format="gray")).planes[0]
    # Lines are padded to the decoder's liking, so a line is longer than the picture is wide.
    lines = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * frame.height].reshape(
        frame.height, plane.line_size
    )
    upright = np.rot90(lines[:, : frame.width], quarter_turns(frame.rotation))
    return _cut(upright, region)


def quarter_turns(rotation: float) -> int:
    """Return how many counter-clockwise quarter turns make upright what `rotation` degrees say is turned."""
    return round(rotation / 90) % 4


def _cut(pixels: UInt8[np.ndarray, "h w"], region: Region | None) -> UInt8[np.ndarray, "a b"]:
    if region is None:
        return pixels
    height, width = pixels.shape
    left, top, right, bottom = region
    x, y = min(int(left * width), width - 1), min(int(top * height), height - 1)
    return pixels[y : max(y + 1, round(bottom * height)), x : max(x + 1, round(right * width))]


def _uniform(frames: Iterator[GreyFrame]) -> Iterator[GreyFrame]:
    """Yield every frame in the size of the first; a recorder that changed its size in mid-stream keeps its picture."""
    shape: tuple[int, int] | None = None
    for frame in frames:
        height, width = frame.pixels.shape
        shape = shape or (height, width)
        if (height, width) == shape:
            yield frame
        else:
            pixels = np.asarray(cv2.resize(frame.pixels, shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
            yield replace(frame, pixels=pixels)
