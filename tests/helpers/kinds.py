"""Readers as users call them: by the name of the kind, with options as keywords."""

from collections.abc import Callable
from pathlib import Path

from valaro.corpora.reading import Reading
from valaro.corpora.registry import read_kind


def reader(kind: str) -> Callable[..., Reading]:
    """Return a function that reads a corpus of this kind."""

    def read(path: Path, *, on_progress: Callable[[int, int], None] | None = None, **options: object) -> Reading:
        return read_kind(kind, path, options, on_progress)

    return read
