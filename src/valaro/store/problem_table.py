"""The table of every problem of an extraction, beside its store."""

from collections.abc import Sequence
from pathlib import Path

from valaro.files import check_replaceable, write_page
from valaro.records import Problem
from valaro.spreadsheet import csv_text

_FIRST = ("utterance", "where", "why")
COLUMNS = (*_FIRST, "is_remark")


def problem_table(store: Path) -> Path:
    """Return where the table of a store lies: beside it, so that the store's own files say nothing of a run.

    Raises:
        ValaroError: a file of a user's is there.
    """
    store = store.resolve()
    path = store.with_name(f"{store.name}.problems.csv")
    check_replaceable(path, ",".join(_FIRST))
    return path


def write_problems(path: Path, problems: Sequence[Problem]) -> None:
    """Write one row per problem; without any, a table of before is removed."""
    if not problems:
        path.unlink(missing_ok=True)
        return
    rows = ((problem.utterance, problem.where, problem.why, str(problem.is_remark).lower()) for problem in problems)
    write_page(path, csv_text(COLUMNS, rows))
