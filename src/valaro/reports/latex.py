"""A report's blocks as LaTeX with booktabs, written in ASCII, so that every LaTeX engine sets it."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

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

_HEAD = r"""% made by valaro report
% \input this in a document with these packages:
% \usepackage[T1]{fontenc} \usepackage{textcomp,amsmath,booktabs,array,longtable,graphicx}"""

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_\allowbreak{}",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": "{'}",
    ",": "{,}",
    "`": r"\textasciigrave{}",
    "[": "{[}",
    "]": "{]}",
    "-": "{-}",
    "−": "$-$",
    "–": "--",
    "—": "---",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "…": r"\dots{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "°": r"$^\circ$",
    "µ": r"$\mu$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2009": r"\,",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
}

_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0323": "d",
    "\u0327": "c",
    "\u0328": "k",
}

_COLUMNS_OF_WORDS, _WIDEST = 0.62, 0.24
"""Share of a line for all columns of words together, and for one; those of numbers take what they need."""


def latex(blocks: Iterable[Block], pictures: Mapping[str, str] | None = None) -> str:
    """Return fragments to include in a document; `pictures` are the files of figures by their names."""
    parts = [_HEAD]
    for block in walk(blocks):
        if isinstance(block, Figure) and pictures and block.name in pictures:
            parts.append(
                f"\\includegraphics[width=\\linewidth,height=0.8\\textheight,keepaspectratio]{{{pictures[block.name]}}}"
            )
        parts.append(_written(block))
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    r"""Return text that LaTeX sets as it is, in ASCII; what no common font has is named by its number.

    >>> print(escaped("50 % of a_b & ä 語"))
    50 \% of a\_\allowbreak{}b \& \"{a} \texttt{U+8A9E}
    """
    return "".join(_SPECIAL.get(sign) or _plain(sign) for sign in " ".join(_lines(text)))


def _lines(text: str) -> list[str]:
    """Part the text at white space that may break a line, so that a blank line ends no paragraph."""
    return text.replace("\n", " ").replace("\r", " ").replace("\t", " ").split(" ")


def _plain(sign: str) -> str:
    if sign.isascii():
        return sign if sign.isprintable() else f"\\texttt{{U+{ord(sign):04X}}}"
    letter, *marks = unicodedata.normalize("NFD", sign)
    if letter.isascii() and len(marks) == 1 and marks[0] in _ACCENTS:
        return f"\\{_ACCENTS[marks[0]]}{{{letter}}}"
    return f"\\texttt{{U+{ord(sign):04X}}}"


def _written(block: Block) -> str:
    match block:
        case Heading():
            return f"\\{'subsection' if block.level == 3 else 'subsubsection'}*{{{escaped(block.text)}}}"
        case Sentence():
            text = f"{_bold(block.lead)}{escaped(block.text)}"
            return _small(text) if block.is_quiet else f"{text}\\par"
        case Notice():
            return f"\\begin{{quote}}\\itshape {_bold(block.lead)}{escaped(block.text)}\\end{{quote}}"
        case Facts():
            return _list("description", [f"[{{{escaped(name)}}}] {escaped(text)}" for name, text in block.pairs])
        case Bullets():
            return _list("itemize", [f" {{}}{escaped(item)}" for item in block.items])
        case Verbatim():
            lines = "\\\\\n".join(f"\\mbox{{}}{escaped(line)}" for line in block.text.split("\n") if line.strip())
            return f"{{\\footnotesize\\ttfamily\\raggedright\n{lines}\\par}}" if lines else ""
        case Verdict():
            uses = [f"{escaped(use)} \\texttt{{{escaped(command)}}}\\par" for use, command in block.uses]
            return "\n".join([f"\\textbf{{{escaped(block.text)}}}\\par", *uses])
        case Table():
            return _table(block)
        case Figure():
            parts = [_table(block.table) if block.table else "", _small(escaped(block.caption)), _note(block.note)]
            return "\n\n".join(filter(None, parts))
        case Section():
            return f"\\section*{{{escaped(block.title)}}}"
        case Folded():
            return f"\\paragraph*{{{escaped(block.summary)}}}"


def _list(kind: str, items: Sequence[str]) -> str:
    body = "\n".join(f"\\item{item}" for item in items)
    return f"\\begin{{{kind}}}\n{body}\n\\end{{{kind}}}" if items else ""


def _small(text: str) -> str:
    return f"{{\\footnotesize {text}\\par}}"


def _note(text: str) -> str:
    return _written(Notice(text=text)) if text else ""


def _table(block: Table) -> str:
    words = sum(column.is_words for column in block.columns)
    wide = min(_COLUMNS_OF_WORDS / max(1, words), _WIDEST)
    shape = "".join(
        f">{{\\raggedright\\arraybackslash}}p{{{wide:.3f}\\linewidth}}" if column.is_words else "r"
        for column in block.columns
    )
    head = " & ".join(escaped(column.name) for column in block.columns)
    body = "\n".join(_after_a_row(" & ".join(map(_cell, row))) + r" \\" for row in block.rows)
    below = [_small(escaped(block.caption)) if block.caption else "", _note(block.note)]
    longtable = (
        f"{{\\footnotesize\\begin{{longtable}}{{@{{}}{shape}@{{}}}}\n\\toprule\n{head} \\\\\n\\midrule\n\\endhead\n"
        f"{body}\n\\bottomrule\n\\end{{longtable}}}}"
    )
    return "\n".join(filter(None, [longtable, *below]))


def _after_a_row(text: str) -> str:
    """Keep a star or bracket at the start of a row from being read as an argument of the row's end before it."""
    return f"{{}}{text}" if text[:1] in {"*", "["} else text


def _cell(cell: Cell) -> str:
    text = f"\\textbf{{{escaped(cell.text)}}}" if cell.is_strong else escaped(cell.text)
    return f"{text} {{\\scriptsize ({escaped(cell.below)})}}" if cell.below else text


def _bold(lead: str) -> str:
    return f"\\textbf{{{escaped(lead)}}}" if lead else ""
