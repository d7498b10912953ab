"""The best weights so far on one set of validation data."""

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Float
from torch import Tensor

from valaro.training.ema import Network

Point = TypeVar("Point")


@dataclass(frozen=True, kw_only=True)
class Evaluation(Generic[Point]):
    """What validation data say of a network."""

    point: Point
    """A row of the training's history: a dataclass of numbers."""
    rank: tuple[float, float]
    """The higher, the better; the second number where the first ones are equal."""
    probabilities: Float[np.ndarray, "n 3"] | None = None
    """The answers of a network that tells levels apart, at which the monitor looks."""


Evaluate = Callable[[Network, int, Mapping[str, float]], Evaluation[Point]]
"""(network, updates so far, mean losses since the last time) -> what validation data say of it."""


class BestModel(Generic[Network, Point]):
    """Evaluates a network now and then and keeps the weights that rank highest.

    After `patience` evaluations without a better one it looks no more (0: it always looks). `kind` is that of the
    points of its history.
    """

    def __init__(self, evaluate: Evaluate[Network, Point], kind: type[Point], *, patience: int = 0) -> None:
        self._evaluate = evaluate
        self._kind = kind
        self._patience = patience
        self._since = 0
        self._rank = (-math.inf, -math.inf)
        self._kept = 0
        self.weights: dict[str, Tensor] = {}
        self.step = 0
        self.history: list[Point] = []

    @property
    def point(self) -> Point:
        """The row of the history that is of the weights kept."""
        return self.history[self._kept]

    @property
    def should_stop(self) -> bool:
        """Whether it has lost its patience."""
        return 0 < self._patience <= self._since

    def reset_patience(self) -> None:
        """Begin a stage of a training: what came before does not count against it."""
        self._since = 0

    def evaluate(self, network: Network, step: int, losses: Mapping[str, float]) -> Float[np.ndarray, "n 3"] | None:
        """Evaluate, keep the weights if they are the best, and return the network's answers on levels."""
        evaluation = self._evaluate(network, step, losses)
        self.history.append(evaluation.point)
        self._since += 1
        if evaluation.rank > self._rank:
            self._rank, self._since, self.step = evaluation.rank, 0, step
            self._kept = len(self.history) - 1
            self.weights = {name: value.clone() for name, value in network.state_dict().items()}
        return evaluation.probabilities

    def network(self, like: Network) -> Network:
        """Return the best network, no longer in training, on the device of `like`, which has its shape."""
        best = deepcopy(like).requires_grad_(False)
        best.load_state_dict(self.weights)
        return best

    def state_dict(self) -> dict[str, Any]:
        return {
            "since": self._since,
            "rank": [value if math.isfinite(value) else None for value in self._rank],
            "kept": self._kept,
            "weights": self.weights,
            "step": self.step,
            "history": [asdict(point) for point in self.history],  # pyright: ignore[reportArgumentType]
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        first, second = (-math.inf if value is None else value for value in state["rank"])
        self._rank = (first, second)
        self._since, self._kept, self.step = state["since"], state["kept"], state["step"]
        self.weights = dict(state["weights"])
        self.history = [self._kind(**point) for point in state["history"]]
