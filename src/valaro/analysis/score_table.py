"""Scores and predictions of runs as CSV in long form; numbers read back to the last digit."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from math import isfinite, isnan

from valaro.analysis.results import deviation_of
from valaro.evaluation.scores import METRICS, Metric, Scores, score
from valaro.evaluation.significance import Resamples
from valaro.records import LEVELS, FoldResult, Predictions, RunRecord
from valaro.spreadsheet import csv_text

ALL = "all"
"""In the place of fold and seed: a summary over all trainings."""


@dataclass(frozen=True, kw_only=True)
class _Which:
    """What a row is about, in the order of the columns."""

    run: str
    dimension: str
    model: str
    method: str
    features: str
    varied: str
    chosen: str
    shuffled: str
    fold: str
    seed: str


_OF_TRAINING = tuple(_Which.__dataclass_fields__)
SCORE_COLUMNS = (*_OF_TRAINING, "part", "metric", "value", "low", "high", "deviation")
PREDICTION_COLUMNS = (*_OF_TRAINING, "utterance", "speaker", *LEVELS, "right", "predicted")


def scores_csv(runs: Sequence[RunRecord]) -> str:
    """Return a row a training, part and metric (0-1), then the summaries of each model's tests.

    A summary is the mean over the trainings with the bounds of its 95 % interval and the trainings' standard deviation.
    The control, whose labels are shuffled, is there and marked.
    """
    return csv_text(SCORE_COLUMNS, (row for run in _named_apart(runs) for row in _rows(run)))


def scores_json(runs: Sequence[RunRecord]) -> str:
    """Return the rows of `scores_csv` as objects; what a row does not have, or is no number, is null."""
    rows = [
        {column: _value(column, text) for column, text in zip(SCORE_COLUMNS, row, strict=True)}
        for run in _named_apart(runs)
        for row in _rows(run)
    ]
    document = {"format": "valaro scores", "version": 1, "rows": rows}
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _value(column: str, text: str) -> str | float | None:
    if column not in {"value", "low", "high", "deviation"}:
        return text
    number = float(text or "nan")
    return number if isfinite(number) else None


def predictions_csv(runs: Sequence[RunRecord]) -> str:
    """Return a row a test utterance of each training: probabilities, levels that count as right, level predicted."""
    results = ((run, result) for run in _named_apart(runs) for result in run.results)
    return csv_text(PREDICTION_COLUMNS, (row for run, result in results for row in _judged(run, result)))


def _named_apart(runs: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """Return the runs with their place in the names of those that are called alike."""
    names = [run.name for run in runs]
    return tuple(
        replace(run, name=f"{run.name} [{number}]") if names.count(run.name) > 1 else run
        for number, run in enumerate(runs, start=1)
    )


def _rows(run: RunRecord) -> Iterator[tuple[str, ...]]:
    models: dict[tuple[str, str, bool], list[FoldResult]] = {}
    for result in run.results:
        models.setdefault((result.dimension, result.model, result.shuffled), []).append(result)
        for part, predictions in (("test", result.test), ("validation", result.validation)):
            if predictions.ids:
                for metric, value in _values(score(predictions)):
                    yield (*astuple(_which(run, result)), part, metric, repr(value), "", "", "")
    for results in models.values():
        about = astuple(_which(run, results[0]))[:-2]
        for metric, interval, deviation in _summary([result.test for result in results]):
            yield (*about, ALL, ALL, "test", metric, *map(repr, interval), repr(deviation))


def _which(run: RunRecord, result: FoldResult) -> _Which:
    return _Which(
        run=run.name,
        dimension=result.dimension,
        model=result.model,
        method=result.method,
        features="+".join(result.features),
        varied=";".join(f"{name}={value}" for name, value in result.varied),
        chosen=result.chosen,
        shuffled=str(result.shuffled).lower(),
        fold=result.fold,
        seed=str(result.seed),
    )


def _values(scores: Scores) -> Iterator[tuple[str, float]]:
    """Yield every score that there is: an absent level has no recall."""
    for metric in METRICS:
        yield metric, _metric(scores, metric)
    for level, recall in zip(LEVELS, scores.recalls, strict=True):
        if not isnan(recall):
            yield f"recall_{level}", recall


def _metric(scores: Scores, metric: Metric) -> float:
    return {"uar": scores.uar, "map": scores.map, "f1": scores.f1, "macro_f1": scores.macro_f1}[metric]


def _summary(tests: Sequence[Predictions]) -> Iterator[tuple[Metric, tuple[float, float, float], float]]:
    resamples = Resamples(tests)
    scored = [score(test) for test in tests]
    for metric in METRICS:
        interval = resamples.interval(metric)
        deviation = deviation_of([_metric(own, metric) for own in scored])
        yield metric, (interval.value, interval.low, interval.high), deviation


def _judged(run: RunRecord, result: FoldResult) -> Iterator[tuple[str, ...]]:
    about = astuple(_which(run, result))
    test = result.test
    for name, speaker, chances, correct in zip(test.ids, test.speakers, test.probabilities, test.correct, strict=True):
        right = "+".join(level for level, counts in zip(LEVELS, correct, strict=True) if counts)
        said = LEVELS[int(chances.argmax())]
        yield (*about, name, speaker, *(repr(float(chance)) for chance in chances), right, said)
