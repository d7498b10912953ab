"""How long trainings take on a processor, for whoever waits to know before they begin."""

from collections.abc import Sequence
from dataclasses import dataclass

from valaro.store.feature_store import FeatureStore
from valaro.training.config import TrainConfig
from valaro.training.methods import METHODS, ModelSpec

SECONDS_AN_UPDATE = 49.5
"""Of MSSGAN in preset `paper`, voice and face, on two cores with AVX512 (docs/results/training_step.md)."""

_CHANNELS, _BATCH, _PASSES = 128 + 342, 64, 5
"""That update's channels of voice and face, samples a batch, and batches that go through the classifier and back."""

WORTH_SAYING = 3600.0
"""Seconds of a training from which somebody should know beforehand."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A training to come: its model's label, its updates, and about how many seconds one takes (0: no matter)."""

    label: str
    updates: int
    seconds_an_update: float

    @property
    def seconds(self) -> float:
        return self.updates * self.seconds_an_update


def expected(spec: ModelSpec, store: FeatureStore, config: TrainConfig) -> Expected:
    """Return about how long the candidate trains on a processor: in the image layout, the others take minutes.

    The work grows with the square of the width, and with channels, samples a batch, and passes of the classifier.
    """
    method, schedule = METHODS[spec.method], config.schedule
    is_slow = config.layout == "image" and schedule.device == "cpu" and not method.is_linear
    channels = sum(store.dim(name) for name in spec.features)
    size = config.width**2 * (channels / _CHANNELS) * (schedule.batch_size / _BATCH) * (method.passes / _PASSES)
    return Expected(
        label=spec.label,
        updates=schedule.steps,
        seconds_an_update=SECONDS_AN_UPDATE * size if is_slow else 0.0,
    )


def slow_words(trainings: Sequence[Expected]) -> tuple[str, ...]:
    """Return a warning with an estimate where a training takes more than an hour; nothing where none does."""
    slowest = max(trainings, key=lambda training: training.seconds, default=None)
    if slowest is None or slowest.seconds < WORTH_SAYING:
        return ()
    together = sum(training.seconds for training in trainings)
    total = f"; all {len(trainings)} trainings one after the other: {_about(together)}" if len(trainings) > 1 else ""
    return (
        f"on a processor {slowest.label} trains for {_about(slowest.seconds)} ({slowest.updates:,} updates of "
        f"about {slowest.seconds_an_update:.1f} s, by what was measured on two cores){total}. "
        'training.device = "cuda" trains on a GPU; study.preset = "default" takes minutes',
    )


def _about(seconds: float) -> str:
    """Return `about 11 days`, or hours below two days.

    >>> _about(990_000), _about(90_000)
    ('about 11 days', 'about 25 hours')
    """
    days = seconds / 86_400
    return f"about {days:,.0f} days" if days >= 2 else f"about {seconds / 3600:.0f} hours"
