"""Plain values, as JSON holds them, become what a type says, or an error names the place where they do not fit."""

import math
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_KINDS: dict[Any, str] = {str: "text", int: "a whole number", bool: "true or false", float: "a number"}


def typed(kind: type[T] | Any, value: object, at: str = "it") -> T:  # noqa: ANN401 - tuple[str, ...] is no class
    """Return `value` as `kind`: a dataclass, tuple, dictionary, Literal, text, number, truth value, None, or Any.

    Raises:
        ValueError: it does not fit; names that are missing or unknown, numbers that are not finite.

    >>> typed(float, 3)
    3.0
    """
    return _typed(kind, value, at)


def _typed(kind: Any, value: Any, at: str) -> Any:  # noqa: ANN401 - any type, any value
    if kind is Any:
        return value
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return _of_union(inner, value, at)
    if origin is Literal:
        return _checked(value in inner and type(value) in map(type, inner), value, at, f"one of {inner}")
    if origin is tuple:
        return _tuple(inner, value, at)
    if origin is dict:
        _checked(isinstance(value, dict), value, at, "names with values")
        return {name: _typed(inner[1], item, f"{at}.{name}") for name, item in value.items()}
    if is_dataclass(kind):
        return _record(kind, value, at)
    return _plain(kind, value, at)


def _of_union(inner: tuple[Any, ...], value: Any, at: str) -> Any:  # noqa: ANN401 - as above
    """None where that is allowed, else the other kind: no record of ours has unions of more."""
    if value is None and NoneType in inner:
        return None
    (other,) = (kind for kind in inner if kind is not NoneType)
    return _typed(other, value, at)


def _tuple(inner: tuple[Any, ...], value: Any, at: str) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    _checked(isinstance(value, list | tuple), value, at, "a list")
    kinds = inner[:1] * len(value) if inner[1:] == (...,) else inner
    _checked(len(kinds) == len(value), value, at, f"{len(kinds)} values")
    return tuple(
        _typed(kind, item, f"{at}[{index}]") for index, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _record(kind: Any, value: Any, at: str) -> Any:  # noqa: ANN401 - as above
    _checked(isinstance(value, dict), value, at, "names with values")
    hints = get_type_hints(kind)
    unknown = [str(name) for name in value if name not in hints]
    if unknown:
        raise ValueError(f"{at} has an unknown '{unknown[0]}'")
    try:
        return kind(
            **{
                field.name: _typed(hints[field.name], value[field.name], f"{at}.{field.name}")
                for field in fields(kind)
                if field.name in value
            }
        )
    except TypeError:
        missing = ", ".join(field.name for field in fields(kind) if field.name not in value)
        raise ValueError(f"{at} lacks some of {missing}") from None


def _plain(kind: Any, value: Any, at: str) -> Any:  # noqa: ANN401 - as above
    if kind is float and type(value) is int and abs(value) < 1 << 53:
        return float(value)
    _checked(type(value) is kind, value, at, _KINDS[kind])
    if isinstance(value, float):
        _checked(math.isfinite(value), value, at, "a finite number")
    if isinstance(value, str):
        _checked(_can_be_written(value), value, at, "text")
    return value


def _can_be_written(text: str) -> bool:
    """Whether a text is one: JSON can name halves of characters, which no file can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _checked(fits: bool, value: Any, at: str, wanted: str) -> Any:  # noqa: ANN401 - as above
    if not fits:
        raise ValueError(f"{at} is {_short(repr(value))}, expected {wanted}")
    return value


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
