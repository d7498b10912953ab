"""From trainings to the rows of a report's results: scores with intervals, folds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from valaro.analysis.alarms import AlarmRow, alarm_rows
from valaro.analysis.differences import Difference, differences
from valaro.analysis.model_results import ModelResult, model_results
from valaro.evaluation.interval import Interval
from valaro.evaluation.scores import Scores, confusion_matrix, join_predictions, score
from valaro.records import LEVELS, Dimension, FoldResult, RunRecord


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model's line in the results; scores 0-1, `seconds` of all trainings together.

    `chance` is the mean UAR of guessing over its own tests, where a level may be missing; `lacking` counts the
    trainings that another model of the run has and it has not.
    """

    model_result: ModelResult
    uar: Interval
    chance: float
    lacking: int
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
        times = Counter(result.chosen for result in self.model_result.results if result.chosen)
        return ", ".join(f"{model} {count} x" for model, count in times.most_common())

    @cached_property
    def tested(self) -> frozenset[str]:
        """The ids of the utterances that it judged."""
        return frozenset(name for result in self.model_result.results for name in result.test.ids)

    @property
    def beats_guessing(self) -> bool:
        """Whether the whole interval lies above chance, by more than rounding."""
        return self.uar.low > self.chance + 1e-9

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
    """Everything the page says about one dimension; the first of the `rows` has the highest UAR."""

    dimension: Dimension
    rows: tuple[ModelRow, ...]
    differences: tuple[Difference, ...]
    folds: tuple[FoldRow, ...]
    incomplete: int
    """Trainings whose test set lacks a level."""

    @property
    def chance(self) -> float:
        """What guessing gives on the tests of the first row."""
        return self.rows[0].chance

    @property
    def speaker_normalised(self) -> tuple[str, ...]:
        """Name the models whose scale was set by the test speakers' own recordings."""
        return tuple(row.model_result.label for row in self.rows if row.model_result.speaker_normalised)


def deviation_of(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample, NaN of a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def dimension_results(runs: Sequence[RunRecord]) -> tuple[DimensionResults, ...]:
    """Return the results of each dimension that the runs judged, the highest UAR first.

    A model that lacks trainings which others of its run have comes after those that do not: what it was spared may be
    what is hard.
    """
    results: list[DimensionResults] = []
    for dimension, models in model_results(runs).items():
        most = {run: max(len(m.results) for m in models if run in m.runs) for model in models for run in model.runs}
        rows = [_model_row(model, lacking=most[model.runs[0]] - len(model.results)) for model in models]
        rows.sort(key=lambda row: (row.lacking > 0, -row.uar.value, row.model_result.label))
        if not rows:
            continue
        folds = [fold for row in rows for fold in _fold_rows(row.model_result)]
        results.append(
            DimensionResults(
                dimension=dimension,
                rows=tuple(rows),
                differences=differences([row.model_result for row in rows]),
                folds=tuple(folds),
                incomplete=sum(bool(fold.test.absent) for fold in folds),
            )
        )
    return tuple(results)


def alarms_of(results: Sequence[DimensionResults]) -> tuple[AlarmRow, ...]:
    """Return what the trainings of every model on every dimension raised."""
    models = [row.model_result for item in results for row in item.rows]
    return alarm_rows((model.label, result.dimension, result.alarms) for model in models for result in model.results)


def _model_row(model_result: ModelResult, *, lacking: int) -> ModelRow:
    results = model_result.results
    tests = [result.test for result in results]
    scores = [score(test) for test in tests]
    uars = [own.uar for own in scores]
    seeds = sorted({result.seed for result in results})
    validations = [v for v in map(_validation_uar, results) if v is not None]
    joined = join_predictions(tests)
    return ModelRow(
        model_result=model_result,
        uar=model_result.resamples.interval("uar"),
        chance=float(np.mean([1 / (len(LEVELS) - len(own.absent)) for own in scores])),
        lacking=lacking,
        f1=model_result.resamples.interval("f1"),
        macro_f1=model_result.resamples.interval("macro_f1"),
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


def _fold_rows(model_result: ModelResult) -> list[FoldRow]:
    return [
        FoldRow(label=model_result.label, result=r, test=score(r.test), validation_uar=_validation_uar(r))
        for r in model_result.results
    ]


def _validation_uar(result: FoldResult) -> float | None:
    return score(result.validation).uar if result.validation.ids else None
