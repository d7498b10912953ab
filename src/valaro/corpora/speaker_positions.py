"""Who sits in which half of a picture that shows two people side by side."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from valaro.corpora.table_reader import place, read_sheet
from valaro.errors import ValaroError, all_at_once

Region = tuple[float, float, float, float]

LEFT: Region = (0.0, 0.0, 0.5, 1.0)
RIGHT: Region = (0.5, 0.0, 1.0, 1.0)

Seats = Mapping[str, str]
"""The beginning of a dialogue's name -> the gender (F, M) of the person on the left; the longest beginning holds."""


def read_seats(path: Path, dialogs: Collection[str]) -> Seats:
    """Read a table with the columns dialog (how dialogues' names begin, such as Ses03 or Ses03M_impro01) and left.

    Raises:
        ValaroError: every fault with its line; a row that none of the `dialogs` begins with is one.
    """
    sheet = read_sheet(path, ("dialog", "left"), ("dialog", "left"))
    faults, seats = list(sheet.faults), dict[str, str]()
    for row in sheet.rows:
        dialog, left = row.cells
        if left.upper() not in {"F", "M"}:
            faults.append(f"{place(path, row.line)}: left '{left}': expected F or M, who sits in the left half")
        if not dialog or dialog in seats:
            faults.append(f"{place(path, row.line)}: dialog '{dialog}': expected a name that stands there once")
        elif not any(name.startswith(dialog) for name in dialogs):
            why = f"no dialogue's name begins so, as that of {min(dialogs, default='none')} does with Ses01"
            faults.append(f"{place(path, row.line)}: dialog '{dialog}': {why}")
        seats[dialog] = left.upper()
    if faults:
        raise all_at_once(f"{len(faults)} problem{'s' * (len(faults) > 1)} in {path}", faults)
    return seats


def half_of(dialog: str, gender: str, tables: Sequence[Seats]) -> Region:
    """Return the half of the picture in which the person of this gender sits.

    The first of the `tables` with a row for the dialogue holds, however much longer a row of the next one is.

    Raises:
        ValaroError: no row covers the dialogue.

    >>> half_of("Ses01F_impro01", "M", [{"Ses01": "F", "Ses01F_impro01": "M"}])
    (0.0, 0.0, 0.5, 1.0)
    >>> half_of("Ses01M_impro01", "M", [{"Ses01": "F"}, {"Ses01M": "M"}])
    (0.5, 0.0, 1.0, 1.0)
    """
    for seats in tables:
        rows = [beginning for beginning in seats if dialog.startswith(beginning)]
        if rows:
            return LEFT if seats[max(rows, key=len)] == gender else RIGHT
    raise ValaroError(f"no row of the table of seats covers the dialogue '{dialog}'")
