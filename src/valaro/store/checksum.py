"""Checksums (xxh3, 64 bit, as 16 hexadecimal digits) of values that JSON can hold."""

import json
from collections.abc import Iterable

import xxhash


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: keys sorted, no blanks, ASCII, floats as their shortest exact decimal."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def checksum(values: Iterable[object]) -> str:
    """Return the checksum of the values one after the other.

    >>> checksum([["a", 1]]) == checksum([["a", 1.5]])
    False
    """
    digest = xxhash.xxh3_64()
    for value in values:
        digest.update(canonical_json(value).encode() + b"\n")
    return digest.hexdigest()
