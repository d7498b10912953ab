"""A training's result, read from JSON with every kind checked; numbers come back to the last digit."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from valaro.errors import StoreError, ValaroError
from valaro.evaluation.scores import score
from valaro.experiments.described import read_facts
from valaro.records import Coverage, FeatureMap, FoldResult, Predictions
from valaro.typed import typed

_Place = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """`Predictions` as lists."""

    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    probabilities: tuple[tuple[float, float, float], ...]
    correct: tuple[tuple[bool, bool, bool], ...]


@dataclass(frozen=True, kw_only=True)
class _Map:
    """`FeatureMap` as lists."""

    labelled: tuple[_Place, ...]
    levels: tuple[int, ...]
    unlabelled: tuple[_Place, ...]
    generated: tuple[_Place, ...]
    test: tuple[_Place, ...]
    test_levels: tuple[int, ...]
    shares: tuple[float, float]
    step: int
    coverages: tuple[Coverage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Stored(FoldResult):
    """A result whose arrays are lists."""

    test: _Answers  # pyright: ignore[reportIncompatibleVariableOverride]
    validation: _Answers  # pyright: ignore[reportIncompatibleVariableOverride]
    feature_map: _Map | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


def read_result(path: Path) -> FoldResult:
    """Read one training's result.

    Raises:
        StoreError: it is not there, or it is damaged.
    """
    try:
        stored = typed(_Stored, read_facts(path), "the result")
    except ValueError as error:
        raise StoreError(f"'{path}' is not a result of this version of valaro: {error}") from error
    plain: dict[str, Any] = {field.name: getattr(stored, field.name) for field in fields(FoldResult)}
    plain |= {"test": _predictions(stored.test), "validation": _predictions(stored.validation)}
    plain["feature_map"] = stored.feature_map and _feature_map(stored.feature_map)
    result = FoldResult(**plain)
    try:
        score(result.test)
        if result.validation.ids:
            score(result.validation)
    except ValaroError as error:
        raise StoreError(f"'{path}' has answers that no score can be computed from: {error}") from error
    return result


def _predictions(answers: _Answers) -> Predictions:
    return Predictions(
        ids=answers.ids,
        speakers=answers.speakers,
        probabilities=np.array(answers.probabilities, dtype=np.float64).reshape(-1, 3),
        correct=np.array(answers.correct, dtype=bool).reshape(-1, 3),
    )


def _feature_map(stored: _Map) -> FeatureMap:
    places = {
        name: np.array(getattr(stored, name), dtype=np.float64).reshape(-1, 2)
        for name in ("labelled", "unlabelled", "generated", "test")
    }
    levels = {name: np.array(getattr(stored, name), dtype=np.int64) for name in ("levels", "test_levels")}
    return FeatureMap(**places, **levels, shares=stored.shares, step=stored.step, coverages=stored.coverages)
