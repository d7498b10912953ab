"""Names that a person takes for one name, and a computer for several."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import combining, normalize

from valaro.checks.findings import Finding, look
from valaro.records import Utterance

_LATIN = str.maketrans(
    "\u0430\u0432\u0435\u0451\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d"
    "\u03b1\u03b2\u03b5\u03b6\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131",
    "abeekmhopctyxijsdqwabezhikmnoptyxi",
)
"""Small letters of Cyrillic and Greek, which themselves or whose capitals look like a Latin letter."""


def lookalike_findings(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    """Name the speakers, sessions and corpora that look alike: by mistake they may be one."""
    speakers = {utterance.speaker for utterance in utterances if utterance.is_speaker_known}
    sessions = {f"{utterance.corpus} {utterance.session}" for utterance in utterances if utterance.session}
    for what, names in (
        ("Speakers", speakers),
        ("Sessions", sessions),
        ("Corpora", {utterance.corpus for utterance in utterances}),
    ):
        yield look(
            f"{what} whose names look alike: one that is spelled in two ways is not kept out of training",
            (f"{' and '.join(map(_shown, alike))}" for alike in lookalikes(names)),
        )


def lookalikes(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return groups of names that differ in case, accents, blanks, leading zeros or in letters of another alphabet.

    >>> lookalikes(["Anna", "anna ", "03", "3", "ben", "b" + chr(0x435) + "n", "carl"])
    (('03', '3'), ('Anna', 'anna '), ('ben', 'b\u0435n'))
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        groups[_looks(name)].append(name)
    return tuple(tuple(group) for _, group in sorted(groups.items()) if len(group) > 1)


def _looks(name: str) -> str:
    letters = "".join(sign for sign in normalize("NFKD", name.casefold()) if not combining(sign)).translate(_LATIN)
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"\s+", "", letters))


def _shown(name: str) -> str:
    """Return the name with what tells it from its double: letters beyond ASCII by their numbers."""
    foreign = "".join(f" U+{ord(sign):04X}" for sign in name if not sign.isascii())
    return f"'{name}'" + (f" (with{foreign})" if foreign else "")
