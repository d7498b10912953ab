"""A report's blocks as Markdown: tables with pipes, nothing that a reader's program could take for HTML."""

import re
from collections.abc import Iterable, Mapping
from functools import singledispatch

from valaro.reports.blocks import (
    Block,
    Bullets,
    Cell,
    Facts,
    Figure,
    Folded,
    Heading,
    Notice,
    Section,
    Sentence,
    Table,
    Verbatim,
    Verdict,
    walk,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#&$])")
_LIST = re.compile(r"^(\d*)([.)]|[-+=]+)(?=\s|$)")
"""What at a paragraph's start would make it a list or a rule."""


def markdown(title: str, blocks: Iterable[Block], pictures: Mapping[str, str] | None = None) -> str:
    """Return the document; `pictures` are the files of figures by their names, shown where the figure stands."""
    parts = ["<!-- made by valaro report -->", f"# {escaped(title)}"]
    for block in walk(blocks):
        if isinstance(block, Figure) and pictures and block.name in pictures:
            parts.append(f"![{escaped(block.label)}]({pictures[block.name]})")
        parts.append(_written(block))
    return "\n\n".join(part for part in parts if part) + "\n"


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
def _(block: Section) -> str:
    return f"## {escaped(block.title)}"


@_written.register
def _(block: Folded) -> str:
    return f"**{escaped(block.summary)}**"


@_written.register
def _(block: Verdict) -> str:
    use = f"\n\n{escaped(block.use)}" if block.use else ""
    return f"**{escaped(block.text)}**{use}" + (f"\n\n    {_one_line(block.command)}" if block.command else "")


@_written.register
def _(block: Bullets) -> str:
    return "\n".join(f"- {escaped(item)}" for item in block.items)


@_written.register
def _(block: Verbatim) -> str:
    return "\n".join(f"    {_one_line(line)}" for line in block.text.split("\n"))


@_written.register
def _(block: Figure) -> str:
    return "\n\n".join([*([_written(block.table)] if block.table else []), escaped(block.caption)])


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _cell(cell: Cell) -> str:
    text = f"**{escaped(cell.text)}**" if cell.is_strong else escaped(cell.text)
    return f"{text} ({escaped(cell.below)})" if cell.below else text


def _bold(lead: str) -> str:
    """Return the lead in bold; the space after it stands outside, or it would not be bold."""
    return f"**{escaped(lead)}** " if lead else ""
