"""Faults of a table in few lines: what has one cause on many rows is one line, with a count and the first rows."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from valaro.corpora.table_reader import Fault, line_word, place

_ALIKE = 3
"""Faults of one cause that still get a line each."""

_DIFFERENT = 5
"""Texts of one cause (a misspelt level, say) up to which each text gets a line of its own."""

_VARYING = re.compile(r"'.*'|\d+(?:\.\d+)?")
"""What differs between rows of one cause: what they hold, in quotation marks, and numbers."""


def in_few_lines(path: Path, faults: Sequence[Fault]) -> list[str]:
    """Return the faults with file and line, in the order in which their causes first come up."""
    causes: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        causes[_VARYING.sub("_", fault.why)].append(fault)
    return [line for alike in causes.values() for group in _groups(alike) for line in _lines(path, group)]


def _groups(alike: Sequence[Fault]) -> list[list[Fault]]:
    texts: dict[str, list[Fault]] = defaultdict(list)
    for fault in alike:
        texts[fault.why].append(fault)
    return list(texts.values()) if len(texts) <= _DIFFERENT else [list(alike)]


def _lines(path: Path, group: Sequence[Fault]) -> list[str]:
    if len(group) <= _ALIKE:
        return [f"{place(path, fault.line)}: {fault.why}" for fault in group]
    first, *others = group
    rest = f" and {len(others) - _ALIKE} more" if len(others) > _ALIKE else ""
    lines = ", ".join(str(fault.line) for fault in others[:_ALIKE])
    likewise = f"{len(group)} times in all, likewise in {line_word(path)}s {lines}{rest}"
    return [f"{place(path, first.line)}: {first.why} ({likewise})"]
