"""What a cell of a table says: a number, seconds, a score on a scale, a gender, a region, a recording."""

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from unicodedata import category, name, normalize

from valaro.corpora.table_faults import CellError, Fault
from valaro.errors import ValaroError, unknown_name
from valaro.records import LEVEL_SCORES
from valaro.regular import foreign_path, why_not_readable

Value = TypeVar("Value")
Region = tuple[float, float, float, float]

LEFT: Region = (0.0, 0.0, 0.5, 1.0)
RIGHT: Region = (0.5, 0.0, 1.0, 1.0)
REGIONS: dict[str, Region | None] = {
    "left": LEFT,
    "right": RIGHT,
    "top": (0.0, 0.0, 1.0, 0.5),
    "bottom": (0.0, 0.5, 1.0, 1.0),
    "full": None,
}
GENDERS = {"": "", "f": "F", "female": "F", "m": "M", "male": "M"}
NOT_NAMED = "speaker '{}': a name cannot begin with '?', which marks people who are not named"
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, bytes of a file's name that are not UTF-8, and the two characters that end a line or paragraph:
formats refuse them or make of them what they like."""
_NOTHING = frozenset({"na", "n/a", "#n/a", "nan", "none", "null", "nil", "-", "--", "\u2013", "\u2014", "?", ".", "x"})
"""What other programs write into a cell about which nothing is known."""
_BLANK_SIGNS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Signs that Unicode counts as letters, marks or symbols and that nobody sees."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


class RowParser:
    """Parses the cells of the row on `line`; what is wrong with them is in `faults`, all of it."""

    def __init__(self, line: int = 0) -> None:
        self.line = line
        self.faults: list[Fault] = []

    def add(self, reason: str, *values: object) -> None:
        """Add a fault; `values` fill the braces in its reason."""
        self.faults.append(Fault(self.line, reason, values))

    def parse(self, parse: Callable[[str], Value], text: str, otherwise: Value) -> Value:
        """Return what `parse` makes of a cell, `otherwise` where it raises."""
        try:
            return parse(text)
        except CellError as error:
            self.add(error.reason, *error.values)
            return otherwise

    def seconds(self, column: str, text: str) -> float | None:
        """Return seconds; None where nothing is said, or no seconds."""
        return self.parse(lambda cell: seconds_of(column, cell), text, None)


def checked_name(source: Path, name: str) -> str:
    """Return the name of a corpus or its people, which goes before a `/` in ids and speakers."""
    if not name or "/" in name or not name.isprintable():
        raise ValaroError(f"{source}: '{name}' names no corpus or people: expected a printable word without '/'")
    return normalize("NFC", name)


def fits_a_cell(text: str) -> bool:
    """Whether a table gives a text back as it is: every character can be written and seen, no blanks around it.

    >>> [fits_a_cell(text) for text in ("03", "Ses 1", " 03", "a" + chr(10) + "b")]
    [True, True, False, False]
    """
    return text == text.strip() and not hidden_sign(text) and not any(category(sign) in _CONTROLS for sign in text)


def hidden_sign(text: str) -> str:
    """Return the name of the first sign in `text` that nobody sees, with which one name would be two; else nothing.

    >>> hidden_sign("An" + chr(0x200B) + "na"), hidden_sign("Anna")
    ('ZERO WIDTH SPACE (U+200B)', '')
    """
    hidden = next((sign for sign in text if category(sign) == "Cf" or sign in _BLANK_SIGNS), "")
    return f"{name(hidden, 'a format character')} (U+{ord(hidden):04X})" if hidden else ""


def checked_scale(scale: tuple[float, float] | None) -> tuple[float, float]:
    """Return the lowest and the highest value of a scale, 1 and 5 if none is stated."""
    low, high = scale or (1.0, 5.0)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValaroError(f"scale {low:g} to {high:g}: expected two numbers, the lower one first")
    return low, high


def number_of(text: str) -> float:
    """Return a finite number."""
    if text.lower() in _NOTHING:
        raise CellError("'{}' is not a number: leave the cell empty where nothing is known", text)
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        hint = " (write a decimal point)" if re.fullmatch(r"-?\d+,\d+", text) else ""
        raise CellError(f"'{{}}' is not a number{hint}", text)
    return float(text)


def seconds_of(column: str, text: str) -> float | None:
    """Return seconds from the beginning of a recording; None where nothing is said."""
    if not text:
        return None
    try:
        seconds = number_of(text)
    except CellError as error:
        raise CellError(f"{column}: {error.reason}; expected seconds", *error.values) from None
    if seconds < 0:
        raise CellError(f"{column}: {{}} s is before the recording begins", text)
    return seconds


def gender_of(text: str) -> str:
    """Return `F`, `M`, or nothing where nothing is said."""
    if text.lower() not in GENDERS:
        raise CellError("gender '{}': expected F, M, female, male or nothing", text)
    return GENDERS[text.lower()]


def media_of(text: str, home: Path, root: Path | None) -> Path:
    """Return the path of a recording, which must exist below `root`, or below `home` where no root is stated.

    Relative names begin there. A link there may lead anywhere.
    """
    # By name, not by where links lead: a folder of links is a corpus, too.
    top = Path(os.path.normpath((root or home).absolute()))
    media = top / text
    if not text or "\0" in text:
        return media
    why = why_not_readable(media)
    foreign = foreign_path(text) if why and not os.path.lexists(media) else ""
    if foreign:
        raise CellError("file '{}' {}", text, foreign)
    if not Path(os.path.normpath(media)).is_relative_to(top):
        hint = "" if root else ": if that is meant, --root FOLDER says where recordings lie and relative names begin"
        raise CellError(f"file '{{}}' leaves the folder {{}}{hint}", text, top)
    if why:
        raise CellError(f"file '{{}}' {why} (looked in {{}})", text, top)
    return media


def region_of(text: str) -> Region | None:
    """Return the part of the picture that holds the speaker; None: all of it."""
    if not text:
        return None
    if text.lower() in REGIONS:
        return REGIONS[text.lower()]
    expected = f"expected {', '.join(REGIONS)}, or four fractions left top right bottom such as 0.5 0 1 1"
    parts = re.split(r"[\s,;]+", text)
    if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise CellError(f"region '{{}}': {expected}", text)
    left, top, right, bottom = (float(part) for part in parts)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise CellError(f"region '{{}}': {expected}, with 0 <= left < right <= 1 and 0 <= top < bottom <= 1", text)
    return left, top, right, bottom


def score_of(text: str, scale: tuple[float, float]) -> float:
    """Return a level or a number on `scale` as a score on the 1-5 scale."""
    if text.lower() in LEVEL_SCORES:
        return LEVEL_SCORES[text.lower()]
    if text.lower() in _NOTHING:
        raise CellError("unknown level '{}': leave the cell empty where there is no label", text)
    if any(sign.isalpha() for sign in text) and not _NUMBER.fullmatch(text):
        raise CellError("{}", unknown_name("level", text, LEVEL_SCORES))
    low, high = scale
    score = number_of(text)
    if not low <= score <= high:
        raise CellError(f"{{}} is outside the scale {low:g} to {high:g}: state its scale with --scale LOW HIGH", text)
    return on_five(score, scale)


def on_five(score: float, scale: tuple[float, float]) -> float:
    """Return a number on `scale` as a score on the 1-5 scale.

    >>> on_five(0, (-1, 1))
    3.0
    """
    low, high = scale
    return score if scale == (1.0, 5.0) else 1.0 + 4.0 * (score - low) / (high - low)
