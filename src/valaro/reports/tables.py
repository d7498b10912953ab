"""From trainings to the rows of a report's results: scores with intervals, folds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from valaro.evaluation.scores import Scores, confusion_matrix, join_predictions, score
from valaro.evaluation.significance import Interval
from valaro.records import DIMENSIONS, LEVELS, Dimension, FoldResult, RunRecord
from valaro.reports.alarms import AlarmRow, alarm_rows
from valaro.reports.comparisons import Difference, differences
from valaro.reports.contenders import Contender, contenders_of, labels_of


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
    def chosen(self) -> str:
        """Of `auto`: whom validation chose, and how often; empty for a model."""
        times = Counter(result.chosen for result in self.contender.results if result.chosen)
        return ", ".join(f"{model} {count} x" for model, count in times.most_common())

    @property
    def deviation(self) -> float:
        """Standard deviation of the UAR over trainings."""
        return deviation_of(self.fold_uars)

    @property
    def recalls(self) -> tuple[float | None, ...]:
        """Recall a level over all test utterances together; None where nobody had that level."""
        rows = self.matrix.sum(1)
        return tuple(float(self.matrix[k, k] / rows[k]) if rows[k] else None for k in range(len(LEVELS)))


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


def deviation_of(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample, NaN of a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def dimension_results(runs: Sequence[RunRecord]) -> tuple[DimensionResults, ...]:
    """Return the results of each dimension that the runs judged, the highest UAR first."""
    found: list[DimensionResults] = []
    labels = labels_of(runs)
    for dimension in DIMENSIONS:
        contenders = contenders_of(runs, labels, dimension)
        rows = sorted(map(_model_row, contenders), key=lambda row: (-row.uar.value, row.contender.label))
        if not rows:
            continue
        folds = [fold for row in rows for fold in _fold_rows(row.contender)]
        found.append(
            DimensionResults(
                dimension=dimension,
                rows=tuple(rows),
                differences=differences([row.contender for row in rows]),
                folds=tuple(folds),
                chance=float(np.mean([1 / (len(LEVELS) - len(fold.test.absent)) for fold in folds])),
                incomplete=sum(bool(fold.test.absent) for fold in folds),
            )
        )
    return tuple(found)


def without_repeats(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the runs without the trainings that an earlier one has to the last digit, as studies of one plan do.

    Such a training is one piece of evidence, not two; where a table of the paper asks for it, it is there all the same.
    """
    seen: set[tuple[object, ...]] = set()
    found: list[RunRecord] = []
    for run in runs:
        told = {(run.speaker_normalised, *_told(result)): result for result in run.results}
        found.append(replace(run, results=tuple(result for key, result in told.items() if key not in seen)))
        seen |= told.keys()
    return found


def distinct_results(
    runs: Sequence[RunRecord], results: Sequence[DimensionResults]
) -> tuple[Sequence[RunRecord], Sequence[DimensionResults]]:
    """Return runs and results without repeats; `results` are those of all, and computed anew only if there are any."""
    distinct = without_repeats(runs)
    if sum(len(run.results) for run in distinct) == sum(len(run.results) for run in runs):
        return runs, results
    return distinct, dimension_results(distinct)


def _told(result: FoldResult) -> tuple[object, ...]:
    """Return what makes a training the same as another one: all that it was, and all that it said of the test."""
    about = (result.model, result.dimension, result.fold, result.seed, result.labelled, result.unlabelled)
    return (*about, result.test.ids, result.test.probabilities.tobytes())


def alarms_of(results: Sequence[DimensionResults]) -> tuple[AlarmRow, ...]:
    """Return what the trainings of every model on every dimension raised."""
    contenders = [row.contender for one in results for row in one.rows]
    return alarm_rows((c.label, result.dimension, result.alarms) for c in contenders for result in c.results)


def _model_row(contender: Contender) -> ModelRow:
    results = contender.results
    tests = [result.test for result in results]
    uars = [score(test).uar for test in tests]
    seeds = sorted({result.seed for result in results})
    validations = [v for v in map(_validation_uar, results) if v is not None]
    joined = join_predictions(tests)
    return ModelRow(
        contender=contender,
        uar=contender.resamples.interval("uar"),
        f1=contender.resamples.interval("f1"),
        macro_f1=contender.resamples.interval("macro_f1"),
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
