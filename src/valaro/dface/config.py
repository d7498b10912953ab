"""How a network of faces is trained: the settings, and their values as a user writes them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from valaro.errors import ValaroError, all_at_once
from valaro.features.densenet_graph import DFACE, DenseShape
from valaro.training.config import DeviceName

LrSchedule = Literal["cosine", "steps"]
"""`steps`: a tenth from half of the training on, a hundredth from three quarters on (Huang et al. 2017)."""

_WARM_UP = 0.05
_STEPS = ((0.75, 0.01), (0.5, 0.1))

_NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_BelowOne = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True, kw_only=True)
class FaceAugmentation:
    """How far a picture may be changed in training; half of all pictures are also mirrored."""

    shift: _NotNegative = 0.08
    """Part of its side."""
    rotation: _NotNegative = 15.0
    """Degrees."""
    scale: _BelowOne = 0.1
    """Part of its size."""
    contrast: _BelowOne = 0.2
    """Part of its contrast."""
    brightness: _NotNegative = 0.3
    """Standard deviations of the training set's grey values."""
    erased: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest side of a square that is blanked with the mean (random erasing: Zhong et al. 2020)."""


@dataclass(frozen=True, kw_only=True)
class FaceNetworkConfig:
    """Stochastic gradient descent with Nesterov's momentum of 0.9, as DenseNet was trained, for fewer epochs.

    The published settings are 300 epochs, `lr_schedule = "steps"`, `weight_decay = 1e-4`, `label_smoothing = 0`.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    epochs: Annotated[int, Field(ge=1)] = 40
    """Times that every picture is seen."""
    batch_size: Annotated[int, Field(ge=2)] = 64
    """Pictures per update."""
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    """The highest learning rate."""
    lr_schedule: LrSchedule = "cosine"
    """How the rate falls."""
    weight_decay: _NotNegative = 5e-4
    """The optimiser's L2 penalty, on all weights."""
    label_smoothing: _BelowOne = 0.1
    """Share of each target that is spread evenly over the classes."""
    ema_decay: _BelowOne = 0.0
    """Of the averaged weights that are evaluated and kept; 0: those of the last update."""
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Of each class, for validation where no such pictures are given (None: 0.1)."""
    device: DeviceName = "cpu"
    """What trains: the processor, or a GPU."""
    shape: DenseShape = DFACE
    """Growth and depth."""
    augmentation: FaceAugmentation = FaceAugmentation()

    def lr_at(self, done: float) -> float:
        """Return the learning rate when the part `done` (0-1) of the training is over.

        >>> config = FaceNetworkConfig(lr_schedule="steps")
        >>> [round(config.lr_at(done), 6) for done in (0.0, 0.49, 0.5, 0.75)]
        [0.1, 0.1, 0.01, 0.001]
        >>> [round(FaceNetworkConfig().lr_at(done), 6) for done in (0.025, 0.05, 0.525, 1.0)]
        [0.05, 0.1, 0.05, 0.0]
        """
        if self.lr_schedule == "steps":
            return self.lr * next((factor for since, factor in _STEPS if done >= since), 1.0)
        if done < _WARM_UP:
            return self.lr * done / _WARM_UP
        return self.lr * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP))) / 2


def checked_config(values: Mapping[str, Any]) -> FaceNetworkConfig:
    """Return the settings with these values.

    Raises:
        ValaroError: an unknown name or a wrong value; all of them at once.
    """
    try:
        return TypeAdapter(FaceNetworkConfig).validate_python(values)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))} = {fault['input']}: {fault['msg'].replace('Input', 'it')}"
            for fault in error.errors()
        ]
        raise (ValaroError(faults[0]) if faults[1:] == [] else all_at_once("wrong settings:", faults)) from None


def config_from(changes: Iterable[str]) -> FaceNetworkConfig:
    """Return the settings with what `name=value` changes; ValaroError as `checked_config` raises it.

    >>> config_from(["epochs=2", "augmentation.erased=0.3"]).augmentation.erased
    0.3
    """
    values: dict[str, Any] = {}
    for change in changes:
        name, has_value, value = change.partition("=")
        if not has_value:
            raise ValaroError(f"'{change}': expected name=value, as in lr=0.05")
        *sections, last = name.strip().split(".")
        inner = values
        for section in sections:
            inner = inner.setdefault(section, {})
            if not isinstance(inner, dict):
                raise ValaroError(f"'{change}': '{section}' is no section")
        inner[last] = value.strip()
    return checked_config(values)
