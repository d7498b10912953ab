"""The folder of a run: what it is about, settings, environment and a result per training, each whole or absent."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from valaro.documents import parse_toml, read_json
from valaro.errors import StoreError, ValaroError, words_for
from valaro.evaluation.scores import score
from valaro.files import write_text
from valaro.jsonfile import from_plain, read_record, write_record
from valaro.records import FoldResult, Problem, RunAbout, RunRecord
from valaro.regular import why_no_folder
from valaro.saved_model import MODELS
from valaro.training.checkpointer import CheckpointPaths

VERSION = 5
"""Goes up when the same settings give other figures: results of two versions must not stand in one folder."""

_RESULTS = "results"
_AGAIN = "the same valaro cross-validate again trains it anew"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RunFile(RunAbout):
    """What run.json says."""

    valaro_run: int = VERSION
    """A run.json without this name is another program's."""


@dataclass(frozen=True, kw_only=True)
class _DataSection:
    """The settings of data that reports show and compare."""

    labelled: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    features: str = ""


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
    def about(self) -> Path:
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
    """Write one training's result."""
    write_record(folder.result(name), result, indent=None)


def read_result(path: Path) -> FoldResult:
    """Read one training's result.

    Raises:
        StoreError: it is not there, or it is damaged.
    """
    try:
        result = read_record(FoldResult, path, "the result")
    except OSError as error:
        raise damaged(path, error) from error
    except ValueError as error:
        raise StoreError(f"'{path}' is not a result of this version of valaro: {error}") from error
    try:
        score(result.test)
        if result.validation.ids:
            score(result.validation)
    except ValaroError as error:
        raise StoreError(f"'{path}' has answers that no score can be computed from: {error}") from error
    return result


def write_about(folder: RunFolder, about: RunAbout) -> None:
    """Write what a run is about."""
    write_record(folder.about, RunFile(**_facts(about)))
    write_text(folder.settings, about.settings)


def read_about(folder: RunFolder) -> RunAbout:
    """Read what a run of this version is about.

    Raises:
        StoreError: it is damaged, or of another version.
    """
    if version_of(folder) != VERSION:
        raise StoreError(f"'{folder.about}' is not of version {VERSION} of valaro's runs")
    about = _read(RunFile, folder.about, "the run")
    try:
        _check_settings(parse_toml(about.settings))
    except ValueError as error:
        raise damaged(folder.about, error) from error
    return about


def version_of(folder: RunFolder) -> object:
    """Return the version that a run.json states, None where it is another program's; StoreError if it is damaged."""
    try:
        facts = read_json(folder.about)
    except (OSError, ValueError) as error:
        raise damaged(folder.about, error) from error
    if not isinstance(facts, dict):
        raise StoreError(f"'{folder.about}' is damaged: expected a JSON object")
    return facts.get("valaro_run")


def write_failures(folder: RunFolder, failures: Sequence[Problem]) -> None:
    """Write which results could not be made, and why, in the place of what was written before; no file without any."""
    if failures:
        write_record(folder.failures, failures)
    else:
        folder.failures.unlink(missing_ok=True)


def read_run(path: Path) -> RunRecord:
    """Read a finished or unfinished run: what was asked for, the results so far, and which of them are damaged.

    Raises:
        ValaroError: it is no run folder, or what it says of itself is damaged; whoever gets the record may trust it.
    """
    folder = RunFolder(path=path)
    why = why_no_folder(path) or ("" if folder.about.exists() else "expected a file run.json in it")
    if why:
        raise ValaroError(f"'{path}' is not a run folder: {why}")
    about = read_about(folder)
    results, unreadable = _read_results(folder)
    failures = _read(tuple[Problem, ...], folder.failures, "failures") if folder.failures.exists() else ()
    return RunRecord(
        name=path.resolve().name,
        results=tuple(sorted(results.values(), key=lambda r: (r.dimension, r.model, r.seed, r.fold))),
        missing=tuple(name for name in about.planned if name not in results),
        # One that was made since is none.
        failures=tuple(failure for failure in failures if failure.utterance not in results),
        damaged=unreadable,
        **_facts(about),
    )


def damaged(path: Path, error: Exception) -> StoreError:
    """Return the error for a file of a run folder in which something is wrong."""
    return StoreError(f"'{path}' is damaged: {words_for(error)}")


def _read_results(folder: RunFolder) -> tuple[dict[str, FoldResult], tuple[Problem, ...]]:
    results: dict[str, FoldResult] = {}
    unreadable: list[Problem] = []
    for file in sorted(folder.results.glob("*.json")):
        try:
            results[file.stem] = read_result(file)
        except StoreError as error:
            unreadable.append(Problem(utterance=file.stem, where="result", why=f"{error}; {_AGAIN}"))
    return results, tuple(unreadable)


def _read(kind: type[T] | Any, path: Path, what: str) -> T:  # noqa: ANN401 - tuple[Problem, ...] is no class
    try:
        return read_record(kind, path, what)
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error


def _check_settings(sections: dict[str, Any]) -> None:
    """Check what others read of a run's settings; the rest is shown as it stands."""
    from_plain(dict[str, dict[str, Any]], sections, "settings")
    data = sections.get("data", {})
    from_plain(_DataSection, {part.name: data[part.name] for part in fields(_DataSection) if part.name in data}, "data")
    from_plain(dict[str, list[Any]], sections.get("vary", {}), "vary")


def _facts(about: RunAbout) -> dict[str, Any]:
    """Return what a run is about by name, for one of the records that say more."""
    return {part.name: getattr(about, part.name) for part in fields(RunAbout)}
