"""A report's blocks as Markdown: tables with pipes, nothing that a reader's program could take for HTML."""

import re
from collections.abc import Iterable, Mapping

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


def _written(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {escaped(block.text)}"
        case Sentence():
            return f"{_bold(block.lead)}{escaped(block.text)}"
        case Notice():
            return f"> {_bold(block.lead)}{escaped(block.text)}"
        case Facts():
            return "\n".join(f"- {_bold(f'{name}: ')}{escaped(text)}" for name, text in block.pairs)
        case Bullets():
            return "\n".join(f"- {escaped(item)}" for item in block.items)
        case Verbatim():
            return "\n".join(f"    {_one_line(line)}" for line in block.text.split("\n"))
        case Verdict():
            uses = [part for use, command in block.uses for part in (escaped(use), _written(Verbatim(text=command)))]
            return "\n\n".join([f"**{escaped(block.text)}**", *filter(str.strip, uses)])
        case Table():
            return _table(block)
        case Figure():
            parts = [_table(block.table) if block.table else "", escaped(block.caption), _note(block.note)]
            return "\n\n".join(filter(None, parts))
        case Section():
            return f"## {escaped(block.title)}"
        case Folded():
            return f"**{escaped(block.summary)}**"


def _table(block: Table) -> str:
    rules = ["---" if column.is_words else "---:" for column in block.columns]
    lines = [[escaped(column.name) for column in block.columns], rules, *(map(_cell, row) for row in block.rows)]
    written = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join(filter(None, [written, escaped(block.caption), _note(block.note)]))


def _note(text: str) -> str:
    return _written(Notice(text=text)) if text else ""


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _cell(cell: Cell) -> str:
    text = f"**{escaped(cell.text)}**" if cell.is_strong else escaped(cell.text)
    return f"{text} ({escaped(cell.below)})" if cell.below else text


def _bold(lead: str) -> str:
    """Return the lead in bold; the space after it stands outside, or it would not be bold."""
    return f"**{escaped(lead)}** " if lead else ""
