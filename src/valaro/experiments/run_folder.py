"""The folder of a run: settings, environment and a result a training, each whole or absent."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from os import SEEK_END
from pathlib import Path
from typing import Any

import numpy as np

from valaro.errors import StoreError, ValaroError
from valaro.evaluation.scores import score
from valaro.files import sweep, write_text
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
    Predictions,
    Problem,
    RunRecord,
)
from valaro.training.checkpoint import load_model
from valaro.training.keeper import Trail
from valaro.training.trained_model import TrainedModel

VERSION = 2
"""Goes up when the same settings give other figures: results of two versions must not stand in one folder."""
_RESULTS = "results"
_MODELS = "models"
_AGAIN = "without it, cross-validate trains it again"


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
        """Whether a result is there and whole; one that was cut off by a fault of the disk counts as missing."""
        try:
            with self.result(name).open("rb") as file:
                file.seek(-2, SEEK_END)
                return file.read().rstrip().endswith(b"}")
        except OSError:
            return False

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


def begin_run(folder: RunFolder, record: RunRecord, kind: str, planned: Sequence[str] = ()) -> None:
    """Write what a run is about, or continue one that was begun with the very same settings, data and environment.

    `planned` are the names of the results that it will have.

    Raises:
        ValaroError: the folder holds another run, or something else.
    """
    about = json.dumps({**_about(record, kind), "planned": sorted(planned)}, indent=1) + "\n"
    described, settings = folder.described, folder.settings
    if described.exists() and not _is_untouched(folder):
        before, now = _read(described), json.loads(about)
        if before.get("valaro_run") != VERSION:
            raise ValaroError(
                f"'{folder.path}' holds a run of another version of valaro, whose figures do not compare with this "
                "one's: give another folder with --to"
            )
        differing = [name for name in now if now[name] != before.get(name) and name != "planned"]
        if differing:
            words = [_other_settings(before, now) if name == "settings" else name for name in differing]
            raise ValaroError(
                f"'{folder.path}' holds a run with other {', '.join(words)}: "
                "give another folder with --to, or remove that one"
            )
        sweep(folder.results)
        if not settings.exists():
            write_text(settings, record.settings)
        return
    if not _is_untouched(folder):
        raise ValaroError(f"'{folder.path}' is not empty and not a run folder: give a new folder with --to")
    folder.results.mkdir(parents=True, exist_ok=True)
    sweep(folder.path)
    write_text(described, about)
    write_text(settings, record.settings)


def _other_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return `settings`, and the first few that differ with what they are there and were to be."""
    there, here = (_settings_by_name(facts["settings"]) for facts in (before, now))
    differing = [name for name in dict.fromkeys([*there, *here]) if there.get(name) != here.get(name)]
    told = [f"{name} is {there.get(name)} there, not {here.get(name)}" for name in differing[:3]]
    more = [f"{len(differing) - 3} more"] if len(differing) > 3 else []
    return f"settings ({', '.join([*told, *more])})" if told else "settings"


def _settings_by_name(text: str) -> dict[str, Any]:
    sections = tomllib.loads(text)
    return {
        f"{section}.{name}": value
        for section, values in sections.items()
        if isinstance(values, dict)
        for name, value in values.items()
    }


def _is_untouched(folder: RunFolder) -> bool:
    """Whether no training has left anything there, so that nothing is lost if the run begins anew."""
    return not folder.path.is_dir() or all(_is_leftover(path, folder) for path in folder.path.iterdir())


def _is_leftover(path: Path, folder: RunFolder) -> bool:
    """Whether a run can have left this before its first training did."""
    if path == folder.results:
        return path.is_dir() and not any(path.iterdir())
    if path == folder.settings:
        # Written after run.json: alone it is a user's own.
        return folder.described.exists()
    head = (folder.described, folder.settings)
    return path == folder.described or (
        path.suffix == ".part" and path.name.startswith(tuple(f".{h.name}." for h in head))
    )


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
    """Read one training's result."""
    facts = _read(path)
    try:
        facts["test"] = _predictions(facts["test"])
        facts["validation"] = _predictions(facts["validation"])
        facts["features"] = tuple(facts["features"])
        facts["feature_map"] = _feature_map(facts.get("feature_map"))
        facts["varied"] = tuple((name, value) for name, value in facts.get("varied", ()))
        facts["alarms"] = tuple(Alarm(**alarm) for alarm in facts["alarms"])
        facts["history"] = tuple(HistoryPoint(**point) for point in facts["history"])
        result = FoldResult(**facts)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"'{path}' is not a result of this version of valaro: {error}; {_AGAIN}") from error
    try:
        score(result.test)
    except ValaroError as error:
        raise StoreError(f"'{path}' has answers that no score can be computed from: {error}; {_AGAIN}") from error
    return result


def read_run(path: Path) -> RunRecord:
    """Read a finished or unfinished run: what was asked for, and the results so far."""
    described = path / "run.json"
    if not described.is_file():
        raise ValaroError(f"'{path}' is not a run folder: expected a file run.json in it")
    facts = _read(described)
    if facts.get("valaro_run") != VERSION:
        raise StoreError(f"'{described}' is not of version {VERSION} of valaro's runs")
    folder = RunFolder(path=path)
    results = [read_result(file) for file in sorted(folder.results.glob("*.json"))]
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
            results=tuple(sorted(results, key=lambda r: (r.dimension, r.model, r.seed, r.fold))),
            faces=tuple(FaceQuality(**row) for row in facts["faces"]),
            problems=tuple(Problem(**row) for row in facts["problems"]),
            paper=facts.get("paper", ""),
            stand_ins=facts.get("stand_ins", {}),
            planned=len(facts.get("planned", ())),
            missing=tuple(name for name in facts.get("planned", ()) if not folder.result(name).is_file()),
            # One that was made since is none.
            failures=tuple(failure for failure in failures if not folder.result(failure.utterance).is_file()),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"'{described}' is damaged: {error!r}") from error


def read_models(path: Path) -> tuple[TrainedModel, ...]:
    """Read the models of a run of `valaro train`, one a dimension."""
    folder = RunFolder(path=path)
    models = [load_model(folder.model(d)) for d in DIMENSIONS if folder.model(d).is_dir()]
    if not models:
        if folder.described.is_file() and _read(folder.described).get("kind") == "training":
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


def _about(record: RunRecord, kind: str) -> dict[str, Any]:
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
    return CorpusSummary(**row, levels=levels)


def _three(counts: Sequence[int]) -> tuple[int, int, int]:
    low, medium, high = counts
    return low, medium, high


def _failures(folder: RunFolder) -> list[Problem]:
    if not folder.failures.is_file():
        return []
    rows: Any = _read_any(folder.failures)
    return [Problem(**row) for row in rows]


def _read(path: Path) -> dict[str, Any]:
    facts: Any = _read_any(path)
    if not isinstance(facts, dict):
        raise StoreError(f"'{path}' is damaged: expected a JSON object")
    return facts


def _read_any(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        again = f"; {_AGAIN}" if path.parent.name == _RESULTS else ""
        raise StoreError(f"'{path}' is damaged: {error}{again}") from error
