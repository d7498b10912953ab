"""The losses of every step, on disk and in mind: finite or the training stops, averaged between evaluations."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from valaro.errors import ValaroError
from valaro.files import atomic_write

ADVICE = "Lower training.learning_rate, or set network.weight_norm = true"


def broke_down(step: int, why: str, advice: str = ADVICE) -> ValaroError:
    """Return what a training that cannot go on is ended with."""
    return ValaroError(f"training broke down at step {step}: {why}. {advice}")


class LossLog:
    """Notes losses; a row a step goes to `file` (CSV: step, then a column a term), if there is one.

    `advice` is what a user can do when a loss is no number any more.
    """

    def __init__(self, file: Path | None = None, *, advice: str = ADVICE) -> None:
        self._file = file
        self._advice = advice
        self._rows = 0
        self._waiting: list[tuple[int, list[float]]] = []
        self._window: dict[str, list[float]] = {}

    def log(self, step: int, losses: Mapping[str, Tensor]) -> None:
        """Take down the losses of update `step` (from 1).

        Raises:
            ValaroError: a loss is not a finite number; the message names the term and the step.
        """
        # One transfer for all terms: on a GPU each would wait for the device.
        values = torch.stack([loss.detach() for loss in losses.values()]).tolist()
        if self._file is not None:
            self._waiting.append((step, values))
        if step == 1:
            self._begin(list(losses))
        for name, value in zip(losses, values, strict=True):
            if not math.isfinite(value):
                self.flush()
                raise broke_down(step, f"the {name} loss is {value}", self._advice)
            self._window.setdefault(name, []).append(value)

    def losses_since(self) -> dict[str, list[float]]:
        """Return the losses by term since this was last asked."""
        window, self._window = self._window, {}
        return window

    def flush(self) -> None:
        """Append what waits to the file."""
        if self._file is None or not self._waiting:
            return
        with self._file.open("a", newline="", encoding="utf-8") as out:
            csv.writer(out, lineterminator="\n").writerows(
                [step, *(f"{value:.6g}" for value in values)] for step, values in self._waiting
            )
        self._rows += len(self._waiting)
        self._waiting.clear()

    def state_dict(self) -> dict[str, Any]:
        self.flush()
        return {"window": {name: list(values) for name, values in self._window.items()}, "rows": self._rows}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; the file's later rows are dropped, since those steps will come again."""
        self._window = {name: list(values) for name, values in state["window"].items()}
        self._rows = state["rows"]
        if self._file is not None and self._file.is_file():
            lines = self._file.read_text(encoding="utf-8").splitlines(keepends=True)
            with atomic_write(self._file) as aside:
                aside.write_text("".join(lines[: 1 + self._rows]), encoding="utf-8")

    def _begin(self, names: list[str]) -> None:
        if self._file is not None:
            with atomic_write(self._file) as aside:
                aside.write_text(",".join(["step", *names]) + "\n", encoding="utf-8")
