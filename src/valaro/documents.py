"""JSON and TOML that anybody may have written: limits of size and depth hold before anything is made of them."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from valaro.limits import LIMITS, Limits
from valaro.regular import read_regular


def parse_json(text: str | bytes, limits: Limits = LIMITS) -> Any:  # noqa: ANN401 - whatever the text says
    """Return what JSON says.

    Raises:
        ValueError: no JSON, too long, or nested too deeply.

    >>> parse_json('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    """
    return _parsed(json.loads, text, limits)


def read_json(path: Path, limits: Limits = LIMITS) -> Any:  # noqa: ANN401 - as above
    """Return what a JSON file says; OSError or ValueError as `parse_json` and `read_regular` raise them."""
    return parse_json(read_regular(path, limits.most_json_bytes), limits)


def parse_toml(text: str, limits: Limits = LIMITS) -> dict[str, Any]:
    """Return what TOML says; ValueError as `parse_json` raises it."""
    return _parsed(tomllib.loads, text, limits)


def read_toml(path: Path, limits: Limits = LIMITS) -> dict[str, Any]:
    """Return what a TOML file says; OSError or ValueError as `parse_toml` and `read_regular` raise them."""
    return parse_toml(read_regular(path, limits.most_json_bytes).decode("utf-8"), limits)


def _parsed(parse: Callable[[Any], Any], text: str | bytes, limits: Limits) -> Any:  # noqa: ANN401 - as above
    if len(text) > limits.most_json_bytes:
        raise ValueError(f"{len(text):,} bytes, expected at most {limits.most_json_bytes:,}")
    too_deep = f"lists nested more than {limits.deepest_json} deep"
    try:
        value = parse(text)
    except RecursionError:
        raise ValueError(too_deep) from None
    if not _is_shallow(value, limits.deepest_json):
        raise ValueError(too_deep)
    return value


def _is_shallow(value: object, deepest: int) -> bool:
    """Whether at most `deepest` lists and objects stand inside each other, seen level by level, without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(deepest):
        level = [
            item
            for parent in level
            for item in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(item, dict | list)
        ]
        if not level:
            return True
    return not level
