"""The sound or the picture of a recording as something to take from, stretch by stretch."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from valaro.media.frames import StreamReport
from valaro.media.picture import Region, read_picture
from valaro.media.sound import SAMPLE_RATE, read_sound


class SoundSource:
    """16 kHz samples from `start` to `end` seconds, in whatever portions the taker wants."""

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

    def take(self, count: int) -> Float32[np.ndarray, " n"]:
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


class PictureSource:
    """Grey frames shown from `start` to `end` seconds, in portions that end at a time or a number of bytes."""

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
