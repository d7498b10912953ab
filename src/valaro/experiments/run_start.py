"""Beginning a run in its folder: anew, or where an earlier one of the same stopped, and never over anything else."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from valaro.documents import parse_toml
from valaro.errors import ValaroError
from valaro.experiments.run_folder import VERSION, RunFolder, read_about, version_of, write_about
from valaro.files import remove_partials, write_text
from valaro.records import RunAbout
from valaro.store.lock import LOCK_FILE, exclusive_lock


@contextmanager
def only_run(folder: RunFolder, about: RunAbout) -> Generator[None]:
    """Begin or continue a run as `begin_run` does, and keep every other process out of its folder meanwhile.

    Raises:
        ValaroError: as `begin_run`, or another process is at work in the folder.
    """
    # Before the lock puts its file there: a folder of somebody else's stays as it is.
    _refuse_other(folder, about)
    with exclusive_lock(folder.path, "trains"):
        begin_run(folder, about)
        yield


def begin_run(folder: RunFolder, about: RunAbout) -> None:
    """Write what a run is about, or continue one that was begun with the very same settings, data and environment.

    Raises:
        ValaroError: the folder holds another run, or something else.
    """
    _refuse_other(folder, about)
    if folder.about.exists() and not _is_untouched(folder):
        remove_partials(folder.results)
        if not folder.settings.exists():
            write_text(folder.settings, about.settings)
        return
    folder.results.mkdir(parents=True, exist_ok=True)
    remove_partials(folder.path)
    write_about(folder, about)


def _refuse_other(folder: RunFolder, about: RunAbout) -> None:
    """Refuse a folder in which something lies that this run would not go on from; nothing is written."""
    if _is_untouched(folder):
        return
    if not folder.about.exists():
        raise ValaroError(f"'{folder.path}' is not empty and not a run folder: give a new folder with --to")
    if version_of(folder) != VERSION:
        raise ValaroError(
            f"'{folder.path}' holds a run of another version of valaro, whose figures do not compare with this "
            "one's: give another folder with --to"
        )
    before = read_about(folder)
    names = [part.name for part in fields(RunAbout) if part.name != "planned"]
    differing = [name for name in names if getattr(before, name) != getattr(about, name)]
    if differing:
        words = [_other_settings(before, about) if name == "settings" else name for name in differing]
        raise ValaroError(
            f"'{folder.path}' holds a run with other {', '.join(words)}: "
            "give another folder with --to, or remove that one"
        )


def _other_settings(before: RunAbout, now: RunAbout) -> str:
    """Return `settings`, and the first few that differ with what they are there and were to be."""
    stored, given = (_settings_by_name(about.settings) for about in (before, now))
    differing = [name for name in dict.fromkeys([*stored, *given]) if stored.get(name) != given.get(name)]
    words = [f"{name} is {stored.get(name)} there, not {given.get(name)}" for name in differing[:3]]
    more = [f"{len(differing) - 3} more"] if len(differing) > 3 else []
    return f"settings ({', '.join([*words, *more])})" if words else "settings"


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
        return folder.about.exists()
    if path == folder.about:
        # Other programs have a run.json, too.
        return version_of(folder) is not None
    head = (folder.about, folder.settings)
    return path.suffix == ".part" and path.name.startswith(tuple(f".{file.name}." for file in head))
