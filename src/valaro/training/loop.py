"""A training under way: all in it that moves, its updates, its evaluations, and what it leaves on disk."""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any, Generic, TypeVar

from torch import Tensor

from valaro.training.best_model import BestModel, Point
from valaro.training.checkpointer import Checkpointer, CheckpointPaths
from valaro.training.ema import EMA, Network
from valaro.training.loss_log import ADVICE, LossLog, broke_down
from valaro.training.monitor import TrainingMonitor
from valaro.training.state import Part

P = TypeVar("P", bound=Part)
NOWHERE = CheckpointPaths()


class TrainingLoop(Generic[Network]):
    """Counts the updates of `network` and does after each what every training needs.

    Whatever moves is registered where it is made, under a name of its own, before the first update: a checkpoint holds
    all that is registered, and one that holds other names is refused. `bests` may be several: the same training then
    serves several sets of validation data, none of which has any influence on what another one sees.
    """

    ema: EMA[Network]
    """Begins with the first update, from the weights at that time."""

    def __init__(
        self,
        network: Network,
        *,
        steps: int,
        evaluate_every: int,
        ema_decay: float,
        stage: str = "training",
        paths: CheckpointPaths = NOWHERE,
        advice: str = ADVICE,
    ) -> None:
        self._parts: dict[str, Part] = {}
        self._network = network
        self._steps, self._evaluate_every, self._ema_decay = steps, evaluate_every, ema_decay
        self._paths, self._advice = paths, advice
        self._earlier = self._done = 0
        self.bests: list[BestModel[Network, Any]] = []
        self._begin(stage)
        self.register("network", network)
        self.monitor = self.register("monitor", TrainingMonitor())

    @property
    def done(self) -> int:
        """Updates so far, those of earlier stages among them."""
        return self._earlier + self._done

    def register(self, name: str, part: P) -> P:
        """Return `part`, whose state is from now on part of the training's.

        A later stage may take something new for an earlier one's part. What is registered once updates have begun would
        not get its state back.
        """
        if self._has_begun or name in self._registered:
            raise RuntimeError(f"'{name}' is registered {'after the first update' if self._has_begun else 'twice'}")
        self._registered.add(name)
        self._parts[name] = part
        return part

    def validate(self, best: BestModel[Network, Point]) -> BestModel[Network, Point]:
        """Let `best` evaluate the network, too, and return it."""
        self.bests.append(self.register(f"best {len(self.bests)}", best))
        return best

    def next_stage(self, stage: str) -> "TrainingLoop[Network]":
        """Return the loop of what builds on this one's end, which is saved; it counts the updates on."""
        self._checkpointer.save(self._parts, now=True)
        later = copy(self)
        later._parts = dict(self._parts)  # noqa: SLF001 - its own
        later._earlier, later._done = self.done, 0  # noqa: SLF001
        later._begin(stage)  # noqa: SLF001
        return later

    def steps(self) -> Iterator[int]:
        """Yield 0, 1, ... for each update to be made, or go on where a killed training was."""
        self.ema = self.register("ema", EMA(self._network, decay=self._ema_decay))
        for best in self.bests:
            best.reset_patience()
        self._has_begun = True
        self._checkpointer.restore(self._parts)
        while self._done < self._steps and not (self.bests and all(best.should_stop for best in self.bests)):
            yield self._done
            self._done += 1
            self._checkpointer.save(self._parts)
        self._loss_log.flush()

    def after_step(self, losses: Mapping[str, Tensor], judged: Mapping[str, Tensor] | None = None) -> bool:
        """Take an update in: its losses, the weights after it; return whether an evaluation followed.

        `judged` are features of this step's batch by what they are of (`real`, `generated`): the monitor looks at them.
        """
        step = self._done + 1
        self._loss_log.log(step, losses)
        self.ema.update()
        if step % self._evaluate_every and step != self._steps:
            return False
        self._loss_log.flush()
        if not self.ema.is_finite():
            # The losses were taken before the update that broke the weights.
            raise broke_down(step, "the weights are not finite numbers after it", self._advice)
        window = self._loss_log.losses_since()
        means = {name: sum(values) / len(values) for name, values in window.items()}
        total = self._earlier + step
        answers = [best.evaluate(self.ema.network, total, means) for best in self.bests if not best.should_stop]
        self.monitor.check(total, window, [answer for answer in answers if answer is not None], judged or {})
        return True

    def state_dict(self) -> dict[str, int]:
        return {"done": self._done}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        self._done = state["done"]

    def _begin(self, stage: str) -> None:
        self._registered: set[str] = set()
        self._has_begun = False
        self._checkpointer = Checkpointer(self._paths.state(stage), seconds=self._paths.seconds)
        self._loss_log = self.register("losses", LossLog(self._paths.losses(stage), advice=self._advice))
        self.register("updates", self)
