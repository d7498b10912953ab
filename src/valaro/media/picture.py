"""The picture of a stretch of a recording: grey frames, upright, with the times at which they were taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import Float64, UInt8

from valaro.media.container import check_size
from valaro.media.frames import StreamReport, read_frames

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
_SQUARE = 1.02
_WIDEST_PIXEL = 4.0


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
    for frame in _decoded(path, start, region, report):
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
    """Yield every frame in the size of the first: a recorder that changed its size in mid-stream keeps its picture."""
    time: float | None = None
    size: tuple[int, ...] | None = None
    usual = shape = 1.0
    for timed in read_frames(path, "picture", start, report):
        frame, track = timed.frame, timed.track
        assert isinstance(frame, VideoFrame)
        assert isinstance(track, VideoStream)
        if time is None:
            usual, shape = usual_interval(track), pixel_shape(track)
        check_size(frame.width, frame.height, path)
        time = _time(timed.time, -usual if time is None else time, usual, report)
        shown = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else usual
        pixels = grey_pixels(frame, region, shape)
        size = size or pixels.shape
        if pixels.shape != size:
            pixels = np.asarray(cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        yield GreyFrame(pixels=pixels, time=time, until=time + shown)


def _time(stamp: float | None, last: float, usual: float, report: StreamReport) -> float:
    """Return `stamp`, or what follows `last` where there is none, it does not advance or lies far beyond the end."""
    latest = _FAR + (last + _LONGEST_HOLD if report.declared_end is None else max(last, report.declared_end))
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


def pixel_shape(stream: VideoStream) -> float:
    """Return how much wider than high the pixels of `stream` are shown; 1 where it does not say, or nonsense."""
    ratio = stream.sample_aspect_ratio
    shape = float(ratio) if ratio else 1.0
    # Nobody sees a face squeezed by a fiftieth; the widest pixels in use are 16:9 twice as wide as high.
    return shape if _SQUARE < max(shape, 1 / shape) < _WIDEST_PIXEL else 1.0


def grey_pixels(frame: VideoFrame, region: Region | None, shape: float = 1.0) -> UInt8[np.ndarray, "h w"]:
    """Return the luma of `frame`, turned upright, cut to `region`: a view of the frame's memory if pixels are square.

    Pixels that are shown `shape` times as wide as high are spread over square ones, none of which is left out.
    """
    plane = (frame if frame.format.name in _LUMA_FIRST else frame.reformat(format="gray")).planes[0]
    # Lines are padded to the decoder's liking, so a line is longer than the picture is wide.
    lines = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * frame.height].reshape(
        frame.height, plane.line_size
    )
    turns = quarter_turns(frame.rotation)
    upright = _cut(np.rot90(lines[:, : frame.width], turns), region)
    if shape == 1:
        return upright
    height, width = shown_size(upright.shape[0], upright.shape[1], 1 / shape if turns % 2 else shape)
    return np.asarray(cv2.resize(upright, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def shown_size(height: int, width: int, shape: float) -> tuple[int, int]:
    """Return the (height, width) in square pixels of a picture whose pixels are `shape` times as wide as high.

    >>> shown_size(1080, 1440, 4 / 3)
    (1080, 1920)
    >>> shown_size(480, 720, 8 / 9)
    (540, 720)
    """
    return (height, round(width * shape)) if shape > 1 else (round(height / shape), width)


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


class PictureSource:
    """Grey frames shown from `start` to `end` seconds, in portions that end at a time or a number of bytes."""

    where = "picture"

    def __init__(self, path: Path, start: float, end: float | None, region: Region | None) -> None:
        self.path, self.end = path, end
        self.report = StreamReport()
        self._until = start
        self._frames = read_picture(path, start, end, region, self.report)
        self._next = next(self._frames, None)
        self.is_empty = self.ended
        self.shape = (0, 0) if self._next is None else (self._next.pixels.shape[0], self._next.pixels.shape[1])

    @property
    def ended(self) -> bool:
        return self._next is None

    @property
    def until(self) -> float:
        """Until when the frames given so far are shown, in seconds of the recording."""
        return max(self._until, self.report.stands_until) if self.ended else self._until

    def take(
        self, limit: float, most_bytes: int
    ) -> tuple[UInt8[np.ndarray, "t h w"], Float64[np.ndarray, " t"], float]:
        """Return the next frames before `limit` seconds, as many as `most_bytes` hold, their times, what they reach."""
        times: list[float] = []
        size = self.shape[0] * self.shape[1]
        # Filled in place: a copy more of every frame would cost as much as a third of its decoding.
        frames = np.empty((max(1, most_bytes // max(1, size)), *self.shape), np.uint8)
        while self._next is not None and self._next.time < limit:
            if len(times) == len(frames):
                limit = self._next.time
                break
            frames[len(times)] = self._next.pixels
            times.append(self._next.time)
            self._until = max(self._until, self._next.until)
            self._next = next(self._frames, None)
        return frames[: len(times)], np.array(times, dtype=np.float64), limit
