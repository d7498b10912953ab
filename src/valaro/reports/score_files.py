"""Scores and predictions of runs as CSV and JSON in long form; numbers read back to the last digit."""

import json
from collections.abc import Iterator, Sequence
from math import isfinite

from valaro.analysis.score_table import ScoreRow, TrainingKey, prediction_rows, score_rows
from valaro.records import LEVELS, RunRecord
from valaro.spreadsheet import csv_text

ALL = "all"
"""In the place of fold and seed: a summary over all trainings."""

_OF_TRAINING = tuple(TrainingKey.__dataclass_fields__)
_NUMBERS = ("value", "low", "high", "deviation")
SCORE_COLUMNS = (*_OF_TRAINING, "part", "metric", *_NUMBERS)
PREDICTION_COLUMNS = (*_OF_TRAINING, "utterance", "speaker", *LEVELS, "right", "predicted")


def scores_csv(runs: Sequence[RunRecord]) -> str:
    """Return one row per training, part and metric (0-1), then the summaries of each model's tests.

    A summary is the mean over the trainings with the bounds of its 95 % interval and the trainings' standard deviation.
    """
    rows = ((*_key(row.training), row.part, row.metric, *map(_exact, _numbers(row))) for row in score_rows(runs))
    return csv_text(SCORE_COLUMNS, rows)


def scores_json(runs: Sequence[RunRecord]) -> str:
    """Return the rows of `scores_csv` as objects; what a row does not have, or is no number, is null."""
    rows = [
        {
            **dict(zip(_OF_TRAINING, _key(row.training), strict=True)),
            "part": row.part,
            "metric": row.metric,
            **{
                name: number if number is not None and isfinite(number) else None
                for name, number in zip(_NUMBERS, _numbers(row), strict=True)
            },
        }
        for row in score_rows(runs)
    ]
    document = {"format": "valaro scores", "version": 1, "rows": rows}
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def predictions_csv(runs: Sequence[RunRecord]) -> str:
    """Return one row per test utterance of each training: probabilities, levels that count as right, that predicted."""

    def cells() -> Iterator[tuple[str, ...]]:
        for row in prediction_rows(runs):
            shares = map(repr, row.probabilities)
            yield (*_key(row.training), row.utterance, row.speaker, *shares, "+".join(row.right), row.predicted)

    return csv_text(PREDICTION_COLUMNS, cells())


def _key(key: TrainingKey) -> tuple[str, ...]:
    """Return a training as the cells of its columns."""
    varied = ";".join(f"{name}={value}" for name, value in key.varied)
    features, shuffled = "+".join(key.features), str(key.shuffled).lower()
    fold, seed = key.fold if key.fold is not None else ALL, str(key.seed) if key.seed is not None else ALL
    return (key.run, key.dimension, key.model, key.method, features, varied, key.chosen, shuffled, fold, seed)


def _numbers(row: ScoreRow) -> tuple[float | None, ...]:
    low, high = (row.interval.low, row.interval.high) if row.interval else (None, None)
    return row.value, low, high, row.deviation


def _exact(number: float | None) -> str:
    return "" if number is None else repr(number)
