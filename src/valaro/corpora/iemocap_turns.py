"""One evaluation file of IEMOCAP: its turns with every annotator's votes, or what is wrong with each, line by line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from valaro.errors import ValaroError, words_for
from valaro.labels.soft_labels import MEAN
from valaro.limits import LIMITS
from valaro.records import DIMENSIONS, Dimension, Rating
from valaro.regular import read_regular

_HEADER = re.compile(
    r"\[\s*(?P<start>\d{1,6}(?:\.\d+)?)\s*-\s*(?P<end>\d{1,6}(?:\.\d+)?)\s*\]\s+(?P<turn>\S+)\s+(?P<category>[a-z]{3})\s+"
    r"\[\s*(?P<valence>\d+(?:\.\d+)?)\s*,\s*(?P<arousal>\d+(?:\.\d+)?)\s*,\s*\d+(?:\.\d+)?\s*\]",
    re.ASCII,
)
# No blank may be taken in two ways: a damaged line would be tried in all of them, for hours.
_CATEGORIES = re.compile(r"C-(?P<rater>[A-Z]+\d+):\s*(?:[A-Za-z][A-Za-z ]*;\s*)+(?:\(.*\)?)?")
_ATTRIBUTES = re.compile(
    # `dom` has two blanks or no number in some lines, and is not used here.
    r"A-(?P<rater>[A-Z]+\d+):\s*val\s+(?P<valence>\d{1,9})\s*;\s*act\s+(?P<arousal>\d{1,9})\s*;\s*"
    r"(?:dom\s*(?:\d+\s*)?;\s*)?(?:\(.*\)?)?",
    re.ASCII,
)
_TURN = re.compile(r"(?P<dialog>Ses\d{2}[FM]_\w+)_(?P<gender>[FM])[0-9X]{3,4}", re.ASCII)
_RATER = re.compile(r"(?P<kind>[CA])-(?P<rater>[A-Z]+\d+):", re.ASCII)
_LOWEST, _HIGHEST = 1, 5
_NO_RATING = 6
"""So an annotator is written who gave no rating; the stated means count it all the same."""

_ROUNDING = 0.011
"""By so much a stated mean may differ from that of what the annotators wrote."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A turn as its file has it."""

    name: str
    dialog: str
    gender: str
    start: float
    """Seconds of the dialogue."""
    end: float
    ratings: tuple[Rating, ...]
    """Of the annotators."""
    stated_means: tuple[Rating, ...]
    """The means that the file gives beside the votes, of the dimensions that somebody rated."""
    is_mean_right: bool
    """Whether these are the means of what the annotators wrote."""
    without_rating: int
    """Annotators' lines with a 6, which is no rating."""
    self_ratings: int
    """Lines in which actors rate themselves."""


class Fault(NamedTuple):
    """What is wrong on a `line` of the file, and with which turn; `turn` is empty for a line that belongs to none."""

    turn: str
    line: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What one file gave; a turn is either in `turns` or has a fault."""

    turns: tuple[Turn, ...]
    faults: tuple[Fault, ...]
    unused: tuple[Fault, ...]
    """Lines of another form that nothing is read from: categories, actors on themselves."""


@dataclass
class _Block:
    """A turn under way: its header's line and match, the lines of its raters."""

    line: int
    header: re.Match[str]
    written: list[Rating] = field(default_factory=list[Rating])
    """What the annotators wrote, sixes too."""
    without_rating: int = 0
    self_ratings: int = 0
    faults: list[Fault] = field(default_factory=list[Fault])
    unused: list[Fault] = field(default_factory=list[Fault])

    @property
    def name(self) -> str:
        return self.header["turn"]

    def add(self, number: int, line: str) -> None:
        """Take a rater's line in; E names an annotator, F and M are the actors on themselves."""
        pattern = _ATTRIBUTES if line.startswith("A") else _CATEGORIES
        is_unused, votes = _is_unused(line), pattern.fullmatch(line)
        self.self_ratings += is_unused and line.startswith("A")
        if votes is None or (not is_unused and pattern is _CATEGORIES):
            (self.unused if is_unused else self.faults).append(Fault(self.name, number, _not_a_rater(line)))
        elif not is_unused:
            self._rate(number, votes)

    def _rate(self, number: int, votes: re.Match[str]) -> None:
        rater = votes["rater"]
        scores: dict[Dimension, int] = {dimension: int(votes[dimension]) for dimension in DIMENSIONS}
        self.without_rating += _NO_RATING in scores.values()
        for dimension, score in scores.items():
            if not _LOWEST <= score <= _NO_RATING:
                why = f"{dimension} {score}: expected a whole number from 1 to 5, or 6 for no rating"
                self.faults.append(Fault(self.name, number, why))
            if any((rating.annotator, rating.dimension) == (rater, dimension) for rating in self.written):
                self.faults.append(Fault(self.name, number, f"{rater} rates {dimension} a second time"))
            self.written.append(Rating(annotator=rater, dimension=dimension, score=float(score)))

    def close(self, dialog: str, first: int) -> Turn | None:
        """Return the turn, or None where it has faults; `first` is the line of its first header."""
        start, end = float(self.header["start"]), float(self.header["end"])
        name = _TURN.fullmatch(self.name)
        if first != self.line:
            self._fault(f"the turn stands already in line {first}")
        if name is None or name["dialog"] != dialog:
            self._fault(f"turn '{self.name}': expected {dialog}_ and F or M with a number, such as {dialog}_F000")
        if end <= start:
            self._fault(f"the turn ends at {end:g} s, before it begins at {start:g} s")
        if self.faults or name is None:
            return None
        ratings = tuple(rating for rating in self.written if rating.score <= _HIGHEST)
        rated: list[Dimension] = [
            dimension for dimension in DIMENSIONS if any(r.dimension == dimension for r in ratings)
        ]
        means = (Rating(annotator=MEAN, dimension=rating, score=float(self.header[rating])) for rating in rated)
        return Turn(
            name=self.name,
            dialog=dialog,
            gender=name["gender"],
            start=start,
            end=end,
            ratings=ratings,
            stated_means=tuple(means),
            is_mean_right=all(self._states_mean(dimension) for dimension in DIMENSIONS),
            without_rating=self.without_rating,
            self_ratings=self.self_ratings,
        )

    def _states_mean(self, dimension: Dimension) -> bool:
        scores = [rating.score for rating in self.written if rating.dimension == dimension]
        return not scores or abs(fmean(scores) - float(self.header[dimension])) <= _ROUNDING

    def _fault(self, why: str) -> None:
        self.faults.append(Fault(self.name, self.line, why))


class _Page:
    """A file under way: the turns and faults so far, and the block that the next line belongs to."""

    def __init__(self, dialog: str) -> None:
        self.turns: list[Turn] = []
        self.faults: list[Fault] = []
        self.unused: list[Fault] = []
        self._dialog = dialog
        self._block: _Block | None = None
        self._last = ""
        self._is_lost = False
        self._seen: dict[str, int] = {}

    def take(self, number: int, line: str) -> None:
        header = _HEADER.fullmatch(line)
        if header or not line or line.startswith(("[", "%")):
            self.close()
        if header:
            self._block = _Block(number, header)
            self._last, self._is_lost = self._block.name, False
        elif line.startswith("["):
            # The raters' lines that follow belong to this turn, which is lost already.
            self._is_lost = True
            name = re.search(r"Ses\d{2}[FM]_\w+", line)
            why = f"'{_short(line)}': expected '[start - end] turn category [V, A, D]'"
            self.faults.append(Fault(name[0] if name else "", number, why))
            if name:
                # A second header of that name would be read, and the turn counted as read and as refused.
                self._seen.setdefault(name[0], number)
        elif line and not line.startswith("%"):
            self._rated(number, line)

    def spoilt(self, number: int, line: bytes) -> None:
        """Note a line that is no text."""
        why = "is not UTF-8 text: convert the file to UTF-8"
        if _is_unused(line.decode("latin-1")):
            self.unused.append(Fault(self._last, number, why))
            return
        self._is_lost = self._block is None
        if self._block is None:
            self.faults.append(Fault("", number, why))
        else:
            self._block.faults.append(Fault(self._block.name, number, why))

    def close(self) -> None:
        block, self._block = self._block, None
        if block is None:
            return
        turn = block.close(self._dialog, self._seen.setdefault(block.name, block.line))
        self.faults += block.faults
        self.unused += block.unused
        if turn is not None:
            self.turns.append(turn)

    def _rated(self, number: int, line: str) -> None:
        if self._block is not None:
            self._block.add(number, line)
        elif not _RATER.match(line):
            self._is_lost = True
            self.faults.append(Fault("", number, f"'{_short(line)}' belongs to no turn"))
        elif not self._is_lost:
            why = "is parted from its turn by a blank line: is it of this one?" if self._last else "belongs to no turn"
            fault = Fault(self._last, number, f"'{_short(line)}' {why}")
            (self.unused if _is_unused(line) else self.faults).append(fault)
            if not _is_unused(line) and self.turns and self.turns[-1].name == self._last:
                del self.turns[-1]


def read_evaluation(path: Path) -> Evaluation:
    """Read `dialog/EmoEvaluation/<dialog>.txt`; CRLF, a byte-order mark, double blanks make no difference.

    Raises:
        ValaroError: the file cannot be read, or is UTF-16.
    """
    page = _Page(path.stem)
    for number, line in _lines(path):
        if isinstance(line, bytes):
            page.spoilt(number, line)
        else:
            page.take(number, line)
    page.close()
    return Evaluation(turns=tuple(page.turns), faults=tuple(page.faults), unused=tuple(page.unused))


def _lines(path: Path) -> Iterator[tuple[int, str | bytes]]:
    """Yield each line with its number, stripped; as bytes where it is not UTF-8."""
    raw = read_bytes(path)
    for number, line in enumerate(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), start=1):
        try:
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            yield number, line


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a text file.

    Raises:
        ValaroError: it cannot be read, or is UTF-16.
    """
    try:
        raw = read_regular(path, LIMITS.most_annotation_bytes)
    except (OSError, ValueError) as error:
        raise ValaroError(f"{path}: cannot be read: {words_for(error)}") from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValaroError(f"{path}, line 1: the text is UTF-16: convert the file to UTF-8")
    return raw


def _is_unused(line: str) -> bool:
    """Whether nothing is read from the line: categories, and what actors said of themselves."""
    start = _RATER.match(line)
    return start is not None and not (start["kind"] == "A" and start["rater"].startswith("E"))


def _not_a_rater(line: str) -> str:
    return f"'{_short(line)}': expected a rater's line such as 'A-E1: val 3; act 2; dom 2; ()'"


def _short(line: str) -> str:
    return line if len(line) <= 60 else f"{line[:57]}..."
