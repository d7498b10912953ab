"""What run.json says of a run: written from a record, read back with every kind checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from valaro.documents import parse_toml, read_json
from valaro.errors import StoreError, words_for
from valaro.records import CorpusNote, CorpusSummary, FaceQuality, Problem, RunRecord
from valaro.typed import typed

VERSION = 4
"""Goes up when the same settings give other figures: results of two versions must not stand in one folder."""

KEY = "valaro_run"
"""Under this name the version stands; a run.json without it is another program's."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """What a run is about, as `RunRecord` says it."""

    valaro_run: int = VERSION
    kind: str
    """cross-validation or training."""
    settings: str
    environment: dict[str, str]
    fingerprint: str
    normalisation: str
    speaker_normalised: bool
    corpora: tuple[CorpusSummary, ...]
    notes: tuple[CorpusNote, ...]
    faces: tuple[FaceQuality, ...]
    problems: tuple[Problem, ...]
    paper: str = ""
    stand_ins: dict[str, str] = field(default_factory=dict[str, str])
    planned: tuple[str, ...] = ()
    """The names of the results that it will have."""


@dataclass(frozen=True, kw_only=True)
class _DataSection:
    """The settings of data that are shown and compared."""

    labelled: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    features: str = ""


def described(record: RunRecord, kind: str, planned: Sequence[str] = ()) -> Described:
    """Return what run.json is to say of a run."""
    shared = {part.name for part in fields(RunRecord)} & {part.name for part in fields(Described)} - {"planned"}
    return Described(kind=kind, planned=tuple(sorted(planned)), **{name: getattr(record, name) for name in shared})


def read_described(path: Path) -> Described:
    """Read a run.json of this version.

    Raises:
        StoreError: it is damaged, or of another version.
    """
    facts = read_facts(path)
    if facts.get(KEY) != VERSION:
        raise StoreError(f"'{path}' is not of version {VERSION} of valaro's runs")
    try:
        found = typed(Described, facts, "the run")
        _check_settings(parse_toml(found.settings))
    except ValueError as error:
        raise damaged(path, error) from error
    return found


def _check_settings(sections: Mapping[str, Any]) -> None:
    """Check what others read of a run's settings; the rest is shown as it stands."""
    typed(dict[str, dict[str, Any]], sections, "settings")
    data = sections.get("data", {})
    typed(_DataSection, {part.name: data[part.name] for part in fields(_DataSection) if part.name in data}, "data")
    typed(dict[str, tuple[Any, ...]], sections.get("vary", {}), "vary")


def read_facts(path: Path) -> dict[str, Any]:
    """Read one JSON object of a run folder.

    Raises:
        StoreError: it is damaged.
    """
    facts = read_any(path)
    if not isinstance(facts, dict):
        raise StoreError(f"'{path}' is damaged: expected a JSON object")
    return facts


def read_any(path: Path) -> object:
    """Read a JSON file of a run folder; StoreError where it is damaged."""
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> StoreError:
    """Return the error for a file of a run folder in which something is wrong."""
    return StoreError(f"'{path}' is damaged: {words_for(error)}")
