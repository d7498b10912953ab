"""A training's state on disk: killed at any moment, it goes on from there to the same result, bit for bit."""

import json
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import xxhash
from safetensors import SafetensorError
from safetensors.torch import load, save

from valaro.documents import read_json
from valaro.errors import StoreError, words_for
from valaro.files import atomic_folder, remove_partials, write_text
from valaro.limits import LIMITS
from valaro.regular import ABSENT, read_regular, why_not_readable
from valaro.training.state import Part, join, restore, split, state_of

VERSION = 1
_LATEST = "latest"


@dataclass(frozen=True, kw_only=True)
class CheckpointPaths:
    """Where a training leaves its losses and its state, a folder a stage each, and how often; None: nowhere."""

    losses_in: Path | None = None
    state_in: Path | None = None
    seconds: float = 30.0

    def losses(self, stage: str) -> Path | None:
        return None if self.losses_in is None else self.losses_in / f"{stage}.csv"

    def state(self, stage: str) -> Path | None:
        return None if self.state_in is None else self.state_in / stage

    def forget_state(self) -> None:
        """Remove the state: the training is finished, its result is safe."""
        if self.state_in is not None:
            shutil.rmtree(self.state_in, ignore_errors=True)


class Checkpointer:
    """Writes the state every `seconds` into a new folder inside `folder`, whole; the pointer to it moves last.

    Without a folder nothing is kept. The state written before is removed once the pointer has left it.
    """

    def __init__(self, folder: Path | None, *, seconds: float = 30.0) -> None:
        self._folder = folder
        self._seconds = seconds
        self._written = time.monotonic()

    def restore(self, parts: Mapping[str, Part]) -> int:
        """Give the parts the state kept last and return how many steps are done; 0 where none is kept.

        Raises:
            StoreError: what lies there is damaged, or of another training.
        """
        folder = self._folder
        if folder is None or not folder.is_dir():
            return 0
        remove_partials(folder)
        if why_not_readable(folder / _LATEST) == ABSENT:
            self._clear("")
            return 0
        chosen = folder / _pointed_to(folder)
        facts, tensors = _read(chosen)
        try:
            restore(parts, join(facts["state"], tensors))
        except (KeyError, ValueError, RuntimeError, TypeError) as error:
            raise StoreError(
                f"the training kept in '{folder}' does not fit this one: remove it to begin anew ({words_for(error)})"
            ) from error
        self._clear(chosen.name)
        return int(facts["step"])

    def save(self, step: int, parts: Mapping[str, Part], *, now: bool = False) -> None:
        """Write the state after `step` steps, if it is time to (or `now`) and every number in it is finite."""
        if self._folder is None or not (now or time.monotonic() - self._written >= self._seconds):
            return
        target = self._folder / f"step-{step:07d}"
        if target.is_dir():
            # A finished stage that is gone through again: what is in use must not be written over.
            return
        tensors, plain = split(state_of(parts))
        # A step may have spoilt the weights while its own losses were still fine: the last good state stays.
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values() if value.is_floating_point()):
            return
        data = save(tensors)
        known = {"step": step, "state": plain}
        facts = {"valaro_training": VERSION, "tensors": _digest(data), "digest": _digest_of(known), **known}
        with atomic_folder(target) as aside:
            (aside / "state.safetensors").write_bytes(data)
            (aside / "state.json").write_text(json.dumps(facts) + "\n", encoding="utf-8")
        write_text(self._folder / _LATEST, target.name + "\n")
        self._clear(target.name)
        self._written = time.monotonic()

    def _clear(self, chosen: str) -> None:
        assert self._folder is not None
        for other in self._folder.iterdir():
            if other.is_dir() and other.name != chosen:
                shutil.rmtree(other, ignore_errors=True)


def _pointed_to(folder: Path) -> str:
    """Return the name of the state kept last; one that led out of `folder` would be read, and what is here removed."""
    try:
        name = read_regular(folder / _LATEST, LIMITS.most_json_bytes).decode("utf-8").strip()
    except (OSError, ValueError) as error:
        raise _damaged(folder, error) from error
    if not re.fullmatch(r"step-[0-9]+", name):
        raise _damaged(folder, ValueError(f"'{_LATEST}' names '{name[:40]}', expected step- and a number"))
    return name


def _damaged(folder: Path, error: Exception) -> StoreError:
    return StoreError(f"the training kept in '{folder}' is damaged: remove it to begin anew ({words_for(error)})")


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    try:
        facts: Any = read_json(folder / "state.json")
        data = read_regular(folder / "state.safetensors", LIMITS.most_weight_bytes)
        tensors = load(data)
    except (OSError, ValueError, SafetensorError) as error:
        raise _damaged(folder, error) from error
    if not isinstance(facts, dict) or facts.get("valaro_training") != VERSION:
        raise StoreError(f"'{folder}' was kept by another version of valaro: remove it to begin anew")
    if "step" not in facts or "state" not in facts or facts.get("digest") != _digest_of(facts):
        raise StoreError(f"'{folder / 'state.json'}' does not match its checksum: remove it to begin anew")
    if facts.get("tensors") != _digest(data):
        raise StoreError(f"'{folder / 'state.safetensors'}' does not match its checksum: remove it to begin anew")
    return facts, tensors


def _digest_of(known: Mapping[str, Any]) -> str:
    # Numbers and the order of names come back from JSON as they went in, so the text can be made again.
    return _digest(json.dumps([known["step"], known["state"]]).encode())


def _digest(data: bytes) -> str:
    return xxhash.xxh3_64_hexdigest(data)
