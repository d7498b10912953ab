"""The folder of a run: settings, environment and a result a training, each whole or absent."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from valaro.errors import StoreError, ValaroError
from valaro.experiments.described import damaged, read_any, read_described
from valaro.experiments.result_file import read_result
from valaro.files import write_text
from valaro.records import FoldResult, Problem, RunRecord
from valaro.regular import why_no_folder
from valaro.saved_model import MODELS
from valaro.training.checkpointer import CheckpointPaths
from valaro.typed import typed

_RESULTS = "results"
_AGAIN = "the same valaro cross-validate again trains it anew"


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    """Paths inside a run folder."""

    path: Path

    @property
    def results(self) -> Path:
        return self.path / _RESULTS

    def model(self, dimension: str) -> Path:
        return self.path / MODELS / dimension

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

    def paths(self, name: str) -> CheckpointPaths:
        """Return where the training called `name` leaves its losses and, until it is done, its state."""
        return CheckpointPaths(losses_in=self.path / "losses" / name, state_in=self.path / "unfinished" / name)


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


def read_run(path: Path) -> RunRecord:
    """Read a finished or unfinished run: what was asked for, the results so far, and which of them are damaged.

    Raises:
        ValaroError: it is no run folder, or what it says of itself is damaged; whoever gets the record may trust it.
    """
    folder = RunFolder(path=path)
    why = why_no_folder(path) or ("" if folder.described.exists() else "expected a file run.json in it")
    if why:
        raise ValaroError(f"'{path}' is not a run folder: {why}")
    about = read_described(folder.described)
    results, unreadable = _read_results(folder)
    return RunRecord(
        name=path.resolve().name,
        settings=about.settings,
        environment=about.environment,
        fingerprint=about.fingerprint,
        normalisation=about.normalisation,
        speaker_normalised=about.speaker_normalised,
        corpora=about.corpora,
        notes=about.notes,
        results=tuple(sorted(results.values(), key=lambda r: (r.dimension, r.model, r.seed, r.fold))),
        faces=about.faces,
        problems=about.problems,
        paper=about.paper,
        stand_ins=about.stand_ins,
        planned=len(about.planned),
        missing=tuple(name for name in about.planned if name not in results),
        # One that was made since is none.
        failures=tuple(failure for failure in _failures(folder) if failure.utterance not in results),
        damaged=unreadable,
    )


def _read_results(folder: RunFolder) -> tuple[dict[str, FoldResult], tuple[Problem, ...]]:
    results: dict[str, FoldResult] = {}
    unreadable: list[Problem] = []
    for file in sorted(folder.results.glob("*.json")):
        try:
            results[file.stem] = read_result(file)
        except StoreError as error:
            unreadable.append(Problem(utterance=file.stem, where="result", why=f"{error}; {_AGAIN}"))
    return results, tuple(unreadable)


def _failures(folder: RunFolder) -> tuple[Problem, ...]:
    if not folder.failures.exists():
        return ()
    try:
        return typed(tuple[Problem, ...], read_any(folder.failures), "failures")
    except ValueError as error:
        raise damaged(folder.failures, error) from error
