"""One evaluation file of IEMOCAP: its turns with every annotator's votes, or what is wrong with each, line by line."""

import re
from collections.abc import Iterator, Mapping
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


@dataclass(kw_only=True)
class Turn:
    """A turn as its file has it."""

    name: str
    dialog: str
    gender: str
    start: float
    """Seconds of the dialogue."""
    end: float
    stated: Mapping[Dimension, float]
    """The means that the file gives beside the votes."""
    written: list[Rating] = field(default_factory=list[Rating])
    """What the annotators wrote, sixes too."""
    without_rating: int = 0
    """Annotators' lines with a 6, which is no rating."""
    self_ratings: int = 0
    """Lines in which actors rate themselves."""

    @property
    def ratings(self) -> tuple[Rating, ...]:
        """The annotators' ratings."""
        return tuple(rating for rating in self.written if rating.score <= _HIGHEST)

    @property
    def stated_means(self) -> tuple[Rating, ...]:
        """The stated means of the dimensions that somebody rated."""
        rated = {rating.dimension for rating in self.ratings}
        return tuple(Rating(annotator=MEAN, dimension=d, score=self.stated[d]) for d in DIMENSIONS if d in rated)

    @property
    def is_mean_right(self) -> bool:
        """Whether the stated means are those of what the annotators wrote."""
        scores = [[rating.score for rating in self.written if rating.dimension == d] for d in DIMENSIONS]
        pairs = zip(DIMENSIONS, scores, strict=True)
        return all(not given or abs(fmean(given) - self.stated[d]) <= _ROUNDING for d, given in pairs)


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


class _Page:
    """A file under way: the turns and faults so far, and the turn whose block the next line belongs to."""

    def __init__(self, dialog: str) -> None:
        self.turns: list[Turn] = []
        self.faults: list[Fault] = []
        self.unused: list[Fault] = []
        self._dialog = dialog
        self._block: Turn | None = None
        self._last = ""
        self._is_lost = False
        self._seen: dict[str, int] = {}

    def take(self, number: int, line: str | bytes) -> None:
        """Take the next line, stripped; as bytes where it is no text."""
        if isinstance(line, bytes):
            is_unused = _is_unused(line.decode("latin-1"))
            self._is_lost = self._is_lost if is_unused else self._block is None
            turn = self._last if is_unused or self._block else ""
            self._note(turn, number, "is not UTF-8 text: convert the file to UTF-8", is_unused=is_unused)
        elif header := _HEADER.fullmatch(line):
            self._begin(number, header)
        elif line.startswith("["):
            # The raters' lines that follow belong to this turn, which is lost already.
            self._block, self._is_lost = None, True
            name = re.search(r"Ses\d{2}[FM]_\w+", line)
            self._note(
                name[0] if name else "", number, f"'{_short(line)}': expected '[start - end] turn category [V, A, D]'"
            )
            if name:
                self._seen.setdefault(name[0], number)
        elif not line or line.startswith("%"):
            self._block = None
        elif self._block is not None:
            self._rate(self._block, number, line)
        else:
            self._stray(number, line)

    def _note(self, turn: str, number: int, why: str, *, is_unused: bool = False) -> None:
        (self.unused if is_unused else self.faults).append(Fault(turn, number, why))

    def _begin(self, number: int, header: re.Match[str]) -> None:
        name = _TURN.fullmatch(header["turn"])
        turn = Turn(
            name=header["turn"],
            dialog=self._dialog,
            gender=name["gender"] if name else "",
            start=float(header["start"]),
            end=float(header["end"]),
            stated={dimension: float(header[dimension]) for dimension in DIMENSIONS},
        )
        self.turns.append(turn)
        self._block, self._last, self._is_lost = turn, turn.name, False
        first = self._seen.setdefault(turn.name, number)
        if first != number:
            self._note(turn.name, number, f"the turn stands already in line {first}")
        if name is None or name["dialog"] != self._dialog:
            expected = f"expected {self._dialog}_ and F or M with a number, such as {self._dialog}_F000"
            self._note(turn.name, number, f"turn '{turn.name}': {expected}")
        if turn.end <= turn.start:
            self._note(turn.name, number, f"the turn ends at {turn.end:g} s, before it begins at {turn.start:g} s")

    def _rate(self, turn: Turn, number: int, line: str) -> None:
        """Take a rater's line in; E names an annotator, F and M are the actors on themselves."""
        is_unused = _is_unused(line)
        votes = (_ATTRIBUTES if line.startswith("A") else _CATEGORIES).fullmatch(line)
        turn.self_ratings += is_unused and line.startswith("A")
        if votes is None:
            why = f"'{_short(line)}': expected a rater's line such as 'A-E1: val 3; act 2; dom 2; ()'"
            self._note(turn.name, number, why, is_unused=is_unused)
        if votes is None or is_unused:
            return
        rater = votes["rater"]
        scores: dict[Dimension, int] = {dimension: int(votes[dimension]) for dimension in DIMENSIONS}
        turn.without_rating += _NO_RATING in scores.values()
        for dimension, score in scores.items():
            if not _LOWEST <= score <= _NO_RATING:
                why = f"{dimension} {score}: expected a whole number from 1 to 5, or 6 for no rating"
                self._note(turn.name, number, why)
            if any((rating.annotator, rating.dimension) == (rater, dimension) for rating in turn.written):
                self._note(turn.name, number, f"{rater} rates {dimension} a second time")
            turn.written.append(Rating(annotator=rater, dimension=dimension, score=float(score)))

    def _stray(self, number: int, line: str) -> None:
        """Note a line that stands in no block."""
        if not _RATER.match(line):
            self._is_lost = True
            self._note("", number, f"'{_short(line)}' belongs to no turn")
        elif not self._is_lost:
            why = "is parted from its turn by a blank line: is it of this one?" if self._last else "belongs to no turn"
            self._note(self._last, number, f"'{_short(line)}' {why}", is_unused=_is_unused(line))


def read_evaluation(path: Path) -> Evaluation:
    """Read `dialog/EmoEvaluation/<dialog>.txt`; CRLF, a byte-order mark, double blanks make no difference.

    Raises:
        ValaroError: the file cannot be read, or is UTF-16.
    """
    page = _Page(path.stem)
    for number, line in _lines(path):
        page.take(number, line)
    # Also a turn of which only a second, damaged header or a vote elsewhere tells: which of them is right?
    spoilt = {fault.turn for fault in page.faults}
    turns = tuple(turn for turn in page.turns if turn.name not in spoilt)
    return Evaluation(turns=turns, faults=tuple(page.faults), unused=tuple(page.unused))


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


def _short(line: str) -> str:
    return line if len(line) <= 60 else f"{line[:57]}..."
