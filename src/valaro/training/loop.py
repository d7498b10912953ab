"""A training under way: its steps, its averaged classifier, what validation likes best, what it leaves on disk."""

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from valaro.networks.fusion import ClassifierOutput, FusionClassifier
from valaro.training.best_model import BestModel
from valaro.training.checkpointer import Checkpointer
from valaro.training.config import Schedule
from valaro.training.ema import EMA
from valaro.training.loss_log import LossLog, broke_down
from valaro.training.monitor import TrainingMonitor
from valaro.training.state import Part


class TrainingLoop:
    """Counts the steps of one loop and does after each what every loop needs.

    `bests` may be several: the same training then serves several sets of validation speakers, none of which has any
    influence on what another one sees. The end of a stage is kept too: what follows builds on it. A stage that comes
    `after` another goes on with what validation liked best and with the alarms so far, and counts its steps on.
    """

    def __init__(
        self,
        classifier: FusionClassifier,
        bests: Sequence[BestModel],
        *,
        schedule: Schedule,
        loss_log: LossLog,
        checkpointer: Checkpointer,
        is_stage: bool = False,
        after: "TrainingLoop | None" = None,
    ) -> None:
        self.ema: EMA[FusionClassifier] = EMA(classifier, decay=schedule.ema_decay)
        self.bests = tuple(bests)
        self.monitor = after.monitor if after else TrainingMonitor()
        self.taken = self._earlier = after.taken if after else 0
        self._classifier = classifier
        self._schedule = schedule
        self._journal = loss_log
        self._keeper = checkpointer
        self._is_stage = is_stage

    def steps(self, **parts: Part) -> Iterator[int]:
        """Yield 0, 1, ... up to the schedule's steps, or from where a killed training was; `parts` is all it moves."""
        parts |= {"classifier": self._classifier, "averages": self.ema, "alarms": self.monitor}
        parts |= {f"best {index}": best for index, best in enumerate(self.bests)}
        parts |= {"journal": self._journal}
        for best in self.bests:
            best.be_patient_again()
        done = self._keeper.restore(parts)
        while done < self._schedule.steps and not self._has_settled():
            yield done
            done += 1
            self._keeper.save(done, parts)
        self._journal.flush()
        self._keeper.save(done, parts, now=self._is_stage)
        self.taken = self._earlier + done

    def _has_settled(self) -> bool:
        return bool(self.bests) and all(best.has_settled for best in self.bests)

    def after_step(
        self, step: int, losses: Mapping[str, Tensor], judged: Mapping[str, ClassifierOutput] | None = None
    ) -> None:
        """Take update `step` (from 0) in: losses, weights, and an evaluation when it is time.

        `judged` is this step's batch by what it is of (`real`, `generated`): the alarms look at its features.
        """
        done = step + 1
        self._journal.log(done, losses)
        self.ema.update(self._classifier)
        if done % self._schedule.evaluate_every and done != self._schedule.steps:
            return
        if not self.ema.are_finite():
            # The losses were taken before the update that broke the weights.
            self._journal.flush()
            raise broke_down(done, "the weights are not finite numbers after it")
        window = self._journal.losses_since()
        means = {name: sum(values) / len(values) for name, values in window.items()}
        total = self._earlier + done
        answers = [best.evaluate(self.ema.classifier, total, means) for best in self.bests if not best.has_settled]
        features = {name: output.embedding.detach() for name, output in (judged or {}).items()}
        self.monitor.check(total, window, answers, features)
