"""Text that is shown to people: characters that command a terminal, or hide, stand there as escapes."""

import re
from unicodedata import category

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, marks of direction and other invisible signs, halves of characters, ends of lines and paragraphs."""


def is_hidden(character: str) -> bool:
    """Whether a character commands a terminal, turns the direction of text or cannot be seen."""
    return category(character) in _HIDDEN


def visible(text: str) -> str:
    r"""Return a text as it may be shown; the ends of its lines and tabs stay.

    >>> visible("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if is_hidden(character) and character not in "\n\t"
        else character
        for character in text
    )


def in_one_line(message: str) -> str:
    r"""Return a message of several lines as one sentence after the other.

    The lines after the first are indented in our messages; a file's name with a line break in it is none of them.

    >>> in_one_line("fold 'S1', valence: nothing\n  4 without a face\n  2 held out")
    "fold 'S1', valence: nothing; 4 without a face; 2 held out"
    """
    return re.sub(r"\n +", "; ", message)


def visible_line(text: str) -> str:
    r"""Return a text as one line.

    >>> visible_line("a\nvalaro: all is well")
    'a\\nvalaro: all is well'
    """
    return visible(text).replace("\n", "\\n")
