"""Who sits in which half of a picture that shows two people side by side."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from valaro.corpora.parse_cell import LEFT, RIGHT, Region
from valaro.corpora.table_faults import CellError
from valaro.corpora.table_reader import take_rows
from valaro.errors import ValaroError

__all__ = ["LEFT", "RIGHT", "Region", "SpeakerPositions", "half_of", "read_speaker_positions"]

SpeakerPositions = Mapping[str, str]
"""The beginning of a dialogue's name -> the gender (F, M) of the person on the left; the longest beginning holds."""


def read_speaker_positions(path: Path, dialogs: Collection[str]) -> SpeakerPositions:
    """Read a table with the columns dialog (how dialogues' names begin, such as Ses03 or Ses03M_impro01) and left.

    Raises:
        ValaroError: every fault with its line; a row that none of the `dialogs` begins with is one.
    """
    positions: dict[str, str] = {}
    example = min(dialogs, default="none")

    def take(cells: Sequence[str]) -> Iterator[CellError]:
        dialog, left = cells
        if left.upper() not in {"F", "M"}:
            yield CellError("left '{}': expected F or M, who sits in the left half", left)
        if not dialog or dialog in positions:
            yield CellError("dialog '{}': expected a name that stands there once", dialog)
        elif not any(name.startswith(dialog) for name in dialogs):
            why = "no dialogue's name begins so, as that of {} does with Ses01"
            yield CellError(f"dialog '{{}}': {why}", dialog, example)
        positions[dialog] = left.upper()

    take_rows(path, ("dialog", "left"), ("dialog", "left"), take)
    return positions


def half_of(dialog: str, gender: str, tables: Sequence[SpeakerPositions]) -> Region:
    """Return the half of the picture in which the person of this gender sits.

    The first of the `tables` with a row for the dialogue holds, however much longer a row of the next one is.

    Raises:
        ValaroError: no row covers the dialogue.

    >>> half_of("Ses01F_impro01", "M", [{"Ses01": "F", "Ses01F_impro01": "M"}])
    (0.0, 0.0, 0.5, 1.0)
    >>> half_of("Ses01M_impro01", "M", [{"Ses01": "F"}, {"Ses01M": "M"}])
    (0.5, 0.0, 1.0, 1.0)
    """
    for positions in tables:
        rows = [beginning for beginning in positions if dialog.startswith(beginning)]
        if rows:
            return LEFT if positions[max(rows, key=len)] == gender else RIGHT
    raise ValaroError(f"no row of the table of speaker positions covers the dialogue '{dialog}'")
