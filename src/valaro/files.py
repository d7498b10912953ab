"""Writing a file or folder whole or not at all: aside, synced, renamed."""

import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from valaro.errors import ValaroError

_LOOKED_AT = 1024
_LONGEST = 60
"""Characters of a file's name in that of its temporary file: 240 bytes at most, of the 255 that a name may have."""


def checked_path(value: object, what: str) -> Path:
    """Return a path that a caller gave as text or as a path.

    Raises:
        ValaroError: it is neither.
    """
    if not isinstance(value, str | Path):
        raise ValaroError(f"{what} = {value!r}: expected a path, as text or as a pathlib.Path")
    return Path(value)


@contextmanager
def atomic_write(path: Path) -> Generator[Path]:
    """Yield a temporary path beside `path`; on success it is synced and renamed over it, on failure removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _named_as_asked(path.name):
        handle, name = tempfile.mkstemp(prefix=_prefix(path), suffix=".part", dir=path.parent)
        os.close(handle)
        aside = Path(name)
        try:
            yield aside
            aside.chmod(0o666 & ~_umask())
            _sync(aside)
            aside.replace(path)
            _sync(path.parent)
        finally:
            aside.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Generator[Path]:
    """Yield a temporary folder beside `path`; on success its files are synced and it takes the place of `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _named_as_asked(path.name):
        aside = Path(tempfile.mkdtemp(prefix=_prefix(path), suffix=".part", dir=path.parent))
        try:
            yield aside
            aside.chmod(0o777 & ~_umask())
            for file in aside.rglob("*"):
                _sync(file)
            _sync(aside)
            if path.exists():
                shutil.rmtree(path)
            aside.replace(path)
            _sync(path.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def atomic_files(folder: Path, *, last: str) -> Generator[Path]:
    """Yield a temporary folder; on success its files are synced and moved into `folder`, beside what is there.

    The file called `last` is moved last, so that it is there only when all others are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".files.", suffix=".part", dir=folder))
    try:
        yield aside
        for file in sorted(aside.iterdir(), key=lambda file: (file.name == last, file.name)):
            file.chmod(0o666 & ~_umask())
            _sync(file)
            file.replace(folder / file.name)
        _sync(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    with atomic_write(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_page(path: Path, text: str) -> None:
    """Write what people read, to where they said, but never over a file of theirs: see `check_replaceable`."""
    check_replaceable(path, text.partition("\n")[0])
    write_text(path, text)


def check_replaceable(path: Path, first_line: str = "") -> None:
    """Check that nothing of a user's is lost if `path` is written.

    Ours is what has our name in its first KiB, or begins with `first_line` as our tables do.

    Raises:
        ValaroError: another file is there.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        begin = file.read(_LOOKED_AT)
    table = first_line.encode() if "," in first_line else None
    if begin and b"valaro" not in begin and not (table and begin.startswith(table)):
        raise ValaroError(f"cannot write to '{path}': what is there is not of valaro's making, give another name")


def remove_partials(folder: Path) -> None:
    """Remove what a killed process left half-written in `folder`."""
    for leftover in folder.glob(".*.part"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


@contextmanager
def _named_as_asked(name: str) -> Generator[None]:
    """Let an error name the file that was to be written, not the temporary one beside it."""
    try:
        yield
    except OSError as error:
        if isinstance(error.filename, str):
            error.filename = re.sub(r"(?<=/)\.[^/]*\.\w{8}\.part(?=/|$)", lambda _: name, error.filename)
        raise


def _prefix(path: Path) -> str:
    """Return how a temporary name begins: the file's own, cut where no file system would hold both."""
    return f".{path.name[:_LONGEST]}."


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
