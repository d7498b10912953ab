"""Several channels of sound made one, so that a voice keeps its level whichever channel holds it."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from jaxtyping import Float32

_BLOCK = 1024
_SHORTEST = 512  # samples: in fewer, two channels are alike or opposite by chance

# dB below the loudest channel, from where on a channel counts for less, to where it counts for nothing: it is dead.
_FAINT, _DEAD = 14.0, 26.0
_OPPOSITE = -0.9  # correlation with the reference: microphones in one room do not come near, a wrong cable is at -1
_SMALLEST = 1e-10  # power of digital silence, in which nothing can be told

_CENTRE, _LOW = "FC", "LFE"

Mono = Float32[np.ndarray, " n"]
Channels = Float32[np.ndarray, "c n"]


class Downmix:
    """Makes the channels of one recording mono, in successive portions.

    With a centre, which is where films have their voices, it is that and half of each other channel: a voice in a left
    and a right channel alike comes out as in stereo. Without, it is the mean of the channels that are not dead, those
    turned that are opposite in phase to the first of them; where nothing is wrong, the plain mean.
    """

    def __init__(self) -> None:
        self._weights: Float32[np.ndarray, " c"] | None = None

    def __call__(self, channels: Channels, names: Sequence[str] = ()) -> Mono:
        """Return the next samples; `names` are those of the channels (FL, FC ...), as far as they are known."""
        if len(channels) == 1:
            return channels[0]
        if len(channels) > 2 and _CENTRE in names:
            weights = np.array([{_CENTRE: 1.0, _LOW: 0.0}.get(name, 0.5) for name in names], np.float32)
            return weights @ channels
        plain = np.full(len(channels), 1 / len(channels), np.float32)
        if (self._weights is None or np.array_equal(self._weights, plain)) and _are_well(channels):
            # Most often; many blocks at once, since one by one they would cost as much as their decoding.
            self._weights = plain
            return plain @ channels
        starts = range(0, channels.shape[1], _BLOCK)
        mixed = [self._mixed(channels[:, start : start + _BLOCK]) for start in starts]
        return np.concatenate(mixed) if mixed else channels[0]

    def _mixed(self, block: Channels) -> Mono:
        before = self._weights
        if before is None or block.shape[1] >= _SHORTEST:
            self._weights = _weights(block, before)
        now = self._weights
        assert now is not None
        if before is None or np.array_equal(before, now):
            return now @ block
        # Faded, since a step in the weights would be heard as a click.
        share = np.linspace(0, 1, block.shape[1], dtype=np.float32)
        return (before @ block) * (1 - share) + (now @ block) * share


def _are_well(channels: Channels) -> bool:
    """Whether in no block of the samples a channel is faint or opposite in phase: no weights are to be found."""
    length = channels.shape[1]
    if length < _SHORTEST:
        return True
    if length <= 2 * _BLOCK:
        return _is_well(channels)
    # What is left over makes a last block with what precedes it.
    return all(
        _is_well(channels[:, start : start + _BLOCK]) for start in (*range(0, length - _BLOCK, _BLOCK), length - _BLOCK)
    )


def _is_well(block: Channels) -> bool:
    # Numbers of Python: a codec's frames are many and short, and arrays of two numbers slow.
    products = (block @ block.T).tolist()
    first, powers = products[0], [products[index][index] for index in range(len(block))]
    faintest = max(powers) * 10 ** (-_FAINT / 10)
    are_well = (
        power >= faintest and alike >= _OPPOSITE * sqrt(power * powers[0])
        for power, alike in zip(powers, first, strict=True)
    )
    return max(powers) < _SMALLEST * block.shape[1] or all(are_well)


def _weights(block: Channels, before: Float32[np.ndarray, " c"] | None) -> Float32[np.ndarray, " c"]:
    """Return what each channel of a block counts for; `before` where nothing is to be heard."""
    products = block @ block.T / block.shape[1]
    powers = np.diagonal(products)
    loudest = float(powers.max())
    if loudest < _SMALLEST:
        return np.full(len(block), 1 / len(block), np.float32) if before is None else before
    below = 10 * np.log10(loudest / np.maximum(powers, _SMALLEST * 1e-6))
    alive = np.clip((_DEAD - below) / (_DEAD - _FAINT), 0, 1)
    reference = int(np.flatnonzero(alive >= 0.5)[0])
    alike = products[reference] / np.sqrt(np.maximum(powers * powers[reference], _SMALLEST**2 * 1e-6))
    signs = np.where(alike < _OPPOSITE, -1.0, 1.0)
    return (alive * signs / alive.sum()).astype(np.float32)
