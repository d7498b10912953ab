"""The folder of a run: settings, environment and a result a training, each whole or absent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from valaro.documents import read_json
from valaro.errors import StoreError, ValaroError, words_for
from valaro.evaluation.scores import score
from valaro.files import write_text
from valaro.records import (
    DIMENSIONS,
    Alarm,
    CorpusNote,
    CorpusSummary,
    Coverage,
    FaceQuality,
    FeatureMap,
    FoldResult,
    HistoryPoint,
    LevelTally,
    Predictions,
    Problem,
    RunRecord,
)
from valaro.training.checkpoint import load_model
from valaro.training.keeper import Trail
from valaro.training.trained_model import TrainedModel

VERSION = 3
"""Goes up when the same settings give other figures: results of two versions must not stand in one folder."""
_RESULTS = "results"
_MODELS = "models"
_AGAIN = "the same valaro cross-validate again trains it anew"


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    """Paths inside a run folder."""

    path: Path

    @property
    def results(self) -> Path:
        return self.path / _RESULTS

    def model(self, dimension: str) -> Path:
        return self.path / _MODELS / dimension

    def result(self, name: str) -> Path:
        return self.results / f"{name}.json"

    def has_result(self, name: str) -> bool:
        """Whether a result is there that `read_result` reads; a damaged one counts as missing."""
        try:
            read_result(self.result(name))
        except StoreError:
            return False
        return True

    @property
    def described(self) -> Path:
        return self.path / "run.json"

    @property
    def settings(self) -> Path:
        return self.path / "settings.toml"

    @property
    def failures(self) -> Path:
        return self.path / "failures.json"

    def trail(self, name: str) -> Trail:
        """Return where the training called `name` leaves its losses and, until it is done, its state."""
        return Trail(losses_in=self.path / "losses" / name, state_in=self.path / "unfinished" / name)


def write_result(folder: RunFolder, name: str, result: FoldResult) -> None:
    """Write one training's result as JSON: numbers read back to the last digit."""
    facts = asdict(result)
    for part in ("test", "validation"):
        facts[part]["probabilities"] = facts[part]["probabilities"].tolist()
        facts[part]["correct"] = facts[part]["correct"].tolist()
    if result.feature_map is not None:
        facts["feature_map"] = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in facts["feature_map"].items()
        }
    write_text(folder.result(name), json.dumps(facts) + "\n")


def write_failures(folder: RunFolder, failures: Sequence[Problem]) -> None:
    """Write which results could not be made, and why, in the place of what was written before; no file without any."""
    if not failures:
        folder.failures.unlink(missing_ok=True)
        return
    write_text(folder.failures, json.dumps([asdict(failure) for failure in failures], indent=1) + "\n")


def read_result(path: Path) -> FoldResult:
    """Read one training's result.

    Raises:
        StoreError: it is not there, or it is damaged.
    """
    facts = read_facts(path)
    try:
        facts["test"] = _predictions(facts["test"])
        facts["validation"] = _predictions(facts["validation"])
        facts["features"] = tuple(facts["features"])
        facts["feature_map"] = _feature_map(facts.get("feature_map"))
        facts["varied"] = tuple((name, value) for name, value in facts.get("varied", ()))
        facts["alarms"] = tuple(Alarm(**alarm) for alarm in facts["alarms"])
        facts["history"] = tuple(HistoryPoint(**point) for point in facts["history"])
        result = FoldResult(**facts)
        _check_kinds(result)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"'{path}' is not a result of this version of valaro: {words_for(error)}") from error
    try:
        score(result.test)
        if result.validation.ids:
            score(result.validation)
    except ValaroError as error:
        raise StoreError(f"'{path}' has answers that no score can be computed from: {error}") from error
    return result


def _check_kinds(result: FoldResult) -> None:
    if result.dimension not in DIMENSIONS:
        raise ValueError(f"dimension '{result.dimension}', expected {' or '.join(DIMENSIONS)}")
    for name, kind in get_type_hints(FoldResult).items():
        value = getattr(result, name)
        if isinstance(kind, type) and not (type(value) is kind or (kind is float and type(value) is int)):
            raise TypeError(f"{name} is {value!r}, expected {kind.__name__}")


def read_run(path: Path) -> RunRecord:
    """Read a finished or unfinished run: what was asked for, the results so far, and which of them are damaged."""
    described = path / "run.json"
    if not described.is_file():
        raise ValaroError(f"'{path}' is not a run folder: expected a file run.json in it")
    facts = read_facts(described)
    if facts.get("valaro_run") != VERSION:
        raise StoreError(f"'{described}' is not of version {VERSION} of valaro's runs")
    folder = RunFolder(path=path)
    results, damaged = _read_results(folder)
    try:
        failures = _failures(folder)
        return RunRecord(
            name=path.resolve().name,
            settings=facts["settings"],
            environment=facts["environment"],
            fingerprint=facts["fingerprint"],
            normalisation=facts["normalisation"],
            speaker_normalised=facts["speaker_normalised"],
            corpora=tuple(_summary(row) for row in facts["corpora"]),
            notes=tuple(CorpusNote(**row) for row in facts["notes"]),
            results=tuple(sorted(results.values(), key=lambda r: (r.dimension, r.model, r.seed, r.fold))),
            faces=tuple(FaceQuality(**row) for row in facts["faces"]),
            problems=tuple(Problem(**row) for row in facts["problems"]),
            paper=facts.get("paper", ""),
            stand_ins=facts.get("stand_ins", {}),
            planned=len(facts.get("planned", ())),
            missing=tuple(name for name in facts.get("planned", ()) if name not in results),
            # One that was made since is none.
            failures=tuple(failure for failure in failures if failure.utterance not in results),
            damaged=damaged,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"'{described}' is damaged: {words_for(error)}") from error


def _read_results(folder: RunFolder) -> tuple[dict[str, FoldResult], tuple[Problem, ...]]:
    results: dict[str, FoldResult] = {}
    damaged: list[Problem] = []
    for file in sorted(folder.results.glob("*.json")):
        try:
            results[file.stem] = read_result(file)
        except StoreError as error:
            damaged.append(Problem(utterance=file.stem, where="result", why=f"{error}; {_AGAIN}"))
    return results, tuple(damaged)


def read_models(path: Path) -> tuple[TrainedModel, ...]:
    """Read the models of a run of `valaro train`, one a dimension."""
    folder = RunFolder(path=path)
    models = [load_model(folder.model(d)) for d in DIMENSIONS if folder.model(d).is_dir()]
    if not models:
        if folder.described.is_file() and read_facts(folder.described).get("kind") == "training":
            raise ValaroError(f"'{path}' is not finished: the same valaro train again goes on, and then it has a model")
        raise ValaroError(
            f"'{path}' holds no model: expected a run folder of valaro train"
            + (
                " (this one is a cross-validation)"
                if (folder.results).is_dir() and any(folder.results.iterdir())
                else ""
            )
        )
    return tuple(models)


def about(record: RunRecord, kind: str) -> dict[str, Any]:
    """Return what run.json says of a run; `kind` is cross-validation or training."""
    return {
        "valaro_run": VERSION,
        "kind": kind,
        "settings": record.settings,
        "environment": record.environment,
        "fingerprint": record.fingerprint,
        "normalisation": record.normalisation,
        "speaker_normalised": record.speaker_normalised,
        "corpora": [{**asdict(row), "levels": {d: list(c) for d, c in row.levels.items()}} for row in record.corpora],
        "notes": [asdict(row) for row in record.notes],
        "faces": [asdict(row) for row in record.faces],
        "problems": [asdict(row) for row in record.problems],
        "paper": record.paper,
        "stand_ins": record.stand_ins,
    }


def _predictions(facts: Mapping[str, Any]) -> Predictions:
    return Predictions(
        ids=tuple(facts["ids"]),
        speakers=tuple(facts["speakers"]),
        probabilities=np.array(facts["probabilities"], dtype=np.float64).reshape(-1, 3),
        correct=np.array(facts["correct"], dtype=bool).reshape(-1, 3),
    )


def _feature_map(facts: Mapping[str, Any] | None) -> FeatureMap | None:
    if facts is None:
        return None
    places = {
        name: np.array(facts[name], dtype=np.float64).reshape(-1, 2)
        for name in ("labelled", "unlabelled", "generated", "test")
    }
    levels = {name: np.array(facts[name], dtype=np.int64) for name in ("levels", "test_levels")}
    first, second = facts["shares"]
    coverages = tuple(Coverage(**row) for row in facts["coverages"])
    return FeatureMap(**places, **levels, shares=(first, second), step=facts["step"], coverages=coverages)


def _summary(row: dict[str, Any]) -> CorpusSummary:
    levels = {dimension: _three(counts) for dimension, counts in row.pop("levels").items()}
    # Runs made before there were tallies lack them.
    tallies = tuple(_tally(tally) for tally in row.pop("tallies", ()))
    return CorpusSummary(**row, levels=levels, tallies=tallies)


def _tally(row: dict[str, Any]) -> LevelTally:
    paper, by_mean, by_soft_label = (row.pop(name) for name in ("paper", "by_mean", "by_soft_label"))
    return LevelTally(
        **row,
        by_mean=_three(by_mean),
        by_soft_label=_three(by_soft_label),
        paper=None if paper is None else _three(paper),
    )


def _three(counts: Sequence[int]) -> tuple[int, int, int]:
    low, medium, high = counts
    return low, medium, high


def _failures(folder: RunFolder) -> list[Problem]:
    if not folder.failures.is_file():
        return []
    rows: Any = _read_any(folder.failures)
    return [Problem(**row) for row in rows]


def read_facts(path: Path) -> dict[str, Any]:
    """Read one JSON object of a run folder.

    Raises:
        StoreError: it is damaged.
    """
    facts: Any = _read_any(path)
    if not isinstance(facts, dict):
        raise StoreError(f"'{path}' is damaged: expected a JSON object")
    return facts


def _read_any(path: Path) -> object:
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise StoreError(f"'{path}' is damaged: {words_for(error)}") from error
