"""Every score and prediction of runs in long form: one row per number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan

from valaro.analysis.results import deviation_of
from valaro.evaluation.interval import Interval
from valaro.evaluation.scores import METRICS, Metric, Scores, score
from valaro.evaluation.significance import Resamples
from valaro.records import LEVELS, Dimension, FoldResult, Predictions, RunRecord


@dataclass(frozen=True, kw_only=True)
class TrainingKey:
    """Which training a row is about; without fold and seed: all of a model's together."""

    run: str
    dimension: Dimension
    model: str
    method: str
    features: tuple[str, ...]
    varied: tuple[tuple[str, str], ...]
    chosen: str
    shuffled: bool
    fold: str | None
    seed: int | None


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """A score (0-1) of a training on a part, or the mean over a model's tests with interval and deviation."""

    training: TrainingKey
    part: str
    metric: str
    value: float
    interval: Interval | None = None
    deviation: float | None = None


@dataclass(frozen=True, kw_only=True)
class PredictionRow:
    """What a training said of a test utterance: probabilities, the levels that count as right, the level predicted."""

    training: TrainingKey
    utterance: str
    speaker: str
    probabilities: tuple[float, ...]
    right: tuple[str, ...]
    predicted: str


def score_rows(runs: Sequence[RunRecord]) -> Iterator[ScoreRow]:
    """Yield the scores of each training, then the summaries of each model's tests.

    The control, whose labels are shuffled, is there and marked.
    """
    for run in _named_apart(runs):
        models: dict[tuple[str, str, bool], list[FoldResult]] = {}
        for result in run.results:
            models.setdefault((result.dimension, result.model, result.shuffled), []).append(result)
            for part, predictions in (("test", result.test), ("validation", result.validation)):
                for metric, value in _values(predictions):
                    yield ScoreRow(training=_key(run, result), part=part, metric=metric, value=value)
        for results in models.values():
            yield from _summary(replace(_key(run, results[0]), fold=None, seed=None), [r.test for r in results])


def prediction_rows(runs: Sequence[RunRecord]) -> Iterator[PredictionRow]:
    """Yield the predictions of each training on its test."""
    for key, test in ((_key(run, r), r.test) for run in _named_apart(runs) for r in run.results):
        for name, speaker, shares, correct in zip(
            test.ids, test.speakers, test.probabilities, test.correct, strict=True
        ):
            yield PredictionRow(
                training=key,
                utterance=name,
                speaker=speaker,
                probabilities=tuple(map(float, shares)),
                right=tuple(level for level, counts in zip(LEVELS, correct, strict=True) if counts),
                predicted=LEVELS[int(shares.argmax())],
            )


def _named_apart(runs: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """Return the runs with their place in the names of those that are called alike."""
    names = [run.name for run in runs]
    return tuple(
        replace(run, name=f"{run.name} [{number}]") if names.count(run.name) > 1 else run
        for number, run in enumerate(runs, start=1)
    )


def _key(run: RunRecord, result: FoldResult) -> TrainingKey:
    return TrainingKey(
        run=run.name,
        dimension=result.dimension,
        model=result.model,
        method=result.method,
        features=result.features,
        varied=result.varied,
        chosen=result.chosen,
        shuffled=result.shuffled,
        fold=result.fold,
        seed=result.seed,
    )


def _values(predictions: Predictions) -> Iterator[tuple[str, float]]:
    """Yield every score that there is: an absent level has no recall."""
    if not predictions.ids:
        return
    scores = score(predictions)
    yield from ((metric, _metric(scores, metric)) for metric in METRICS)
    recalls = zip(LEVELS, scores.recalls, strict=True)
    yield from ((f"recall_{level}", recall) for level, recall in recalls if not isnan(recall))


def _metric(scores: Scores, metric: Metric) -> float:
    return {"uar": scores.uar, "map": scores.map, "f1": scores.f1, "macro_f1": scores.macro_f1}[metric]


def _summary(key: TrainingKey, tests: Sequence[Predictions]) -> Iterator[ScoreRow]:
    resamples, scored = Resamples(tests), [score(test) for test in tests]
    for metric in METRICS:
        interval = resamples.interval(metric)
        deviation = deviation_of([_metric(own, metric) for own in scored])
        yield ScoreRow(
            training=key, part="test", metric=metric, value=interval.value, interval=interval, deviation=deviation
        )
