"""What the updates of every method work with."""

from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from valaro.networks.fusion import FeatureGenerator, FusionClassifier, FusionGenerator, generator_for
from valaro.training.augmentation import Augmentation
from valaro.training.batches import Batches
from valaro.training.config import LossWeights, Schedule
from valaro.training.loop import TrainingLoop
from valaro.training.rng import torch_stream

Source_co = TypeVar("Source_co", bound=Batches, covariant=True)


@dataclass(frozen=True, kw_only=True)
class TrainerContext(Generic[Source_co]):
    """A network to be trained, what it learns from, and how."""

    classifier: FusionClassifier
    batches: Source_co
    augment: Augmentation
    loop: TrainingLoop[FusionClassifier]
    schedule: Schedule
    terms: LossWeights
    seed: int

    @cached_property
    def generator(self) -> FusionGenerator | FeatureGenerator:
        """G for the classifier, where it lies: drawn when a method first asks for it."""
        drawn = generator_for(self.classifier, generator=torch_stream(self.seed, "generator weights"))
        return drawn.to(self.classifier.device)
