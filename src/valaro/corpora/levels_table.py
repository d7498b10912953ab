"""A user's own table from category to level, read from a file."""

from pathlib import Path

from valaro.corpora.sheet import place, read_sheet
from valaro.errors import all_at_once
from valaro.labels.categories import Levels
from valaro.records import LEVELS

_COLUMNS = ("category", *Levels._fields)


def read_levels(path: Path) -> dict[str, Levels]:
    """Read a CSV, TSV or Parquet table with the columns category, valence, arousal; levels are low, medium, high.

    Raises:
        ValaroError: every fault with its line.
    """
    sheet = read_sheet(path, _COLUMNS, _COLUMNS)
    faults, table = list(sheet.faults), dict[str, Levels]()
    for row in sheet.rows:
        category, *levels = (cell.lower() for cell in row.cells)
        where = place(path, row.line)
        if category in table:
            faults.append(f"{where}: '{category}' stands there twice")
        if not category:
            faults.append(f"{where}: 'category' is empty")
        faults += [f"{where}: level '{level}': expected low, medium or high" for level in levels if level not in LEVELS]
        table[category] = Levels(*levels)
    if faults:
        raise all_at_once(f"{len(faults)} problem{'s' * (len(faults) > 1)} in {path}", faults)
    return table
