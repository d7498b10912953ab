"""A report's blocks as LaTeX with booktabs, written in ASCII, so that every LaTeX engine sets it."""

import unicodedata
from collections.abc import Sequence
from functools import singledispatch

from valaro.records import LEVELS
from valaro.reports.blocks import Block, Cell, Charts, Facts, Heading, Matrices, Notice, Sentence, Table
from valaro.reports.sentences import count, percent

_HEAD = r"""% made by valaro report
\documentclass[10pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{amsmath}
\usepackage[a4paper,landscape,margin=18mm]{geometry}
\usepackage{booktabs}
\usepackage{array}
\usepackage{longtable}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6em}
\setlength{\LTleft}{0pt}
\setlength{\tabcolsep}{4pt}
\emergencystretch=3em
\begin{document}
\small
"""

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


def latex(title: str, blocks: Sequence[Block]) -> str:
    """Return a document that compiles by itself."""
    parts = [f"{_HEAD}{{\\LARGE\\bfseries {escaped(title)}\\par}}", *map(_written, blocks), "\\end{document}"]
    return "\n\n".join(parts) + "\n"


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


@singledispatch
def _written(block: object) -> str:
    raise TypeError(f"no LaTeX for {type(block).__name__}")


@_written.register
def _(block: Heading) -> str:
    command = {2: "section", 3: "subsection"}.get(block.level, "subsubsection")
    return f"\\{command}*{{{escaped(block.text)}}}"


@_written.register
def _(block: Sentence) -> str:
    text = f"{_bold(block.lead)}{escaped(block.text)}"
    return f"{{\\footnotesize {text}\\par}}" if block.is_quiet else f"{text}\\par"


@_written.register
def _(block: Notice) -> str:
    return f"\\begin{{quote}}\\itshape {_bold(block.lead)}{escaped(block.text)}\\end{{quote}}"


@_written.register
def _(block: Facts) -> str:
    items = "\n".join(f"\\item[{{{escaped(name)}}}] {escaped(text)}" for name, text in block.pairs)
    return f"\\begin{{description}}\n{items}\n\\end{{description}}" if block.pairs else ""


@_written.register
def _(block: Table) -> str:
    return _table(
        [(column.name, column.is_words) for column in block.columns],
        [[_cell(cell) for cell in row] for row in block.rows],
        block.caption,
    )


@_written.register
def _(block: Matrices) -> str:
    lines: list[list[str]] = []
    for row in block.rows:
        for place, level in enumerate(LEVELS):
            counts = [float(number) for number in row.matrix[place]]
            total = sum(counts)
            name = escaped(row.model_result.label) if place == 0 else ""
            shares = [_cell(Cell(text=percent(n / total if total else None), below=count(n))) for n in counts]
            lines.append([name, level, *shares])
    columns = [("model", True), ("true level", True), *((f"said {level}, %", False) for level in LEVELS)]
    return _table(columns, lines, block.caption)


@_written.register
def _(block: Charts) -> str:
    return f"{_written(block.table)}\n\n{{\\footnotesize {escaped(block.caption)}\\par}}"


def _table(columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]], caption: str) -> str:
    wide = _COLUMNS_OF_WORDS / max(1, sum(is_words for _, is_words in columns))
    shape = "".join(
        f">{{\\raggedright\\arraybackslash}}p{{{min(wide, _WIDEST):.3f}\\linewidth}}" if is_words else "r"
        for _, is_words in columns
    )
    head = " & ".join(escaped(name) for name, _ in columns)
    body = "\n".join(_after_a_row(" & ".join(row)) + r" \\" for row in rows)
    below = f"\n{{\\footnotesize {escaped(caption)}\\par}}" if caption else ""
    return (
        f"{{\\footnotesize\\begin{{longtable}}{{@{{}}{shape}@{{}}}}\n\\toprule\n{head} \\\\\n\\midrule\n\\endhead\n"
        f"{body}\n\\bottomrule\n\\end{{longtable}}}}{below}"
    )


def _after_a_row(text: str) -> str:
    """Keep a star or bracket at the start of a row from being read as an argument of the row's end before it."""
    return f"{{}}{text}" if text[:1] in {"*", "["} else text


def _cell(cell: Cell) -> str:
    text = f"\\textbf{{{escaped(cell.text)}}}" if cell.is_strong else escaped(cell.text)
    return f"{text} {{\\scriptsize ({escaped(cell.below)})}}" if cell.below else text


def _bold(lead: str) -> str:
    return f"\\textbf{{{escaped(lead)}}}" if lead else ""
