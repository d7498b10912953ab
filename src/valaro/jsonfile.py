"""Records in JSON files: one way to write them, one way to read them back with every kind checked.

The frozen dataclasses of `records`, `training.config` ... are the format: a file holds an object with a name for each
field, no name more, and none less but those with a default. Reading is strict: text is no number, an unknown name, a
number that is not finite, a value outside a `Literal` or an `annotated_types` bound is a fault, and all faults are
named with their places (`the run.corpora[0].levels`). Arrays stand as nested lists; a jaxtyping annotation says their
kind of number and which dimensions are fixed, and they come back as float64, int64 or bool to the last digit. Paths
are text. Nothing here knows torch, and nothing in a file is executed.

    write_record(path, record); record = read_record(Record, path, "the run")
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, core_schema, to_jsonable_python

from valaro.documents import parse_json
from valaro.files import write_text
from valaro.limits import LIMITS
from valaro.regular import read_regular

T = TypeVar("T")

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)
_NUMBERS = {
    "b": core_schema.bool_schema(strict=True),
    "i": core_schema.int_schema(strict=True),
    "f": core_schema.float_schema(strict=True, allow_inf_nan=False),
}
_SHOWN = 3
_WANTED = {
    "string_type": "text",
    "string_unicode": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "float_type": "a number",
    "finite_number": "a finite number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "names with values",
    "dataclass_type": "names with values",
    "dataclass_exact_type": "names with values",
}
"""What a fault of pydantic's wanted, in plain words; of other kinds its own are plain."""


def read_record(kind: type[T] | Any, path: Path, what: str) -> T:  # noqa: ANN401 - tuple[str, ...] is no class
    """Return what a JSON file holds as `kind`: a dataclass, or a tuple, dictionary ... of them.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too long, no JSON, or not a `kind`; `what` names it, as in "the run".
    """
    return from_json(kind, read_regular(path, LIMITS.most_json_bytes), what)


def from_json(kind: type[T] | Any, text: str | bytes, what: str) -> T:  # noqa: ANN401 - as above
    """Return what JSON says as `kind`.

    Raises:
        ValueError: it is no JSON, or not a `kind`: the first few faults, each with its place.

    >>> from_json(tuple[float, ...], "[1, 2.5]", "it")
    (1.0, 2.5)
    """
    try:
        record = _reader(kind).validate_json(text)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            # What Python's own parser says of it, which also knows what is nested too deeply.
            parse_json(text)
        raise ValueError(_all_words(error, what)) from None
    if record is None:
        raise ValueError(f"{what} is null, expected an object")
    return record


def from_plain(kind: type[T] | Any, value: object, what: str) -> T:  # noqa: ANN401 - as above
    """Return plain values, as JSON or TOML gave them, as `kind`; ValueError as `from_json` raises it."""
    return from_json(kind, json.dumps(value, default=str), what)


def write_record(path: Path, record: object, *, indent: int | None = 1) -> None:
    """Write a record, or a sequence of them, whole or not at all; numbers read back to the last digit."""
    write_text(path, to_json(record, indent=indent) + "\n")


def to_json(record: object, *, indent: int | None = None) -> str:
    """Return records, dictionaries, lists, paths and arrays as strict JSON; numbers that are none become null.

    >>> to_json({"values": np.eye(2), "file": Path("a.wav"), "nothing": np.nan})
    '{"values": [[1.0, 0.0], [0.0, 1.0]], "file": "a.wav", "nothing": null}'
    """
    plain = to_jsonable_python(record, fallback=_listed, inf_nan_mode="constants")
    try:
        return json.dumps(plain, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_without_nan(plain), indent=indent, allow_nan=False)


@cache
def _reader(kind: Any) -> SchemaValidator:  # noqa: ANN401 - tuple[str, ...] is no class
    # Of a dataclass alone pydantic takes no configuration, of an optional one it does.
    optional: Any = kind | None
    schema = _with_arrays(TypeAdapter(optional, config=_STRICT).core_schema)
    # Dataclasses carry their configuration along, kinds outside of one do not.
    return SchemaValidator(schema, core_schema.CoreConfig(strict=True, allow_inf_nan=False))


def _with_arrays(schema: Any) -> Any:  # noqa: ANN401 - pydantic's own dictionaries
    """Return a schema in which an array is read from nested lists."""
    if isinstance(schema, list):
        return [_with_arrays(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "is-instance" and hasattr(schema["cls"], "dtypes"):
        return _array(schema["cls"])
    return {name: _with_arrays(part) for name, part in schema.items()}


def _array(annotation: Any) -> Any:  # noqa: ANN401 - a jaxtyping annotation
    """Return the schema of an array: lists as long as its fixed dimensions, its others as long as they are."""
    dtype = np.dtype(annotation.dtypes[-1].rstrip("_"))
    sizes: list[int | None] = [getattr(dimension, "size", None) for dimension in annotation.dims]
    schema: Any = _NUMBERS[dtype.kind]
    for size in reversed(sizes):
        schema = core_schema.list_schema(schema, min_length=size, max_length=size)
    shape = [-1 if size is None else size for size in sizes]
    return core_schema.no_info_after_validator_function(
        lambda values: np.array(values, dtype=dtype).reshape(shape), schema
    )


def _listed(value: Any) -> object:  # noqa: ANN401 - whatever has no form in JSON
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - plain values
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _all_words(error: ValidationError, what: str) -> str:
    """Return the first few faults in words; what lacks in one object is one fault."""
    missing: dict[str, list[str]] = {}
    faults: list[str] = []
    for fault in error.errors(include_url=False):
        if fault["type"] == "missing":
            missing.setdefault(_at(what, fault["loc"][:-1]), []).append(_name(fault["loc"][-1]))
        else:
            faults.append(_words(what, fault["loc"], fault))
    faults = [*(f"{at} lacks {', '.join(names)}" for at, names in missing.items()), *faults]
    more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
    return "; ".join([*faults[:_SHOWN], *more])


def _words(what: str, location: Sequence[str | int], fault: Mapping[str, Any]) -> str:
    if fault["type"] == "unexpected_keyword_argument":
        return f"{_at(what, location[:-1])} has an unknown '{location[-1]}'"
    if fault["type"] == "json_invalid":
        return f"{_at(what, location)}: {fault['msg'].lower()}"
    text = repr(fault["input"])
    text = text if len(text) <= 40 else f"{text[:40]}..."
    message = str(fault["msg"])
    wanted = _WANTED.get(fault["type"], message.removeprefix("Input should be "))
    return f"{_at(what, location)} is {text}" + (f": {message}" if wanted == message else f", expected {wanted}")


def _at(what: str, location: Iterable[str | int]) -> str:
    return what + "".join(_name(part) if isinstance(part, int) else f".{part}" for part in location)


def _name(part: str | int) -> str:
    return f"[{part}]" if isinstance(part, int) else part
