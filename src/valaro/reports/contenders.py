"""The models of the runs by the names that they carry through the page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from valaro.evaluation.scores import score
from valaro.evaluation.significance import Resamples
from valaro.records import Dimension, FoldResult, RunRecord


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One model of one run (by its number) on one dimension: its name on the page, and its trainings in order."""

    label: str
    colour: int
    run: int
    results: tuple[FoldResult, ...]
    speaker_normalised: bool

    @cached_property
    def resamples(self) -> Resamples:
        """All its tests, resampled once for every interval and pair of the page."""
        return Resamples([result.test for result in self.results])

    @cached_property
    def validation_uar(self) -> float:
        """Mean UAR on the validation utterances, 0 where none were kept."""
        kept = [score(result.validation).uar for result in self.results if result.validation.ids]
        return sum(kept) / len(kept) if kept else 0.0

    @property
    def model(self) -> str:
        return self.results[0].model

    @property
    def method(self) -> str:
        return self.results[0].method

    @property
    def features(self) -> tuple[str, ...]:
        return self.results[0].features

    @property
    def varied(self) -> tuple[tuple[str, str], ...]:
        return self.results[0].varied

    @property
    def uses_pool(self) -> bool:
        return self.results[0].uses_pool

    @property
    def is_linear(self) -> bool:
        return self.results[0].is_linear


def labels_of(runs: Sequence[RunRecord]) -> dict[tuple[int, str], str]:
    """Name each run's models: by the model alone where that is clear, else with the run's name, else its number.

    It is clear where no other run judged that model on the same dimension.
    """
    judged = {(number, result.model, result.dimension) for number, run in enumerate(runs) for result in run.judged}
    keys = sorted({(number, model) for number, model, _ in judged})
    by_test = Counter((model, dimension) for _, model, dimension in judged)
    shared = {(number, model) for number, model, dimension in judged if by_test[model, dimension] > 1}
    named = {key: f"{key[1]} ({runs[key[0]].name})" if key in shared else key[1] for key in keys}
    taken = Counter(named[key] for key in keys if key in shared)
    return {key: f"{label} [{key[0] + 1}]" if taken[label] > 1 else label for key, label in named.items()}


def contenders_of(
    runs: Sequence[RunRecord], labels: dict[tuple[int, str], str], dimension: Dimension
) -> tuple[Contender, ...]:
    """Return the models that were judged on `dimension`."""
    contenders: list[Contender] = []
    for colour, ((number, model), label) in enumerate(labels.items()):
        chosen = [r for r in runs[number].judged if (r.model, r.dimension) == (model, dimension)]
        chosen.sort(key=lambda result: (result.fold, result.seed))
        if chosen:
            contenders.append(
                Contender(
                    label=label,
                    colour=colour,
                    run=number,
                    results=tuple(chosen),
                    speaker_normalised=runs[number].speaker_normalised,
                )
            )
    return tuple(contenders)
