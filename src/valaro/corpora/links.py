"""Names and links that a corpus's own files hold, which may lead to nothing outside the corpus."""

import re
from pathlib import Path
from typing import NamedTuple

from valaro.errors import ValaroError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_IDS = re.compile(r"id\(([^()]+)\)(?:\.\.id\(([^()]+)\))?")


class Link(NamedTuple):
    """A link of NXT's form `file#id(first)..id(last)`: to one element, or to all from `first` to `last`."""

    file: str
    first: str
    last: str


def plain_name(text: str, what: str) -> str:
    """Return `text`, from which a path is to be made, if it is no more than a name.

    Raises:
        ValaroError: it is empty or could lead elsewhere: a slash, a drive, a leading dot.
    """
    if not _NAME.fullmatch(text):
        raise ValaroError(f"{what} '{text}': expected a name of letters, digits, '_', '-' and '.', which no folder is")
    return text


def read_link(href: str) -> Link:
    """Return what a link names.

    Raises:
        ValaroError: it leads out of the folder it stands in (`..`, an absolute path, an address), or makes no sense.
    """
    file, _, fragment = href.partition("#")
    expected = "expected a file beside this one, as in ES2002a.A.words.xml#id(ES2002a.A.words0)..id(ES2002a.A.words9)"
    if not _NAME.fullmatch(file):
        raise ValaroError(f"the link '{href}' leads out of its folder or to no file, and is not followed: {expected}")
    ids = _IDS.fullmatch(fragment)
    if ids is None:
        raise ValaroError(f"the link '{href}' names no elements: {expected}")
    first, last = ids.groups()
    return Link(file, first, last or first)


def inside(folder: Path, path: Path) -> Path:
    """Return `path` if, all symbolic links followed, it lies in `folder`.

    Raises:
        ValaroError: a link on the way leads out of the folder.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValaroError(f"{path}: is a link to {path.resolve()}, outside the corpus: it is not opened")
    return path
