"""What is wrong with a table: each fault with its line and its reason, many of one reason in few lines."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from valaro.errors import ValaroError

_ALIKE = 3
"""Faults of one reason that still get a line each."""

_DIFFERENT = 5
"""Texts of one reason (a misspelt level, say) up to which each text gets a line of its own."""


class CellError(ValaroError):
    """A cell that makes no sense: `reason` is the same for all cells of one cause, `values` fill the braces in it."""

    def __init__(self, reason: str, *values: object) -> None:
        super().__init__(reason.format(*values) if values else reason)
        self.reason, self.values = reason, values


class Fault(NamedTuple):
    """What is wrong on a `line` (0: in the file as a whole), told as a `CellError` is."""

    line: int
    reason: str
    values: tuple[object, ...] = ()

    @property
    def why(self) -> str:
        """The reason with its values, in words."""
        return self.reason.format(*self.values) if self.values else self.reason


def line_word(path: Path) -> str:
    """Return what the lines of a table are called: a Parquet file has rows alone."""
    return "row" if path.suffix.lower() == ".parquet" else "line"


def line_name(path: Path, line: int) -> str:
    """Return how a message names a line of a table."""
    return f"{path}, {line_word(path)} {line}" if line else str(path)


def in_few_lines(path: Path, faults: Sequence[Fault]) -> list[str]:
    """Return the faults in the order in which their reasons first come up."""
    reasons: dict[str, dict[str, list[Fault]]] = defaultdict(lambda: defaultdict(list))
    for fault in faults:
        reasons[fault.reason][fault.why].append(fault)
    lines: list[str] = []
    for texts in reasons.values():
        alike = list(texts.values())
        groups = alike if len(alike) <= _DIFFERENT else [sorted(chain(*alike), key=lambda fault: fault.line)]
        lines += [line for group in groups for line in _group_lines(path, group)]
    return lines


def _group_lines(path: Path, group: Sequence[Fault]) -> list[str]:
    if len(group) <= _ALIKE:
        return [f"{line_name(path, fault.line)}: {fault.why}" for fault in group]
    first, *others = group
    rest = f" and {len(others) - _ALIKE} more" if len(others) > _ALIKE else ""
    lines = ", ".join(str(fault.line) for fault in others[:_ALIKE])
    likewise = f"{len(group)} times in all, likewise in {line_word(path)}s {lines}{rest}"
    return [f"{line_name(path, first.line)}: {first.why} ({likewise})"]
