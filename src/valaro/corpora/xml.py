"""The elements of an XML file from outside: no document type, no entities, no other file, a limit of size.

An entity can blow a kilobyte up to gigabytes or bring in another file, and needs a document type to be declared in; the
annotations of corpora have none. So a file that has one is refused where it begins, as defusedxml does it. That builds
a tree, which takes twice the time, and does not say on which line an element stands; so expat is used by itself.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from valaro.errors import ValaroError
from valaro.limits import LIMITS, Limits
from valaro.regular import why_no_file

ENCODINGS = ("UTF-8", "ISO-8859-1", "US-ASCII", "UTF-16")
"""What expat reads by itself; for any other name it would call one of Python's codecs."""

_PORTION = 1 << 20  # in smaller ones a single long name would be scanned again and again


class Element(NamedTuple):
    """An element's start: `depth` is 0 for the root; names in a namespace are `address}name`."""

    name: str
    attributes: Mapping[str, str]
    line: int
    depth: int


def read_elements(path: Path, *, limits: Limits = LIMITS) -> Iterator[Element]:
    """Yield the elements of a file in their order, in constant memory; what stands between them is passed over.

    Raises:
        ValaroError: no such file, too large, not XML, or with a document type; each with the line.
    """
    why = why_no_file(path, "a file")
    if why:
        raise ValaroError(f"{path}: {why}")
    reader, size = _Reader(), 0
    try:
        with path.open("rb") as file:
            while portion := file.read(_PORTION):
                size += len(portion)
                if size > limits.most_annotation_bytes:
                    most = f"{limits.most_annotation_bytes:,}"
                    raise ValaroError(f"{path}: larger than {most} bytes, which no annotation is")
                reader.parser.Parse(portion, False)
                yield from reader.elements
                reader.elements.clear()
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ValaroError(
            f"{path}, line {error.lineno}: not well-formed XML ({expat.ErrorString(error.code)})"
        ) from None
    except _RefusedError as error:
        raise ValaroError(f"{path}, line {reader.parser.CurrentLineNumber}: {error}") from None
    except OSError as error:
        raise ValaroError(f"{path}: cannot be read: {error.strerror}") from None


class _RefusedError(Exception):
    pass


class _Reader:
    """A parser, and the elements that it met since they were last taken away."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self._depth = 0
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.XmlDeclHandler = self._declare
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.upper() not in ENCODINGS:
            raise _RefusedError(f"encoding '{encoding}': expected {', '.join(ENCODINGS)}")

    def _refuse(self, *_declared: object) -> None:
        raise _RefusedError(
            "declares a document type (DTD), which can hide entities and other files: expected elements alone"
        )

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.elements.append(Element(tag, attributes, self.parser.CurrentLineNumber, self._depth))
        self._depth += 1

    def _end(self, _tag: str) -> None:
        self._depth -= 1
