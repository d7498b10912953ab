"""When pictures are shown, in a container that only has the order in which they are decoded."""

from collections import deque
from collections.abc import Sequence

_MOST_LOOKAHEAD = 3


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
