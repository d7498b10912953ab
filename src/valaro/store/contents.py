"""What is in the recordings behind a store: a checksum of each file, taken again only where it may have changed."""

from pathlib import Path

import xxhash

from valaro.files import write_text
from valaro.regular import why_not_readable

NAME = "recordings.txt"
_PORTION = 1 << 20


class Contents:
    """Checksums of whole files by path, remembered with what the file system said of each when it was read.

    A correction in place keeps a file's size and may keep its date; it never keeps all of size, date, date of its last
    change, and place on the disk. So a file that was merely touched or copied costs a reading, and no extraction.
    """

    def __init__(self, store: Path | None = None) -> None:
        self._file = None if store is None else store / NAME
        self._known: dict[str, tuple[str, str]] = {}
        self._has_new = False
        if self._file is not None and self._file.is_file():
            rows = (line.split() for line in self._file.read_text(encoding="ascii", errors="replace").splitlines())
            self._known = {row[0]: (row[1], row[2]) for row in rows if len(row) == 3}

    def of(self, path: Path) -> tuple[int, str]:
        """Return a file's bytes and their checksum; -1 and nothing where there is no file to be read."""
        if why_not_readable(path):
            return -1, ""
        facts = path.stat()
        name = _digest(str(path.absolute()).encode(errors="surrogateescape"))
        stamp = _digest(
            repr((facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_dev, facts.st_ino)).encode()
        )
        before, content = self._known.get(name, ("", ""))
        if before != stamp:
            try:
                content = _checksum_of(path)
            except OSError:
                return -1, ""
            self._known[name] = stamp, content
            self._has_new = True
        return facts.st_size, content

    def keep(self) -> None:
        """Write what was learnt into the store."""
        if self._file is not None and self._has_new:
            lines = (f"{name} {stamp} {content}\n" for name, (stamp, content) in sorted(self._known.items()))
            write_text(self._file, "".join(lines))
            self._has_new = False


def _checksum_of(path: Path) -> str:
    digest = xxhash.xxh3_64()
    with path.open("rb", buffering=0) as file:
        while portion := file.read(_PORTION):
            digest.update(portion)
    return digest.hexdigest()


def _digest(data: bytes) -> str:
    return xxhash.xxh3_64_hexdigest(data)
