"""Who sits in which half of a picture that shows two people side by side."""

from collections.abc import Mapping
from pathlib import Path

from valaro.corpora.sheet import place, read_sheet
from valaro.errors import ValaroError, all_at_once

Region = tuple[float, float, float, float]

LEFT: Region = (0.0, 0.0, 0.5, 1.0)
RIGHT: Region = (0.5, 0.0, 1.0, 1.0)

Seats = Mapping[str, str]
"""The beginning of a dialogue's name -> the gender (F, M) of the person on the left; the longest beginning holds."""


def read_seats(path: Path) -> dict[str, str]:
    """Read a table with the columns dialog (how dialogues' names begin, such as Ses03 or Ses03M_impro01) and left.

    Raises:
        ValaroError: every fault with its line.
    """
    sheet = read_sheet(path, ("dialog", "left"), ("dialog", "left"))
    faults, seats = list(sheet.faults), dict[str, str]()
    for row in sheet.rows:
        dialog, left = row.cells
        if left.upper() not in {"F", "M"}:
            faults.append(f"{place(path, row.line)}: left '{left}': expected F or M, who sits in the left half")
        if not dialog or dialog in seats:
            faults.append(f"{place(path, row.line)}: dialog '{dialog}': expected a name that stands there once")
        seats[dialog] = left.upper()
    if faults:
        raise all_at_once(f"{len(faults)} problem{'s' * (len(faults) > 1)} in {path}", faults)
    return seats


def half_of(dialog: str, gender: str, seats: Seats) -> Region:
    """Return the half of the picture in which the person of this gender sits.

    Raises:
        ValaroError: no row of `seats` covers the dialogue.

    >>> half_of("Ses01F_impro01", "M", {"Ses01F": "F", "Ses01F_impro01": "M"})
    (0.0, 0.0, 0.5, 1.0)
    """
    rows = [beginning for beginning in seats if dialog.startswith(beginning)]
    if not rows:
        raise ValaroError(f"no row of the table of seats covers the dialogue '{dialog}'")
    return LEFT if seats[max(rows, key=len)] == gender else RIGHT
