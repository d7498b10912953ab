"""A report's blocks as Markdown: tables with pipes, nothing that a reader's program could take for HTML."""

import re
from collections.abc import Mapping, Sequence
from functools import singledispatch

from valaro.records import LEVELS
from valaro.reports.blocks import Block, Cell, Charts, Facts, Heading, Matrices, Notice, Sentence, Table
from valaro.reports.sentences import count, percent

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#&$])")
_LIST = re.compile(r"^(\d*)([.)]|[-+=]+)(?=\s|$)")
"""What at a paragraph's start would make it a list or a rule."""


def markdown(title: str, blocks: Sequence[Block], pictures: Mapping[str, str] | None = None) -> str:
    """Return the document; `pictures` are the files of figures by their names, shown where the figure stands."""
    parts = ["<!-- made by valaro report -->", f"# {escaped(title)}"]
    for block in blocks:
        named = block.name if isinstance(block, Matrices | Charts) else ""
        if pictures and named in pictures:
            parts.append(
                f"![{escaped(block.caption if isinstance(block, Matrices | Charts) else '')}]({pictures[named]})"
            )
        parts.append(_written(block))
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Return text that Markdown shows as it is, on one line.

    >>> print(escaped("a_b | <c>"), escaped("1. x"))
    a\_b \| \<c\> 1\. x
    """
    seen = "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))
    plain = _SPECIAL.sub(r"\\\1", seen)
    return _LIST.sub(r"\1\\\2", plain)


@singledispatch
def _written(block: object) -> str:
    raise TypeError(f"no Markdown for {type(block).__name__}")


@_written.register
def _(block: Heading) -> str:
    return f"{'#' * block.level} {escaped(block.text)}"


@_written.register
def _(block: Sentence) -> str:
    return f"{_bold(block.lead)}{escaped(block.text)}"


@_written.register
def _(block: Notice) -> str:
    return f"> {_bold(block.lead)}{escaped(block.text)}"


@_written.register
def _(block: Facts) -> str:
    return "\n".join(f"- {_bold(f'{name}: ')}{escaped(text)}" for name, text in block.pairs)


@_written.register
def _(block: Table) -> str:
    rules = ["---" if column.is_words else "---:" for column in block.columns]
    lines = [
        [escaped(column.name) for column in block.columns],
        rules,
        *([_cell(c) for c in row] for row in block.rows),
    ]
    written = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{written}\n\n{escaped(block.caption)}" if block.caption else written


@_written.register
def _(block: Matrices) -> str:
    lines = [["model", "true level", *(f"said {level}, %" for level in LEVELS)], ["---", "---", *["---:"] * 3]]
    for row in block.rows:
        for place, level in enumerate(LEVELS):
            counts = [float(number) for number in row.matrix[place]]
            total = sum(counts)
            shares = [f"{percent(n / total if total else None)} ({count(n)})" for n in counts]
            lines.append([escaped(row.model_result.label), level, *shares])
    written = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{written}\n\n{escaped(block.caption)}"


@_written.register
def _(block: Charts) -> str:
    return f"{_written(block.table)}\n\n{escaped(block.caption)}"


def _cell(cell: Cell) -> str:
    text = f"**{escaped(cell.text)}**" if cell.is_strong else escaped(cell.text)
    return f"{text} ({escaped(cell.below)})" if cell.below else text


def _bold(lead: str) -> str:
    """Return the lead in bold; the space after it stands outside, or it would not be bold."""
    return f"**{escaped(lead)}** " if lead else ""
