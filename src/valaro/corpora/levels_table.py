"""A user's own table from category to level, read from a file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from valaro.corpora.table_faults import CellError
from valaro.corpora.table_reader import take_rows
from valaro.errors import all_at_once
from valaro.labels.categories import CATEGORIES, Levels
from valaro.records import LEVELS

_COLUMNS = ("category", *Levels._fields)


def read_levels(path: Path) -> dict[str, Levels]:
    """Read a CSV, TSV or Parquet table with the columns category, valence, arousal; levels are low, medium, high.

    Raises:
        ValaroError: every fault with its line.
    """
    table: dict[str, Levels] = {}

    def take(cells: Sequence[str]) -> Iterator[CellError]:
        category, *levels = (cell.lower() for cell in cells)
        if category in table:
            yield CellError("'{}' stands there twice", category)
        if not category:
            yield CellError("'category' is empty")
        yield from (
            CellError("level '{}': expected low, medium or high", level) for level in levels if level not in LEVELS
        )
        table[category] = Levels(*levels)

    take_rows(path, _COLUMNS, _COLUMNS, take)
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
