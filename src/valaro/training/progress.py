"""A training under way: its steps, its averaged classifier, what validation likes best, what it leaves on disk."""

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from valaro.networks.fusion import FusionClassifier, Judgement
from valaro.training.alarms import Alarms
from valaro.training.averages import Averages
from valaro.training.best_model import BestModel
from valaro.training.journal import Journal, broke_down
from valaro.training.keeper import Keeper
from valaro.training.plans import Schedule
from valaro.training.state import Part


class Progress:
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
        journal: Journal,
        keeper: Keeper,
        is_stage: bool = False,
        after: "Progress | None" = None,
    ) -> None:
        self.averages: Averages[FusionClassifier] = Averages(classifier, decay=schedule.average)
        self.bests = tuple(bests)
        self.alarms = after.alarms if after else Alarms()
        self.taken = self._earlier = after.taken if after else 0
        self._classifier = classifier
        self._schedule = schedule
        self._journal = journal
        self._keeper = keeper
        self._is_stage = is_stage

    def steps(self, **parts: Part) -> Iterator[int]:
        """Yield 0, 1, ... up to the schedule's steps, or from where a killed training was; `parts` is all it moves."""
        parts |= {"classifier": self._classifier, "averages": self.averages, "alarms": self.alarms}
        parts |= {f"best {place}": best for place, best in enumerate(self.bests)}
        parts |= {"journal": self._journal}
        for best in self.bests:
            best.be_patient_again()
        done = self._keeper.resume(parts)
        while done < self._schedule.steps and not self._has_settled():
            yield done
            done += 1
            self._keeper.keep(done, parts)
        self._journal.flush()
        self._keeper.keep(done, parts, now=self._is_stage)
        self.taken = self._earlier + done

    def _has_settled(self) -> bool:
        return bool(self.bests) and all(best.has_settled for best in self.bests)

    def follow(self, step: int, losses: Mapping[str, Tensor], judged: Mapping[str, Judgement] | None = None) -> None:
        """Take update `step` (from 0) in: losses, weights, and an evaluation when it is time.

        `judged` is this step's batch by what it is of (`real`, `generated`): the alarms look at its features.
        """
        done = step + 1
        self._journal.note(done, losses)
        self.averages.follow(self._classifier)
        if done % self._schedule.evaluate_every and done != self._schedule.steps:
            return
        if not self.averages.are_finite():
            # The losses were taken before the update that broke the weights.
            self._journal.flush()
            raise broke_down(done, "the weights are not finite numbers after it")
        window = self._journal.window()
        means = {name: sum(values) / len(values) for name, values in window.items()}
        total = self._earlier + done
        answers = [best.evaluate(self.averages.classifier, total, means) for best in self.bests if not best.has_settled]
        features = {name: one.learnt.detach() for name, one in (judged or {}).items()}
        self.alarms.look(total, window, answers, features)
