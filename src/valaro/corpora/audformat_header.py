"""The header of an audformat database: which tables it has, and what their columns and schemes are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valaro.corpora.audformat_package import HEADER, KEY, audformat, safely_loaded
from valaro.corpora.reading import nothing_in
from valaro.errors import ValaroError, words_for
from valaro.limits import LIMITS
from valaro.records import CorpusNote
from valaro.regular import ABSENT, read_regular, why_not_readable


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """What a column may hold: numbers from `low` to `high` if it says so, or `labels` (None: it names none)."""

    low: float | None
    high: float | None
    labels: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column, the name of its scheme, and its rater with the rater's type; empty where it has none."""

    id: str
    scheme: str
    rater: str
    rater_type: str


@dataclass(frozen=True, kw_only=True)
class TableHead:
    """A table of segments, or of whole files."""

    id: str
    segmented: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the header says: `speakers` has the genders in its speaker scheme's labels, as written.

    The labels may lie in a table of their own instead: `speaker_table` is its name, `speaker_level` that of the column
    with the speakers. `ours` says that valaro wrote the database, and `notes` what it then said of the corpora.
    """

    path: Path
    name: str
    tables: tuple[TableHead, ...]
    schemes: Mapping[str, Scheme]
    speakers: Mapping[str, str]
    speaker_table: str
    speaker_level: str
    ours: bool
    notes: tuple[CorpusNote, ...]


def read_header(folder: Path) -> Header:
    """Read db.yaml.

    Raises:
        ValaroError: it is not there, or is no header of audformat; or the package is not installed.
    """
    path = folder / HEADER
    if why_not_readable(path) == ABSENT:
        raise nothing_in(str(folder), f"an audformat database, with its header {HEADER}")
    package = audformat()
    try:
        header = safely_loaded(read_regular(path, LIMITS.most_json_bytes).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValaroError(f"{path}: byte {error.start} is not UTF-8") from None
    except (OSError, ValueError, ValaroError) as error:
        raise ValaroError(f"{path}: {words_for(error)}") from None
    try:
        return _header(path, package.Database.load_header_from_yaml(dict(header)))
    # A header that describes no database makes the package raise whatever its code then meets.
    except Exception as error:  # noqa: BLE001
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValaroError(f"{path}: not the header of an audformat database ({why})") from None


def _header(path: Path, db: Any) -> Header:  # noqa: ANN401 - an audformat.Database
    mark = db.meta.get(KEY)
    labels = db.schemes["speaker"].labels if "speaker" in db.schemes else None
    listed = labels if isinstance(labels, dict) else {}
    return Header(
        path=path,
        name=str(db.name),
        tables=tuple(_table(db, str(name)) for name in db.tables),
        schemes={str(name): _scheme(db.schemes[name]) for name in db.schemes},
        speakers={str(name): str(facts.get("gender", "")) for name, facts in listed.items() if isinstance(facts, dict)},
        speaker_table=labels if isinstance(labels, str) else "",
        speaker_level=str(next(iter(db.misc_tables[labels].levels))) if isinstance(labels, str) else "",
        ours=mark is not None,
        notes=tuple(CorpusNote(corpus=str(corpus), text=str(text)) for corpus, text in (mark or {}).get("notes", ())),
    )


def _table(db: Any, name: str) -> TableHead:  # noqa: ANN401 - as above
    table = db.tables[name]
    columns = [
        Column(
            id=str(column_id),
            scheme=str(column.scheme_id or ""),
            rater=str(column.rater_id or ""),
            rater_type=str(db.raters[column.rater_id].type) if column.rater_id else "",
        )
        for column_id, column in table.columns.items()
    ]
    return TableHead(id=name, segmented=bool(table.is_segmented), columns=tuple(columns))


def _scheme(scheme: Any) -> Scheme:  # noqa: ANN401 - an audformat.Scheme
    low, high = (
        float(bound) if isinstance(bound, int | float) and math.isfinite(bound) else None
        for bound in (scheme.minimum, scheme.maximum)
    )
    labels = scheme.labels
    named = tuple(str(label) for label in labels) if isinstance(labels, dict | list) else None
    return Scheme(low=low, high=high, labels=named)
