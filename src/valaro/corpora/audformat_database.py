"""What an audformat database says of itself in db.yaml, by the package audformat, and where its tables are.

`audformat.Database.load` reads no table here, not even where all are stored as Parquet or CSV: it prefers the .pkl of a
table, which executes what it holds, over the form that the header states; it has no limit of rows or bytes; and one
damaged cell makes it refuse the whole database, where here a row is rejected with its line and the rest goes on.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from valaro.corpora.reading import nothing_in
from valaro.errors import ValaroError, words_for
from valaro.limits import LIMITS
from valaro.records import DIMENSIONS, CorpusNote, Problem
from valaro.regular import ABSENT, read_regular, why_not_readable

HEADER = "db.yaml"
KEY = "valaro"
"""Under this key a database written here says so: its names are complete, and pages must say its notes."""

OUR_TABLE = "utterances"
"""The table of a database written here that has every utterance."""

FORMS = (".parquet", ".csv")
"""What a table is read from, the preferred form first."""

NANO = 1_000_000_000
"""Audformat counts times in whole nanoseconds."""

_FACTS = ("speaker", "session", "gender")
_OUR_FACTS = ("utterance", "corpus", "region", "sound", "sound_start", "script")
"""Columns that only a database written here has, beside those and the dimensions."""


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """What a column may hold."""

    scale: tuple[float, float] | None = None
    """The lowest and highest number, where it says both."""
    labels: tuple[str, ...] | None = None
    """None: it names none."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that says something of an utterance."""

    id: str
    role: str
    """A dimension, or what it says else: speaker, session ..."""
    scheme: str
    annotator: str
    """Whose labels of a dimension these are: the rater, else the column, else the table."""
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

    def file_of(self, table: str) -> tuple[Path | None, Problem]:
        """Return where a table's rows are, or nothing and the problem that this is; a .pkl is never opened."""
        folder, stem = self.path.parent, f"{self.path.stem}.{table}"
        path = None
        if Path(stem).name != stem:
            why = "its name leads out of the folder, and it is not opened"
        else:
            why = f"expected {' or '.join(f'{stem}{form}' for form in FORMS)}"
            if (folder / f"{stem}.pkl").exists():
                why += "; its .pkl is not opened, since that executes what it holds: save the database as parquet"
            path = next((file for form in FORMS if (file := folder / f"{stem}{form}").is_file()), None)
        return path, Problem(utterance=str(self.path), where=f"table '{table}'", why=why)


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
        return _header(path, package.Database.load_header_from_yaml(header))
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
        notes=tuple(CorpusNote.from_row(row) for row in (mark or {}).get("notes", ())),
    )


def _table(db: Any, name: str, *, is_ours: bool) -> TableHead:  # noqa: ANN401 - as above
    roles = {*DIMENSIONS, *_FACTS, *(_OUR_FACTS if is_ours else ())}
    columns: list[Column] = []
    for key, column in db.tables[name].columns.items():
        column_id, scheme, rater = str(key), str(column.scheme_id or ""), str(column.rater_id or "")
        role = next((text for text in (scheme, column_id) if text in roles), "")
        annotator = (rater or (column_id if column_id != role else name)) if role in DIMENSIONS else ""
        rater_type = str(db.raters[column.rater_id].type) if rater else ""
        known = Column(id=column_id, role=role, scheme=scheme, annotator=annotator, rater_type=rater_type)
        columns += [known] if role else []
    return TableHead(id=name, is_segmented=bool(db.tables[name].is_segmented), columns=tuple(columns))


def _scheme(scheme: Any) -> Scheme:  # noqa: ANN401 - an audformat.Scheme
    low, high = scheme.minimum, scheme.maximum
    has_scale = all(isinstance(bound, int | float) and math.isfinite(bound) for bound in (low, high)) and low < high
    labels = scheme.labels
    named = tuple(str(label) for label in labels) if isinstance(labels, dict | list) else None
    return Scheme(scale=(float(low), float(high)) if has_scale else None, labels=named)


def audformat() -> Any:  # noqa: ANN401 - a module that may not be installed
    """Return the package, which only those need who have or want such databases; ValaroError: not installed."""
    return _package("audformat")


def _package(name: str) -> Any:  # noqa: ANN401 - as above
    try:
        return import_module(name)
    except ImportError:
        raise ValaroError("audformat databases need the package audformat: pip install 'valaro[audformat]'") from None


def safely_loaded(text: str) -> dict[str, Any]:
    """Return a header's YAML, in which nothing is executed: the package's own loader makes any object it is asked to.

    Raises:
        ValaroError: it is no YAML, or no mapping; nested too deeply, or with an alias, of which ten lines can stand for
            more than any memory holds, and which the package itself never writes.
    """
    yaml = _package("yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_events(yaml.parse(text, Loader=loader), yaml)
        header = yaml.load(text, Loader=loader)
    # Damaged YAML makes the parser raise what Python's dates, numbers and the stack have to say, too.
    except Exception as error:  # noqa: BLE001
        raise ValaroError(f"not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(header, dict):
        raise ValaroError(f"expected names with values, found {type(header).__name__}")
    return {str(name): value for name, value in header.items()}


def _check_events(events: Iterable[Any], yaml: Any) -> None:  # noqa: ANN401 - as above
    """Look at what a text would make, part after part, before any of it is made."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        fault = (
            f"an alias (*{event.anchor}), expected values written out"
            if isinstance(event, yaml.AliasEvent)
            else f"lists nested more than {LIMITS.deepest_json} deep"
        )
        if isinstance(event, yaml.AliasEvent) or depth > LIMITS.deepest_json:
            raise ValaroError(f"line {event.start_mark.line + 1}: {fault}")
