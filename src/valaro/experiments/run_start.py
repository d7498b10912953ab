"""Beginning a run in its folder: anew, or where an earlier one of the same stopped, and never over anything else."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from valaro.documents import parse_json, parse_toml
from valaro.errors import ValaroError
from valaro.experiments.run_folder import VERSION, RunFolder, about, read_facts
from valaro.files import sweep, write_text
from valaro.records import RunRecord


def begin_run(folder: RunFolder, record: RunRecord, kind: str, planned: Sequence[str] = ()) -> None:
    """Write what a run is about, or continue one that was begun with the very same settings, data and environment.

    `planned` are the names of the results that it will have.

    Raises:
        ValaroError: the folder holds another run, or something else.
    """
    text = json.dumps({**about(record, kind), "planned": sorted(planned)}, indent=1) + "\n"
    described, settings = folder.described, folder.settings
    if described.exists() and not _is_untouched(folder):
        before, now = read_facts(described), parse_json(text)
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
    write_text(described, text)
    write_text(settings, record.settings)


def _other_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return `settings`, and the first few that differ with what they are there and were to be."""
    there, here = (_settings_by_name(facts["settings"]) for facts in (before, now))
    differing = [name for name in dict.fromkeys([*there, *here]) if there.get(name) != here.get(name)]
    told = [f"{name} is {there.get(name)} there, not {here.get(name)}" for name in differing[:3]]
    more = [f"{len(differing) - 3} more"] if len(differing) > 3 else []
    return f"settings ({', '.join([*told, *more])})" if told else "settings"


def _settings_by_name(text: str) -> dict[str, Any]:
    sections = parse_toml(text)
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
    if path == folder.described:
        # Other programs have a run.json, too.
        return "valaro_run" in read_facts(path)
    head = (folder.described, folder.settings)
    return path.suffix == ".part" and path.name.startswith(tuple(f".{file.name}." for file in head))
