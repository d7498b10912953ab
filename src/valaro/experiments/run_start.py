"""Beginning a run in its folder: anew, or where an earlier one of the same stopped, and never over anything else."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from valaro.documents import parse_toml
from valaro.errors import ValaroError
from valaro.experiments.described import KEY, VERSION, Described, described, read_described, read_facts
from valaro.experiments.run_folder import RunFolder
from valaro.files import remove_partials, write_text
from valaro.records import RunRecord
from valaro.store.lock import LOCK_FILE, exclusive_lock


@contextmanager
def only_run(folder: RunFolder, record: RunRecord, kind: str, planned: Sequence[str] = ()) -> Generator[None]:
    """Begin or continue a run as `begin_run` does, and keep every other process out of its folder meanwhile.

    Raises:
        ValaroError: as `begin_run`, or another process is at work in the folder.
    """
    # Before the lock puts its file there: a folder of somebody else's stays as it is.
    _refuse_other(folder, record, kind)
    with exclusive_lock(folder.path, "trains"):
        begin_run(folder, record, kind, planned)
        yield


def begin_run(folder: RunFolder, record: RunRecord, kind: str, planned: Sequence[str] = ()) -> None:
    """Write what a run is about, or continue one that was begun with the very same settings, data and environment.

    `planned` are the names of the results that it will have.

    Raises:
        ValaroError: the folder holds another run, or something else.
    """
    _refuse_other(folder, record, kind)
    if folder.described.exists() and not _is_untouched(folder):
        remove_partials(folder.results)
        if not folder.settings.exists():
            write_text(folder.settings, record.settings)
        return
    folder.results.mkdir(parents=True, exist_ok=True)
    remove_partials(folder.path)
    write_text(folder.described, json.dumps(asdict(described(record, kind, planned)), indent=1) + "\n")
    write_text(folder.settings, record.settings)


def _refuse_other(folder: RunFolder, record: RunRecord, kind: str) -> None:
    """Refuse a folder in which something lies that this run would not go on from; nothing is written."""
    if _is_untouched(folder):
        return
    if not folder.described.exists():
        raise ValaroError(f"'{folder.path}' is not empty and not a run folder: give a new folder with --to")
    if read_facts(folder.described).get(KEY) != VERSION:
        raise ValaroError(
            f"'{folder.path}' holds a run of another version of valaro, whose figures do not compare with this "
            "one's: give another folder with --to"
        )
    before, now = read_described(folder.described), described(record, kind)
    names = [part.name for part in fields(Described) if part.name != "planned"]
    differing = [name for name in names if getattr(before, name) != getattr(now, name)]
    if differing:
        words = [_other_settings(before, now) if name == "settings" else name for name in differing]
        raise ValaroError(
            f"'{folder.path}' holds a run with other {', '.join(words)}: "
            "give another folder with --to, or remove that one"
        )


def _other_settings(before: Described, now: Described) -> str:
    """Return `settings`, and the first few that differ with what they are there and were to be."""
    there, here = (_settings_by_name(about.settings) for about in (before, now))
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
    if path.name == LOCK_FILE:
        return True
    if path == folder.settings:
        # Written after run.json: alone it is a user's own.
        return folder.described.exists()
    if path == folder.described:
        # Other programs have a run.json, too.
        return KEY in read_facts(path)
    head = (folder.described, folder.settings)
    return path.suffix == ".part" and path.name.startswith(tuple(f".{file.name}." for file in head))
