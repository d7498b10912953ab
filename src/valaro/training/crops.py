"""Utterances in memory, cut into random crops and into the windows on which they are judged."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from valaro.normalise import Scale
from valaro.records import Utterance
from valaro.store.feature_store import FeatureStore
from valaro.windows import WindowSpec, cut_window, windows_of

Crops = dict[str, Tensor]
"""A modality's name -> scaled windows `[n dim rows]`."""


class Recordings:
    """Utterances with all their modalities at hand, scaled, ready to be cut."""

    def __init__(
        self,
        store: FeatureStore,
        utterances: Sequence[Utterance],
        names: Sequence[str],
        scale_of: Callable[[Utterance], Scale],
        *,
        window: WindowSpec = WindowSpec(),  # noqa: B008 - frozen
    ) -> None:
        self.utterances = tuple(utterances)
        self.names = tuple(names)
        self.window = window
        self._dims = {name: store.dim(name) for name in names}
        self._values = [
            {name: store.values(u.id, name) for name in names if store.has(u.id, name)} for u in self.utterances
        ]
        self._lengths = [
            min((len(rows) for rows in by_name.values() if len(rows)), default=0) for by_name in self._values
        ]
        scales = [scale_of(utterance) for utterance in self.utterances]
        self._factors = {name: _table(scales, name, "factor") for name in names}
        self._offsets = {name: _table(scales, name, "offset") for name in names}

    def __len__(self) -> int:
        return len(self.utterances)

    def length(self, index: int) -> int:
        """Return the frames that all modalities of utterance `index` have, 0 where nothing could be extracted.

        Features extracted on different days may differ by a frame where sound and picture end apart.
        """
        return self._lengths[index]

    def cut(self, indices: Int[np.ndarray, " n"], starts: Int[np.ndarray, " n"]) -> Crops:
        """Return the windows that begin at `starts`; all modalities are cut at the same place.

        A modality that an utterance lacks is 0 everywhere, the mean after scaling.
        """
        rows = torch.from_numpy(indices)
        crops: Crops = {}
        for name in self.names:
            raw = np.zeros((len(indices), self.window.length, self._dims[name]), dtype=np.float16)
            present = np.zeros(len(indices), dtype=bool)
            for row, (index, start) in enumerate(zip(indices.tolist(), starts.tolist(), strict=True)):
                values = self._values[index].get(name)
                if values is None or len(values) == 0:
                    continue
                present[row] = True
                raw[row] = cut_window(values, start, self.window, usable=self._lengths[index])
            scaled = torch.addcmul(
                self._offsets[name][rows, None], torch.from_numpy(raw).float(), self._factors[name][rows, None]
            )
            if not present.all():
                scaled[torch.from_numpy(~present)] = 0.0
            crops[name] = scaled.transpose(1, 2)
        return crops

    def draw(self, indices: Int[np.ndarray, " n"], rng: np.random.Generator) -> Crops:
        """Return a crop at a uniformly random place of each utterance in `indices`."""
        room = np.array([max(self.length(int(index)) - self.window.length, 0) for index in indices])
        return self.cut(indices, rng.integers(0, room + 1))

    def windows(self, index: int) -> tuple[Int[np.ndarray, " w"], Float[np.ndarray, " w"]]:
        """Return the starts of the windows to be judged, and how much each counts."""
        return windows_of(self.length(index), self.window)

    def whole(self, index: int) -> Crops:
        """Return all frames of an utterance, `[1 dim time]` a modality; one that it lacks is 0 in a single frame."""
        crops: Crops = {}
        for name in self.names:
            values = self._values[index].get(name)
            if values is None or len(values) == 0:
                crops[name] = torch.zeros((1, self._dims[name], 1))
                continue
            raw = torch.from_numpy(np.asarray(values[: self.length(index)], dtype=np.float32))
            crops[name] = torch.addcmul(self._offsets[name][index], raw, self._factors[name][index]).T[None]
        return crops


def _table(scales: Sequence[Scale], name: str, field: str) -> Tensor:
    rows = [getattr(scale[name], field) for scale in scales]
    return torch.from_numpy(np.stack(rows) if rows else np.zeros((0, 1), np.float32))
