"""The header of an audformat database: which tables it has, and what their columns and schemes are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valaro.corpora.audformat_package import FULL_NAMES, HEADER, KEY, audformat, safely_loaded
from valaro.corpora.reading import nothing_in
from valaro.errors import ValaroError, words_for
from valaro.limits import LIMITS
from valaro.records import DIMENSIONS, CorpusNote
from valaro.regular import ABSENT, read_regular, why_not_readable

FACTS = ("speaker", "session", "gender")


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """What a column may hold: numbers from `low` to `high` if it says so, or `labels` (None: it names none)."""

    low: float | None = None
    high: float | None = None
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that says something of an utterance."""

    id: str
    role: str
    """A dimension, or what it says else: speaker, session ..."""
    scheme: str
    annotator: str
    """Whose labels these are: the rater, else the column, else the table."""
    rater_type: str
    """Empty where there is no rater."""


@dataclass(frozen=True, kw_only=True)
class TableHead:
    """A table of segments, or of whole files, with those of its columns that have a role."""

    id: str
    is_segmented: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the header says."""

    path: Path
    name: str
    tables: tuple[TableHead, ...]
    schemes: Mapping[str, Scheme]
    genders: Mapping[str, str]
    """In the labels of the speaker scheme, as written."""
    speaker_table: str
    """The table in which these labels lie instead, if they do."""
    speaker_level: str
    """The column with the speakers there."""
    is_ours: bool
    """Whether valaro wrote the database."""
    notes: tuple[CorpusNote, ...]
    """What valaro then said of the corpora."""


def read_header(folder: Path) -> Header:
    """Read db.yaml.

    Raises:
        ValaroError: it is not there, or is no header of audformat; or the package is not installed.
    """
    path = folder / HEADER
    if why_not_readable(path) == ABSENT:
        raise nothing_in(folder, f"an audformat database, with its header {HEADER}")
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
    in_table = isinstance(labels, str)
    return Header(
        path=path,
        name=str(db.name),
        tables=tuple(_table(db, str(name), is_ours=mark is not None) for name in db.tables),
        schemes={str(name): _scheme(db.schemes[name]) for name in db.schemes},
        genders={str(name): str(facts.get("gender", "")) for name, facts in listed.items() if isinstance(facts, dict)},
        speaker_table=labels if in_table else "",
        speaker_level=str(next(iter(db.misc_tables[labels].levels))) if in_table else "",
        is_ours=mark is not None,
        notes=tuple(map(CorpusNote.of, (mark or {}).get("notes", ()))),
    )


def _table(db: Any, name: str, *, is_ours: bool) -> TableHead:  # noqa: ANN401 - as above
    roles = {*DIMENSIONS, *FACTS, *(FULL_NAMES if is_ours else ())}
    columns: list[Column] = []
    for column_id, column in db.tables[name].columns.items():
        scheme, rater = str(column.scheme_id or ""), str(column.rater_id or "")
        role = next((text for text in (scheme, str(column_id)) if text in roles), "")
        annotator = rater or (str(column_id) if str(column_id) != role else name)
        rater_type = str(db.raters[column.rater_id].type) if rater else ""
        known = Column(id=str(column_id), role=role, scheme=scheme, annotator=annotator, rater_type=rater_type)
        columns += [known] if role else []
    return TableHead(id=name, is_segmented=bool(db.tables[name].is_segmented), columns=tuple(columns))


def _scheme(scheme: Any) -> Scheme:  # noqa: ANN401 - an audformat.Scheme
    low, high = (
        float(bound) if isinstance(bound, int | float) and math.isfinite(bound) else None
        for bound in (scheme.minimum, scheme.maximum)
    )
    labels = scheme.labels
    named = tuple(str(label) for label in labels) if isinstance(labels, dict | list) else None
    return Scheme(low=low, high=high, labels=named)
