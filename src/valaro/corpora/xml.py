"""The elements of an XML file from outside: no document type, no entities, no other file, a limit of size.

An entity can blow a kilobyte up to gigabytes or bring in another file, and needs a document type to be declared in; the
annotations of corpora have none. So a file that has one is refused where it begins.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

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
    expat = _guarded_parser()
    starts = _Starts(expat)
    size = 0
    try:
        with path.open("rb") as file:
            while portion := file.read(_PORTION):
                size += len(portion)
                if size > limits.most_annotation_bytes:
                    most = f"{limits.most_annotation_bytes:,}"
                    raise ValaroError(f"{path}: larger than {most} bytes, which no annotation is")
                expat.Parse(portion, False)
                yield from starts.elements
                starts.elements.clear()
        expat.Parse(b"", True)
    except ExpatError as error:
        raise ValaroError(f"{path}, line {error.lineno}: not well-formed XML ({_reason(error)})") from None
    except DefusedXmlException:
        why = "declares a document type (DTD), which can hide entities and other files: expected elements alone"
        raise ValaroError(f"{path}, line {expat.CurrentLineNumber}: {why}") from None
    except _EncodingError as error:
        raise ValaroError(f"{path}, line 1: encoding '{error}': expected {', '.join(ENCODINGS)}") from None
    except OSError as error:
        raise ValaroError(f"{path}: cannot be read: {error.strerror}") from None


class _EncodingError(Exception):
    pass


class _Nothing:
    """Takes nothing from the parser, which then builds no tree."""


def _guarded_parser() -> Any:  # noqa: ANN401 - expat's parser has no type of its own
    """Return defusedxml's parser without the layer above it, which would take half of the time."""
    expat: Any = DefusedXMLParser(target=_Nothing(), forbid_dtd=True).parser
    expat.XmlDeclHandler = _check_encoding
    expat.DefaultHandlerExpand = None
    expat.ordered_attributes = False
    return expat


class _Starts:
    """What the parser tells: the elements since they were last taken away."""

    def __init__(self, expat: Any) -> None:  # noqa: ANN401
        self.elements: list[Element] = []
        self._depth = 0
        self._expat = expat
        expat.StartElementHandler, expat.EndElementHandler = self._start, self._end

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.elements.append(Element(tag, attributes, self._expat.CurrentLineNumber, self._depth))
        self._depth += 1

    def _end(self, _tag: str) -> None:
        self._depth -= 1


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.upper() not in ENCODINGS:
        raise _EncodingError(encoding)


def _reason(error: ExpatError) -> str:
    return str(error).partition(":")[0]
