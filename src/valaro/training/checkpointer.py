"""A training's state on disk: killed at any moment, it goes on from there to the same result, bit for bit."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from valaro.errors import StoreError, words_for
from valaro.files import atomic_write, remove_partials
from valaro.limits import LIMITS
from valaro.regular import ABSENT, read_regular, why_not_readable
from valaro.tensorfile import TensorKind, parse_tensors, tensor_bytes
from valaro.training.state import Part, join, restore, split, state_of

CHECKPOINT = TensorKind(name="checkpoint", version="2", remedy="remove it to begin anew")


@dataclass(frozen=True, kw_only=True)
class CheckpointPaths:
    """Where a training leaves its losses and its state, a file for each stage, and how often; None: nowhere."""

    losses_in: Path | None = None
    state_in: Path | None = None
    seconds: float = 30.0

    def losses(self, stage: str) -> Path | None:
        return None if self.losses_in is None else self.losses_in / f"{stage}.csv"

    def state(self, stage: str) -> Path | None:
        return None if self.state_in is None else self.state_in / f"{stage}.safetensors"

    def forget_state(self) -> None:
        """Remove the state: the training is finished, its result is safe."""
        if self.state_in is not None:
            shutil.rmtree(self.state_in, ignore_errors=True)


class Checkpointer:
    """Writes the state every `seconds` to `file`, which is replaced whole or not at all; without a file nothing is."""

    def __init__(self, file: Path | None, *, seconds: float = 30.0) -> None:
        self._file = file
        self._seconds = seconds
        self._written = time.monotonic()

    def restore(self, parts: Mapping[str, Part]) -> None:
        """Give the parts the state that was saved last, if there is any.

        Raises:
            StoreError: what lies there is damaged, of another version, or of a training with other parts.
        """
        file = self._file
        if file is None:
            return
        remove_partials(file.parent)
        if file.with_suffix("").is_dir():
            raise StoreError(f"'{file.with_suffix('')}' was kept by another version of valaro: {CHECKPOINT.remedy}")
        if why_not_readable(file) == ABSENT:
            return
        try:
            content = read_regular(file, LIMITS.most_weight_bytes)
        except (OSError, ValueError) as error:
            raise StoreError(f"'{file}' cannot be read ({words_for(error)}): {CHECKPOINT.remedy}") from error
        saved = parse_tensors(CHECKPOINT, content, f"'{file}'")
        unfit = f"the training kept in '{file}' does not fit this one: {CHECKPOINT.remedy}"
        try:
            state = join(saved.facts["state"], saved.arrays)
            if differing := sorted(state.keys() ^ parts.keys()):
                raise StoreError(f"{unfit} (only one of them has: {', '.join(differing)})")
            restore(parts, state)
        except (KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
            raise StoreError(f"{unfit} ({words_for(error)})") from error

    def save(self, parts: Mapping[str, Part], *, now: bool = False) -> None:
        """Write the state, if it is time to (or `now`) and every number in it is finite."""
        if self._file is None or not (now or time.monotonic() - self._written >= self._seconds):
            return
        arrays, plain = split(state_of(parts))
        # A step may have spoilt the weights while its own losses were still fine: the last good state stays.
        if not all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f"):
            return
        content, _ = tensor_bytes(CHECKPOINT, arrays, {"state": plain})
        with atomic_write(self._file) as aside:
            aside.write_bytes(content)
        self._written = time.monotonic()
