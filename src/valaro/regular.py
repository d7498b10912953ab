"""A file before it is read: what lies at its path instead, and its bytes where they are not too many."""

import errno
import os
import re
import stat
from pathlib import Path

ABSENT = "does not exist"

_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
    (stat.S_ISSOCK, "is a socket"),
)
_FAULTS = {
    errno.ELOOP: "is a link that leads back to itself",
    errno.ENAMETOOLONG: "has a name that is too long for this system",
    errno.EACCES: "lies in a folder that may not be read",
    errno.ENOTDIR: ABSENT,
    errno.ENOENT: ABSENT,
}


def why_not_readable(path: Path) -> str:
    """Return what keeps `path` from being read as a file, nothing where it can be; nothing is opened.

    >>> why_not_readable(Path("/dev/null")), why_not_readable(Path(__file__))
    ('is a device', '')
    >>> why_not_readable(Path("https://example.org/a.wav"))
    'is an address on the internet, and nothing is fetched from there: download it and name the file'
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _why_not_there(path, error)
    except ValueError:
        return "holds a NUL character in its name"
    for is_kind, words in _KINDS:
        if is_kind(mode):
            return words
    return "" if os.access(path, os.R_OK) else "may not be read (permission denied)"


def why_no_file(path: Path, expected: str) -> str:
    """Return what to say of a path at which no file can be read, nothing where one can; `expected` names its kind.

    >>> why_no_file(Path("/dev/null"), "a table"), why_no_file(Path("/nowhere"), "a table")
    ('is a device, expected a table', 'there is no such file')
    """
    why = why_not_readable(path)
    return "there is no such file" if why == ABSENT else _with_expected(path, why, expected)


def why_no_folder(path: Path) -> str:
    """Return what to say of a path at which there is no folder, nothing where there is one.

    >>> why_no_folder(Path("/dev/null")), why_no_folder(Path("/nowhere")), why_no_folder(Path("/"))
    ('is a device, expected a folder', 'there is no such folder', '')
    """
    why = why_not_readable(path)
    if why == "is a folder":
        return ""
    return "there is no such folder" if why == ABSENT else _with_expected(path, why or "is a file", "a folder")


def _with_expected(path: Path, why: str, expected: str) -> str:
    """Add what was expected where something else is there; of an address, `why` says already what to do."""
    return f"{why}, expected {expected}" if why and os.path.lexists(path) else why


def _why_not_there(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT and path.is_symlink():
        return "is a link to something that does not exist"
    if error.errno == errno.ENOENT and (foreign := foreign_path(str(path))):
        return foreign
    return _FAULTS.get(error.errno or 0, f"cannot be looked at ({error.strerror})")


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return the bytes of a file.

    Raises:
        OSError: it does not exist or may not be read.
        ValueError: it is no regular file, or has more than `most_bytes`.
    """
    # Opening a pipe would wait for whoever writes to it; a device may never end.
    if path.exists() and not path.is_file():
        raise ValueError(f"it {why_not_readable(path)}, expected a file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise ValueError(f"{size:,} bytes, expected at most {most_bytes:,}")
        return file.read(size)


def foreign_path(text: str) -> str:
    """Return what a name that leads to no file of this computer is, if it shows; else nothing.

    >>> foreign_path("https://example.org/a.mp4")
    'is an address on the internet, and nothing is fetched from there: download it and name the file'
    """
    # A path that was made of an address has one slash left of two.
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text):
        return "is an address on the internet, and nothing is fetched from there: download it and name the file"
    if re.match(r"[A-Za-z]:|\\\\", text):
        return "is a path of Windows, and this computer has no drives: write where the file lies here, with /"
    if "\\" in text:
        return f"has \\ between its folders as on Windows: write '{text.replace(chr(92), '/')}'"
    if text.startswith("~"):
        return "begins with ~, which only a terminal knows: write the folder in full"
    return ""
