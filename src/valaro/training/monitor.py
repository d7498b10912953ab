"""Signs that a training has collapsed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import log
from sys import float_info
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from valaro.records import LEVELS, Alarm, AlarmKind

WON = 0.05
"""Mean real and generated loss below which the classifier tells the two apart without effort."""

DIVERGED = 10.0
"""How many times what guessing costs the labelled loss may be."""

EXPLODED = 100.0
"""How many times its first evaluation's mean the generator's loss may grow."""

FLAT = 1e-3
"""Deviation over a batch, against the mean size, below which a feature says nothing."""

_PATIENCE = 3


class TrainingMonitor:
    """Looks at each evaluation; each sign speaks up once, at the step at which it was seen."""

    def __init__(self) -> None:
        self.raised: list[Alarm] = []
        self._first_matching: float | None = None
        self._one_level = 0

    def check(
        self,
        step: int,
        losses: Mapping[str, Sequence[float]],
        probabilities: Sequence[Float[np.ndarray, "n 3"]],
        features: Mapping[str, Tensor],
    ) -> None:
        """Look at the losses since the last time, the validation answers, and a batch's features by their origin."""
        means = {name: float(np.mean(values)) for name, values in losses.items()}
        self._look_at_losses(step, means)
        self._look_at_answers(step, probabilities)
        for name, values in features.items():
            deviation = float(values.detach().std(dim=0).mean() / (values.detach().abs().mean() + 1e-12))
            if deviation < FLAT:
                self._raise(step, "features_flat", deviation, about=name)

    def state_dict(self) -> dict[str, Any]:
        return {
            "raised": [asdict(alarm) for alarm in self.raised],
            "first_matching": self._first_matching,
            "one_level": self._one_level,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.raised = [
            Alarm(**alarm | {name: tuple(alarm[name]) for name in ("about", "numbers")}) for alarm in state["raised"]
        ]
        self._first_matching, self._one_level = state["first_matching"], state["one_level"]

    def _look_at_losses(self, step: int, means: Mapping[str, float]) -> None:
        if max(means.get("real", 1.0), means.get("generated", 1.0)) < WON:
            self._raise(step, "fake_told_apart", means["real"], means["generated"])
        guessing = log(len(LEVELS))
        if means.get("labelled", 0.0) > DIVERGED * guessing:
            self._raise(step, "diverged", means["labelled"], guessing)
        if "generator" in means:
            if self._first_matching is None:
                self._first_matching = means["generator"]
            elif means["generator"] > EXPLODED * self._first_matching:
                self._raise(step, "generator_exploded", self._first_matching, means["generator"])

    def _look_at_answers(self, step: int, probabilities: Sequence[Float[np.ndarray, "n 3"]]) -> None:
        levels = {int(level) for part in probabilities for level in part.argmax(axis=1)}
        self._one_level = self._one_level + 1 if len(levels) == 1 else 0
        if self._one_level == _PATIENCE:
            self._raise(step, "one_level", _PATIENCE, about=LEVELS[levels.pop()])

    def _raise(self, step: int, kind: AlarmKind, *numbers: float, about: str = "") -> None:
        concerned = (about,) if about else ()
        if all((alarm.kind, alarm.about) != (kind, concerned) for alarm in self.raised):
            self.raised.append(
                Alarm(
                    kind=kind,
                    step=step,
                    about=concerned,
                    numbers=tuple(min(number, float_info.max) for number in numbers),
                )
            )
