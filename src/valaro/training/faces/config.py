"""How a network of faces is trained."""

import math
from dataclasses import dataclass
from typing import Literal

from valaro.errors import ValaroError, all_at_once
from valaro.features.densenet_graph import DFACE, DenseShape
from valaro.training.runtime import DeviceName

Descent = Literal["cosine", "steps"]
"""`steps`: a tenth from half of the training on, a hundredth from three quarters on (Huang et al. 2017)."""

_WARM_UP = 0.05
_STEPS = ((0.75, 0.01), (0.5, 0.1))


@dataclass(frozen=True, kw_only=True)
class FaceAugmentation:
    """How far a picture may be moved in training: parts of its side, degrees, parts of its size, of its contrast.

    `brightness` is in deviations of the training set's grey values; half of all pictures are also mirrored. `erased`
    is the largest side of a square that is blanked with the mean (random erasing: Zhong et al. 2020).
    """

    shift: float = 0.08
    rotation: float = 15.0
    scale: float = 0.1
    contrast: float = 0.2
    brightness: float = 0.3
    erased: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FacePlan:
    """Stochastic gradient descent with Nesterov's momentum of 0.9, as DenseNet was trained; `epochs` decide the time.

    Beside the published settings (300 epochs, `lr_schedule = steps`, weight decay 1e-4, no smoothing) are those for few
    epochs: a rate that falls from the beginning, more decay, softened targets. `average` is the decay of the averaged
    weights that are judged and kept (0: those of the last update); `device` is what trains.
    """

    epochs: int = 40
    batch: int = 64
    rate: float = 0.1
    lr_schedule: Descent = "cosine"
    weight_decay: float = 5e-4
    smoothing: float = 0.1
    average: float = 0.0
    device: DeviceName = "cpu"
    shape: DenseShape = DFACE
    variation: FaceAugmentation = FaceAugmentation()

    def __post_init__(self) -> None:
        wanted = {
            f"epochs {self.epochs}: expected at least 1": self.epochs >= 1,
            f"batch {self.batch}: expected at least 2 pictures": self.batch >= 2,
            f"rate {self.rate:g}: expected more than 0": 0 < self.rate < math.inf,
            f"weight decay {self.weight_decay:g}: expected at least 0": 0 <= self.weight_decay < math.inf,
            f"smoothing {self.smoothing:g}: expected at least 0 and less than 1": 0 <= self.smoothing < 1,
            f"average {self.average:g}: expected at least 0 and less than 1": 0 <= self.average < 1,
            f"erased {self.variation.erased:g}: expected 0 to 1": 0 <= self.variation.erased <= 1,
        }
        faults = [fault for fault, holds in wanted.items() if not holds]
        if faults:
            raise (
                ValaroError(faults[0]) if len(faults) == 1 else all_at_once("the training cannot be as asked:", faults)
            )

    def rate_at(self, done: float) -> float:
        """Return the learning rate when the part `done` (0-1) of the training is over.

        >>> plan = FacePlan(descent="steps")
        >>> [round(plan.rate_at(done), 6) for done in (0.0, 0.49, 0.5, 0.75)]
        [0.1, 0.1, 0.01, 0.001]
        >>> [round(FacePlan().rate_at(done), 6) for done in (0.025, 0.05, 0.525, 1.0)]
        [0.05, 0.1, 0.05, 0.0]
        """
        if self.lr_schedule == "steps":
            return self.rate * next((factor for since, factor in _STEPS if done >= since), 1.0)
        if done < _WARM_UP:
            return self.rate * done / _WARM_UP
        return self.rate * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP))) / 2
