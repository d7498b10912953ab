"""A user's own table from category to level, read from a file."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from valaro.corpora.csv_records import Fault
from valaro.corpora.table_reader import read_rows
from valaro.errors import all_at_once
from valaro.labels.categories import CATEGORIES, Levels
from valaro.records import LEVELS

_COLUMNS = ("category", *Levels._fields)


def read_levels(path: Path) -> dict[str, Levels]:
    """Read a CSV, TSV or Parquet table with the columns category, valence, arousal; levels are low, medium, high.

    Raises:
        ValaroError: every fault with its line.
    """
    rows = read_rows(path, _COLUMNS, _COLUMNS)
    faults, table = list[Fault](), dict[str, Levels]()
    for line, cells in rows.rows:
        category, *levels = (cell.lower() for cell in cells)
        if category in table:
            faults.append(Fault(line, f"'{category}' stands there twice"))
        if not category:
            faults.append(Fault(line, "'category' is empty"))
        wrong = [level for level in levels if level not in LEVELS]
        faults += [Fault(line, f"level '{level}': expected low, medium or high") for level in wrong]
        table[category] = Levels(*levels)
    rows.require_sound(faults)
    return table


def levels_for(categories: Iterable[str], path: Path | None) -> Mapping[str, Levels]:
    """Return the table in the file, or the known one if none is given, for a corpus that has these categories.

    Raises:
        ValaroError: the table is faulty, or lacks a category.
    """
    if path is None:
        return CATEGORIES
    table = read_levels(path)
    missing = [f"no row for '{category}'" for category in categories if category not in table]
    if missing:
        raise all_at_once(f"{path}: every category of the corpus needs its levels", missing)
    return table
