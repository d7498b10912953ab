"""The models of the runs by the names that they carry through the page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from valaro.evaluation.scores import score
from valaro.evaluation.significance import Resamples
from valaro.records import DIMENSIONS, Dimension, FoldResult, RunRecord


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """One model on one dimension: its name on the page, its trainings in order, and the runs (by number) that have it.

    Runs of one plan share trainings to the last digit. Such a training is one piece of evidence, not two.
    """

    label: str
    colour: int
    runs: tuple[int, ...]
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
    def unvaried(self) -> str:
        """Its name without the values that the study varies."""
        return self.results[0].unvaried or self.model

    @property
    def varied(self) -> tuple[tuple[str, str], ...]:
        return self.results[0].varied

    @property
    def is_semi_supervised(self) -> bool:
        return self.results[0].is_semi_supervised

    @property
    def is_linear(self) -> bool:
        return self.results[0].is_linear


def model_results(runs: Sequence[RunRecord]) -> dict[Dimension, tuple[ModelResult, ...]]:
    """Return the models that were judged on each dimension; one that runs share to the last digit stands once.

    A model is named by itself where that is clear, else with its run's name, else with its run's number.
    """
    shared = {key: numbers for key, numbers in _sharing(runs).items() if key[0] == numbers[0]}
    labels = _labels(runs, list(shared))
    colours = {key: colour for colour, key in enumerate(labels)}
    return {
        dimension: tuple(
            ModelResult(
                label=label,
                colour=colours[number, model],
                runs=shared[number, model, dimension],
                results=_results(runs[number], model, dimension),
                speaker_normalised=runs[number].speaker_normalised,
            )
            for (number, model), label in labels.items()
            if (number, model, dimension) in shared
        )
        for dimension in DIMENSIONS
    }


def trainings(runs: Sequence[RunRecord]) -> int:
    """Return the number of trainings, each once however many runs have it."""
    return len({_evidence(run, result) for run in runs for result in run.results})


_Key = tuple[int, str, Dimension]


def _sharing(runs: Sequence[RunRecord]) -> dict[_Key, tuple[int, ...]]:
    """Return which runs have each run's model on a dimension, with the same trainings and answers, that one too."""
    by_evidence: dict[tuple[object, ...], list[_Key]] = {}
    for number, run in enumerate(runs):
        judged: dict[tuple[str, Dimension], None] = {(result.model, result.dimension): None for result in run.judged}
        for model, dimension in judged:
            evidence = frozenset(_evidence(run, result) for result in _results(run, model, dimension))
            by_evidence.setdefault((dimension, evidence), []).append((number, model, dimension))
    return {key: tuple(number for number, _, _ in keys) for keys in by_evidence.values() for key in keys}


def _evidence(run: RunRecord, result: FoldResult) -> tuple[object, ...]:
    """Return what makes a training the same as another one: all that it was, and all that it said of the test.

    Not its label: where a study varies the features, a fused model has them behind its name.
    """
    model = (result.method, result.features, result.varied)
    about = (run.speaker_normalised, *model, result.dimension, result.fold, result.seed)
    used = (result.labelled, result.unlabelled, result.shuffled)
    return (*about, *used, result.test.ids, result.test.probabilities.tobytes())


def _results(run: RunRecord, model: str, dimension: Dimension) -> tuple[FoldResult, ...]:
    results = [result for result in run.judged if (result.model, result.dimension) == (model, dimension)]
    return tuple(sorted(results, key=lambda result: (result.fold, result.seed)))


def _labels(runs: Sequence[RunRecord], judged: Sequence[_Key]) -> dict[tuple[int, str], str]:
    by_test = Counter((model, dimension) for _, model, dimension in judged)
    keys = sorted({(number, model) for number, model, _ in judged})
    shared = {(number, model) for number, model, dimension in judged if by_test[model, dimension] > 1}
    named = {key: f"{key[1]} ({runs[key[0]].name})" if key in shared else key[1] for key in keys}
    taken = Counter(named[key] for key in keys if key in shared)
    return {key: f"{label} [{key[0] + 1}]" if taken[label] > 1 else label for key, label in named.items()}
