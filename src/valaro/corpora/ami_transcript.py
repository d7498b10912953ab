"""Three consecutive words, wherever a speaker of AMI says them.

`words/<meeting>.<speaker>.words.xml` has `<w starttime="" endtime="">` for a word, `punc="true"` for punctuation, which
takes no time, `trunc="true"` for a word broken off, and between them `vocalsound`, `disfmarker` and others. Words are
consecutive if nothing but these stands between them, the pause there is no longer than MOST_PAUSE and the transcriber
began no new segment. Whatever may hide a word parts them: a word without times (it was not found in the sound), a `gap`
(it was not written down), a word that begins before the one that it follows.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int32

from valaro.corpora.ami_folder import AmiFolder
from valaro.corpora.ami_meetings import NITE
from valaro.corpora.links import Link, inside, read_link
from valaro.corpora.xml import Element, read_elements
from valaro.errors import ValaroError

MOST_PAUSE = 0.5
"""Seconds from the end of a word to the beginning of the next one."""

_ID = f"{NITE}id"
_LONGEST_RECORDING = 1e6  # seconds; beyond it a time is damage
_ROUNDING = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Transcript:
    """Where three words begin and end, in seconds, and the `places` of their middle words among the file's elements.

    Of the `words` read, `untimed` have no times and `impossible`, with file and line, have times that no word has;
    `faults` are sentences about segments that make no sense.
    """

    places: Int32[np.ndarray, " n"]
    begins: Float64[np.ndarray, " n"]
    ends: Float64[np.ndarray, " n"]
    words: int
    untimed: int
    impossible: tuple[str, ...]
    faults: tuple[str, ...]


class _Word(NamedTuple):
    begin: float
    end: float
    number: int


@dataclass(kw_only=True)
class _Bounds:
    """The ids with which segments begin and end, and what is wrong with the segments."""

    firsts: set[str] = field(default_factory=set[str])
    lasts: set[str] = field(default_factory=set[str])
    faults: list[str] = field(default_factory=list[str])


def read_transcript(folder: AmiFolder, name: str) -> Transcript:
    """Read the words of the speaker called `name`, as in `ES2002a.B`, parted as the segments are where there are some.

    Raises:
        ValaroError: the words cannot be read; a fault of the segments is in `faults`, since they only part words.
    """
    path = inside(folder.annotations, folder.words(name))
    bounds = _read_bounds(folder, name)
    reader = _Reader(bounds)
    for number, element in enumerate(read_elements(path), start=-1):
        reader.read(element, number)
    places, begins, ends = zip(*reader.triples, strict=True) if reader.triples else ((), (), ())
    return Transcript(
        places=np.array(places, np.int32),
        begins=np.array(begins, np.float64),
        ends=np.array(ends, np.float64),
        words=reader.words,
        untimed=reader.untimed,
        impossible=tuple(f"{path}, {words}" for words in reader.impossible),
        faults=tuple(bounds.faults),
    )


class _Reader:
    """The last words that belong together, and what was found on the way."""

    def __init__(self, bounds: _Bounds) -> None:
        self.triples: list[tuple[int, float, float]] = []
        self.impossible: list[str] = []
        self.words = self.untimed = 0
        self._bounds = bounds
        self._run: list[_Word] = []
        self._is_parted = False

    def read(self, element: Element, number: int) -> None:
        """Take the next element, the `number`-th of the file."""
        identity = element.attributes.get(_ID, "")
        if self._is_parted or identity in self._bounds.firsts or element.name == "gap":
            self._run.clear()
        self._is_parted = identity in self._bounds.lasts
        if element.name == "w" and element.attributes.get("punc") != "true":
            self.words += 1
            word = self._word(element, number)
            if word is None:
                self._run.clear()
            else:
                self._follow(word)

    def _word(self, element: Element, number: int) -> _Word | None:
        begin, end = element.attributes.get("starttime"), element.attributes.get("endtime")
        if not begin or not end:
            self.untimed += 1
            return None
        word = _Word(_seconds(begin), _seconds(end), number)
        # A time that is no number is NaN, which is in no order with another.
        if 0 <= word.begin <= word.end < _LONGEST_RECORDING:
            return word
        self.impossible.append(f"line {element.line}: a word from '{begin}' to '{end}' s")
        return None

    def _follow(self, word: _Word) -> None:
        run = self._run
        if run and not run[-1].begin <= word.begin <= run[-1].end + MOST_PAUSE + _ROUNDING:
            run.clear()
        run.append(word)
        if len(run) == 3:
            self.triples.append((run[1].number, run[0].begin, word.end))
            del run[0]


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _read_bounds(folder: AmiFolder, name: str) -> _Bounds:
    """Return where segments begin and end among a speaker's words, nowhere if there is no file of segments."""
    path, words, bounds = folder.segments(name), folder.words(name).name, _Bounds()
    try:
        for element in read_elements(inside(folder.annotations, path)) if path.is_file() else ():
            href = element.attributes.get("href")
            if element.name == f"{NITE}child" and href is not None:
                try:
                    link = _link(href, words)
                except ValaroError as error:
                    bounds.faults.append(f"{path}, line {element.line}: {error}")
                else:
                    bounds.firsts.add(link.first)
                    bounds.lasts.add(link.last)
    except ValaroError as error:
        bounds.faults.append(str(error))
    return bounds


def _link(href: str, words: str) -> Link:
    link = read_link(href)
    if link.file != words:
        raise ValaroError(f"the link '{href}' leads to another file, expected {words}")
    return link
