"""The names of the timelines of many recordings in one folder: each its own, on any file system."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

import xxhash

from valaro.visible import is_hidden

_LONGEST = 180
"""Bytes of a name before its number and suffix: 255 are allowed, of which an encrypted folder takes a part."""


def page_names(recordings: Sequence[Path], suffix: str = ".html") -> list[str]:
    """Return a file's name for each recording: its own, with its number where another one would have the same.

    Names that differ in capitals alone, or in how an accent is written, are the same file on many systems.

    >>> page_names([Path("x/a.mp4"), Path("y/A.mp4"), Path("b.mp4")])
    ['a-1.html', 'A-2.html', 'b.html']
    """
    stems = [_fitting(recording.stem) for recording in recordings]
    counts = Counter(map(_same, stems))
    names = {index: stem for index, stem in enumerate(stems) if counts[_same(stem)] == 1}
    taken = set(map(_same, names.values()))
    for index, stem in enumerate(stems):
        if index in names:
            continue
        name = f"{stem}-{index + 1}"
        while _same(name) in taken:
            name = f"{name}-{index + 1}"
        names[index] = name
        taken.add(_same(name))
    return [names[index] + suffix for index in range(len(stems))]


def _same(name: str) -> str:
    return normalize("NFC", name).casefold()


def _fitting(stem: str) -> str:
    """Return a name without signs that command a terminal, and cut with a checksum where it is too long."""
    shown = "".join("_" if is_hidden(character) else character for character in stem)
    content = shown.encode()
    if len(content) <= _LONGEST:
        return shown
    return f"{content[:_LONGEST].decode(errors='ignore')}~{xxhash.xxh3_64_hexdigest(content)[:8]}"
