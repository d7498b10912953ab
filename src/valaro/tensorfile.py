"""Files of arrays: safetensors that say of what kind and version they are, with a checksum and facts beside the arrays.

Checkpoints, the weights and scales of trained models and networks of faces are all such files. Nothing in one is run.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save

from valaro.documents import parse_json
from valaro.errors import StoreError, words_for
from valaro.jsonfile import to_json

__all__ = ["Arrays", "TensorFile", "TensorKind", "load_arrays", "parse_tensors", "tensor_bytes"]

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class TensorKind:
    """What a file of arrays holds."""

    name: str
    """As its notes are called in the file, after `valaro_`."""
    version: str
    """Of the form of its arrays and facts; others are refused."""
    remedy: str
    """What a user does about a file that cannot be used."""
    covers_facts: bool = True
    """Whether the checksum is of the facts too, or names the numbers alone."""


@dataclass(frozen=True, kw_only=True)
class TensorFile:
    """The content of a file whose checksum is right."""

    arrays: dict[str, np.ndarray]
    checksum: str
    facts: dict[str, Any]
    """What was noted beside the arrays, in plain values."""


def tensor_bytes(kind: TensorKind, arrays: Arrays, facts: Mapping[str, object] | None = None) -> tuple[bytes, str]:
    """Return a file of these arrays and facts, the same for the same ones, and its checksum."""
    plain_facts = json.loads(to_json(facts or {}))
    checksum = _checksum(kind, arrays, plain_facts)
    notes = {"version": kind.version, "checksum": checksum, **plain_facts}
    ordered = {name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}
    return save(ordered, {f"valaro_{kind.name}": json.dumps(notes)}), checksum


def parse_tensors(kind: TensorKind, content: bytes, source: str) -> TensorFile:
    """Return what `tensor_bytes` wrote; `source` names the file.

    Raises:
        StoreError: it is no such file, of another kind or version, or damaged.
    """
    try:
        arrays = load_arrays(content)
        header: Any = parse_json(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{source}: no safetensors file, or a damaged one ({words_for(error)}): {kind.remedy}"
        ) from None
    text = header.get("__metadata__", {}).get(f"valaro_{kind.name}")
    if text is None:
        raise StoreError(f"{source}: a file without the notes of valaro, expected 'valaro_{kind.name}': {kind.remedy}")
    try:
        facts: Any = parse_json(text)
        version, checksum = facts.pop("version"), facts.pop("checksum")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{source}: the notes of valaro in it are damaged ({error!r}): {kind.remedy}") from None
    if version != kind.version:
        raise StoreError(f"{source}: of version '{version}', expected '{kind.version}': {kind.remedy}")
    if checksum != _checksum(kind, arrays, facts):
        raise StoreError(f"{source} does not match its checksum, it is damaged or was changed: {kind.remedy}")
    return TensorFile(arrays=arrays, checksum=checksum, facts=facts)


def _checksum(kind: TensorKind, arrays: Arrays, facts: Mapping[str, object]) -> str:
    """Return the checksum of all arrays with their names, types and sizes, and of the facts where they count."""
    digest = xxhash.xxh3_64()
    for name, array in sorted(arrays.items()):
        digest.update(json.dumps([name, str(array.dtype), list(array.shape)]).encode())
        digest.update(np.asarray(array, order="C").tobytes())
    if kind.covers_facts:
        # Numbers and the order of names come back from JSON as they went in, so the text can be made again.
        digest.update(json.dumps(facts).encode())
    return digest.hexdigest()
