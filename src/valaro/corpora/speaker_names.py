"""Who speaks in a recording, by its path or by a table of the user's."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from valaro.corpora.parse_cell import gender_of, hidden_sign
from valaro.corpora.table_faults import CellError
from valaro.corpora.table_reader import take_rows
from valaro.errors import ValaroError

_COLUMNS = ("file", "speaker", "session", "gender")
_EXAMPLE = "as in '{speaker}/{session}_{take}', or a regular expression with a group (?P<speaker>...)"
_PARTS = re.compile(r"\{([A-Za-z_]\w*)\}|(\*)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class NamedSpeaker:
    """Who speaks in a recording; `session` and `gender` are empty where they are not said."""

    name: str
    """Empty: nobody knows."""
    session: str = ""
    gender: str = ""


SpeakerOf = Callable[[str], NamedSpeaker]
"""Says of a recording's path who speaks there; ValaroError where it does not say."""


def nobody_named(_: str) -> NamedSpeaker:
    """Say that nobody knows who speaks."""
    return NamedSpeaker(name="")


def speakers_by_pattern(pattern: str) -> SpeakerOf:
    """Return who speaks by a pattern over the path below the folder, with `/`.

    `{speaker}/{session}_{take}` must fit the whole path without the suffix; a name in braces stands for as few signs as
    fit, `/` excepted, and `*` for any. A regular expression with named groups need only be somewhere in the path.

    >>> speakers_by_pattern("{speaker}/{session}_{take}")("anna/2_07.mp4")
    NamedSpeaker(name='anna', session='2', gender='')

    Raises:
        ValaroError: a pattern without a speaker, or no regular expression.
    """
    is_template = "(?P<" not in pattern
    try:
        expression = re.compile(_template(pattern) if is_template else pattern)
    except re.error as error:
        raise ValaroError(f"--speaker-from '{pattern}': {error}") from None
    if "speaker" not in expression.groupindex:
        raise ValaroError(f"--speaker-from '{pattern}': names no speaker, expected {{speaker}} in it, {_EXAMPLE}")

    def speaker_of(path: str) -> NamedSpeaker:
        whole = PurePosixPath(path)
        match = expression.fullmatch(str(whole.with_suffix(""))) if is_template else expression.search(path)
        if not match:
            raise ValaroError(f"'{path}' does not fit --speaker-from '{pattern}'")
        groups = {name: text or "" for name, text in match.groupdict().items()}
        return _speaker(groups["speaker"], groups.get("session", ""), groups.get("gender", ""))

    return speaker_of


def _template(pattern: str) -> str:
    expression, end = "", 0
    for part in _PARTS.finditer(pattern):
        expression += re.escape(pattern[end : part.start()])
        expression += f"(?P<{part[1]}>[^/]+?)" if part[1] else ".*"
        end = part.end()
    return expression + re.escape(pattern[end:])


def _speaker(name: str, session: str, gender: str) -> NamedSpeaker:
    if not name.strip() or name.startswith("?"):
        why = "'{}' is no speaker's name: expected one that is not empty and does not begin with '?'"
        raise CellError(why, name)
    return NamedSpeaker(name=name.strip(), session=session.strip(), gender=gender_of(gender.strip()))


def speakers_by_table(table: Path, paths: Sequence[str]) -> SpeakerOf:
    """Return who speaks by a table with the columns `file` and `speaker`, and where they are known `session`, `gender`.

    Files are named by their paths below the folder; a row with an empty speaker says that nobody knows. `paths` are all
    that are there.

    Raises:
        ValaroError: all rows that make no sense, name a file that is not there, or one twice.
    """
    speakers: dict[str, NamedSpeaker] = {}
    known = {normalize("NFC", path) for path in paths}

    def take(cells: Sequence[str]) -> Iterator[CellError]:
        file, speaker, session, gender = (normalize("NFC", cell) for cell in cells)
        try:
            named = _speaker(speaker, session, gender) if speaker else NamedSpeaker(name="")
        except CellError as error:
            yield error
            return
        if hidden := hidden_sign(speaker) or hidden_sign(session):
            yield CellError("a name holds a sign that nobody sees, {}", hidden)
        if file not in known:
            yield CellError("file '{}' is no recording below the folder", file)
        if speakers.setdefault(file, named) != named:
            yield CellError("file '{}' has another speaker in a row above", file)

    take_rows(table, _COLUMNS, _COLUMNS[:2], take)

    def speaker_of(path: str) -> NamedSpeaker:
        try:
            return speakers[normalize("NFC", path)]
        except KeyError:
            raise ValaroError(f"'{path}' is not in the table {table}") from None

    return speaker_of
