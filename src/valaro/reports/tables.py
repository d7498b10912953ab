"""From trainings to the rows of a report's results: scores with intervals, differences, folds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float

from valaro.evaluation.scores import Metric, Scores, confusion_matrix, join_predictions, score
from valaro.evaluation.significance import Interval, bootstrap_interval, paired_difference
from valaro.records import DIMENSIONS, LEVELS, Dimension, FoldResult, Predictions, RunRecord


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One model of one run on one dimension: the name it carries through the page, and its trainings in order."""

    label: str
    colour: int
    results: tuple[FoldResult, ...]
    speaker_normalised: bool


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A contender's line in the results; scores 0-1, `seconds` of all trainings together."""

    contender: Contender
    uar: Interval
    f1: Interval
    macro_f1: Interval
    fold_uars: tuple[float, ...]
    validation_uar: float | None
    seed_uars: tuple[float, ...]
    matrix: Float[np.ndarray, "3 3"]
    folds: int
    utterances: int
    speakers: int
    seconds: float

    @property
    def recalls(self) -> tuple[float | None, ...]:
        """Recall a level over all test utterances together; None where nobody had that level."""
        rows = self.matrix.sum(1)
        return tuple(float(self.matrix[k, k] / rows[k]) if rows[k] else None for k in range(len(LEVELS)))


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What `first` scores above `second` on the test utterances that both judged in the same fold and seed."""

    first: str
    second: str
    uar: Interval
    f1: Interval
    shared: int
    colour: int

    @property
    def name(self) -> str:
        return f"{self.first} − {self.second}"


@dataclass(frozen=True, kw_only=True)
class FoldRow:
    """One training's line; scores 0-1."""

    label: str
    result: FoldResult
    test: Scores
    validation_uar: float | None


@dataclass(frozen=True, kw_only=True)
class DimensionResults:
    """Everything the page says about one dimension; `chance` is the mean UAR of guessing over the test sets."""

    dimension: Dimension
    rows: tuple[ModelRow, ...]
    differences: tuple[Difference, ...]
    folds: tuple[FoldRow, ...]
    chance: float
    incomplete: int
    """Trainings whose test set lacks a level."""

    @property
    def speaker_normalised(self) -> tuple[str, ...]:
        """Name the models whose scale was set by the test speakers' own recordings."""
        return tuple(row.contender.label for row in self.rows if row.contender.speaker_normalised)


def dimension_results(runs: Sequence[RunRecord]) -> tuple[DimensionResults, ...]:
    """Return the results of each dimension that the runs judged, the highest UAR first."""
    found: list[DimensionResults] = []
    labels = _labels(runs)
    for dimension in DIMENSIONS:
        contenders = _contenders(runs, labels, dimension)
        rows = sorted(map(_model_row, contenders), key=lambda row: (-row.uar.value, row.contender.label))
        if not rows:
            continue
        folds = [fold for row in rows for fold in _fold_rows(row.contender)]
        found.append(
            DimensionResults(
                dimension=dimension,
                rows=tuple(rows),
                differences=_differences([row.contender for row in rows]),
                folds=tuple(folds),
                chance=float(np.mean([1 / (len(LEVELS) - len(fold.test.absent)) for fold in folds])),
                incomplete=sum(bool(fold.test.absent) for fold in folds),
            )
        )
    return tuple(found)


def _labels(runs: Sequence[RunRecord]) -> dict[tuple[int, str], str]:
    """Name each run's models: by the model alone where that is clear, else with the run's name, else its number."""
    keys = sorted({(number, result.model) for number, run in enumerate(runs) for result in run.results})
    models = [model for _, model in keys]
    named = {key: f"{key[1]} ({runs[key[0]].name})" if models.count(key[1]) > 1 else key[1] for key in keys}
    taken = list(named.values())
    return {key: f"{label} [{key[0] + 1}]" if taken.count(label) > 1 else label for key, label in named.items()}


def _contenders(
    runs: Sequence[RunRecord], labels: dict[tuple[int, str], str], dimension: Dimension
) -> tuple[Contender, ...]:
    contenders: list[Contender] = []
    for colour, ((number, model), label) in enumerate(labels.items()):
        chosen = [r for r in runs[number].results if (r.model, r.dimension) == (model, dimension)]
        chosen.sort(key=lambda result: (result.fold, result.seed))
        if chosen:
            normalised = runs[number].speaker_normalised
            contenders.append(
                Contender(label=label, colour=colour, results=tuple(chosen), speaker_normalised=normalised)
            )
    return tuple(contenders)


def _model_row(contender: Contender) -> ModelRow:
    results = contender.results
    tests = [result.test for result in results]
    uars = [score(test).uar for test in tests]
    seeds = sorted({result.seed for result in results})
    validations = [v for v in map(_validation_uar, results) if v is not None]
    joined = join_predictions(tests)
    return ModelRow(
        contender=contender,
        uar=bootstrap_interval(tests, "uar"),
        f1=bootstrap_interval(tests, "f1"),
        macro_f1=bootstrap_interval(tests, "macro_f1"),
        fold_uars=tuple(uars),
        validation_uar=float(np.mean(validations)) if validations else None,
        seed_uars=tuple(
            float(np.mean([u for u, r in zip(uars, results, strict=True) if r.seed == seed])) for seed in seeds
        ),
        matrix=confusion_matrix(joined),
        folds=len({result.fold for result in results}),
        utterances=len(set(joined.ids)),
        speakers=len(set(joined.speakers)),
        seconds=sum(result.seconds for result in results),
    )


def _fold_rows(contender: Contender) -> list[FoldRow]:
    return [
        FoldRow(label=contender.label, result=r, test=score(r.test), validation_uar=_validation_uar(r))
        for r in contender.results
    ]


def _validation_uar(result: FoldResult) -> float | None:
    return score(result.validation).uar if result.validation.ids else None


def _differences(contenders: Sequence[Contender]) -> tuple[Difference, ...]:
    found: list[Difference] = []
    for first, second in combinations(contenders, 2):
        pairs = _shared_tests(first.results, second.results)
        if not pairs:
            continue
        ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
        intervals = {metric: paired_difference(ours, theirs, metric) for metric in _PAIRED}
        found.append(
            Difference(
                first=first.label,
                second=second.label,
                uar=intervals["uar"],
                f1=intervals["f1"],
                shared=len(pairs),
                colour=first.colour,
            )
        )
    return tuple(found)


_PAIRED: tuple[Metric, ...] = ("uar", "f1")


def _shared_tests(first: Sequence[FoldResult], second: Sequence[FoldResult]) -> list[tuple[Predictions, Predictions]]:
    """Pair the tests of the same fold and seed, on the utterances that both judged."""
    theirs = {(result.fold, result.seed): result.test for result in second}
    pairs: list[tuple[Predictions, Predictions]] = []
    for result in first:
        other = theirs.get((result.fold, result.seed))
        shared = sorted(set(result.test.ids) & set(other.ids)) if other else []
        if other and shared:
            pairs.append((_only(result.test, shared), _only(other, shared)))
    return pairs


def _only(predictions: Predictions, ids: Sequence[str]) -> Predictions:
    place = {name: row for row, name in enumerate(predictions.ids)}
    rows = [place[name] for name in ids]
    return Predictions(
        ids=tuple(ids),
        speakers=tuple(predictions.speakers[row] for row in rows),
        probabilities=predictions.probabilities[rows],
        correct=predictions.correct[rows],
    )
