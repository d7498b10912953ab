"""The times of a recording whose stamps begin again or jump in mid-file, or that has none for its pictures."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from valaro.limits import LIMITS
from valaro.media.container import chosen_streams, opened, zero_time

if TYPE_CHECKING:
    AnyPacket = Packet[Stream]
else:
    AnyPacket = Packet  # generic for who reads it alone

_BACK = 1.0  # seconds: a smaller step back is a recorder's jitter
_APART = 5.0  # seconds by which the tracks of one file may be out of step in the order of its packets

_MOST_LOOKAHEAD = 3  # slots that an encoder may leave empty

# Recorders write these in pieces: a call that reconnects, parts joined end to end, a radio stream.
_IN_PIECES = {"flv", "ogg", "mpegts", "mpeg"}
_FEWEST_BYTES = 125  # a second: what holds less is not as long as it says


@dataclass(frozen=True, kw_only=True)
class Jump:
    """A step forward of the time stamps that is longer than a gap may last: at which second, by how many."""

    at: float
    by: float


class SharedClock:
    """Moves the time stamps of packets, given in the order of the file, so that all tracks go on at one time.

    A track that steps back, while no other track still keeps the old time, has begun again: it goes on where the
    recording had come to, and the tracks that follow it back take the same shift, so that they stay together. So does
    one that jumps over a gap with nothing in it that is longer than gaps may be.
    """

    def __init__(self, zero: float) -> None:
        self._zero = zero
        self._bases: dict[int, float] = {}  # seconds of a tick of each track
        self._shifts: dict[int, float] = {}
        self._newest = 0.0
        self._last: dict[int, float] = {}  # each track's last time, as the file has it
        self._ends: dict[int, float] = {}  # and where that packet ended, on this clock
        self._filled = self._covered = 0.0
        self.pieces = 1
        self.jump: Jump | None = None

    @property
    def end(self) -> float:
        """Where the packets so far end, in seconds of the recording."""
        return max(self._ends.values(), default=self._zero) - self._zero

    def set(self, packet: AnyPacket) -> None:
        """Shift the stamps of the next packet of the file."""
        track = packet.stream_index
        # Kept as a number: making it anew from each packet's fraction would cost more than all the rest.
        base = self._bases.get(track) or self._bases.setdefault(track, float(packet.time_base))
        if packet.dts is not None:
            decoded, shown = packet.dts * base, (packet.dts if packet.pts is None else packet.pts) * base
            # Matroska has no times of decoding: those made up for it lag behind a jump.
            decoded = shown if shown - decoded > _APART else decoded
            self._follow(track, decoded, shown, (packet.duration or 0) * base)
        shift = round(self._shifts.get(track, 0.0) / base)
        if shift and packet.dts is not None:
            packet.dts += shift
        if shift and packet.pts is not None:
            packet.pts += shift

    def _follow(self, track: int, time: float, shown: float, duration: float) -> None:
        """Take note of a track's next packet, decoded at `time` and shown at `shown` by its stamps."""
        end = max(self._ends.values(), default=None)
        if end is not None:
            gap = time + self._shifts.get(track, 0.0) - end
            most = min(LIMITS.longest_gap, LIMITS.longest_gap + LIMITS.most_gap_share * self._covered - self._filled)
            if gap > most or self._has_begun_again(track, time):
                self._shifts[track] = self._joined(self._shifts.get(track, 0.0), shown, end)
                if gap > most and self.jump is None:
                    self.jump = Jump(at=end - self._zero, by=gap)
                gap = 0.0
            self._filled += max(0.0, gap)
        start = time + self._shifts.get(track, 0.0)
        self._covered += max(0.0, start + duration - max(start, start if end is None else end))
        self._last[track] = time
        self._ends[track] = max(self._ends.get(track, start), start + duration)

    def _has_begun_again(self, track: int, time: float) -> bool:
        if track not in self._last or time > self._last[track] - _BACK:
            return False
        here = time + self._shifts.get(track, 0.0)
        return not any(abs(here - end) < _BACK for other, end in self._ends.items() if other != track)

    def _joined(self, shift: float, time: float, end: float) -> float:
        """Return the shift of a track that was at `shift`: that of the piece that another one has begun, or a new."""
        if self._newest != shift and abs(time + self._newest - end) < _APART:
            return self._newest
        self.pieces += 1
        # A piece begins as the file did, where its stamps do so: each of its tracks at its own distance from there.
        begin = self._zero if abs(time - self._zero) < _BACK else time
        self._newest = end - begin
        return self._newest


@dataclass(frozen=True, kw_only=True)
class Span:
    """What the packets of a file say: in how many pieces its stamps run, and where the last one ends in seconds."""

    pieces: int
    end: float


def measured_span(path: Path, form: str, declared: float | None) -> Span | None:
    """Return what the packets at `path` say where its head may not know: None for a `form` that is trusted.

    Trusted is an index, but not a length that the bytes of the file cannot fill.
    """
    status = path.stat()
    if form not in _IN_PIECES and not (declared and status.st_size < declared * _FEWEST_BYTES):
        return None
    return _measured(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _measured(path: Path, size: int, changed: int) -> Span:  # noqa: ARG001 - what a file is known by
    with opened(path) as container:
        clock = SharedClock(float(zero_time(container)))
        packets = container.demux(*chosen_streams(container))
        try:
            for packet in packets:
                clock.set(packet)
        except FFmpegError:
            pass  # what cannot be read is said when it is decoded
    return Span(pieces=clock.pieces, end=clock.end)


class DisplayOrder:
    """Gives the n-th picture shown the n-th slot of time: AVI counts its pictures, and says no more of their times.

    A picture comes out of the decoder at most `depth` pictures earlier than it went in, so that the slot of a lost
    picture, which none will take, is passed over and those that follow keep their times. All pictures but that in the
    slot `first` came `delay` slots late out of the encoder.
    """

    def __init__(self, first: int = 0, delay: int = 0) -> None:
        self._first, self._delay = first, delay
        self._free: deque[tuple[int, int]] = deque()  # (rank, slot) in the order of decoding
        self._ranks: dict[int, int] = {}
        self._count = 0

    @property
    def is_used(self) -> bool:
        """Whether any slot was ever added: elsewhere pictures have times of their own."""
        return self._count > 0

    def add(self, slot: int) -> None:
        """Take the slot of the next packet to be decoded."""
        self._free.append((self._count, slot))
        self._ranks[slot] = self._count
        self._count += 1

    def take(self, slot: int | None, depth: int) -> int | None:
        """Return the slot in which the picture is shown that was in the packet at `slot`."""
        rank = None if slot is None else self._ranks.pop(slot, None)
        while rank is not None and self._free and self._free[0][0] < rank - depth:
            self._free.popleft()
        taken = self._free.popleft()[1] if self._free else slot
        return taken if taken is None or taken == self._first else taken - self._delay


def encoder_delay(slots: Sequence[int], depth: int) -> int:
    """Return how many slots an encoder left empty after the first picture, while it looked ahead.

    `slots` are the first two that hold a picture. Only pictures that are reordered make an encoder look ahead, and by a
    few; a longer hole, or one elsewhere, is where a recorder dropped pictures.

    >>> encoder_delay((0, 3), depth=1), encoder_delay((0, 3), depth=0), encoder_delay((0, 9), depth=1)
    (2, 0, 0)
    """
    holes = slots[1] - slots[0] - 1 if len(slots) > 1 else 0
    return holes if depth and 0 < holes <= _MOST_LOOKAHEAD else 0
