"""The state of everything that a training moves, as one tree of tensors and plain values, and back."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor


@runtime_checkable
class Stateful(Protocol):
    """Something with a state that can be taken and given back; networks and optimisers are."""

    def state_dict(self) -> Any: ...  # noqa: ANN401 - torch types its own states as Any

    def load_state_dict(self, state_dict: Any, /) -> Any: ...  # noqa: ANN401


Part = Stateful | torch.Generator | np.random.Generator


def state_of(parts: Mapping[str, Part]) -> dict[str, Any]:
    """Return the state of each part: names -> tensors, numbers, texts, None, lists and further mappings."""
    return {name: _state(part) for name, part in parts.items()}


def restore(parts: Mapping[str, Part], state: Mapping[str, Any]) -> None:
    """Give each part its state back."""
    for name, part in parts.items():
        if isinstance(part, torch.Generator):
            part.set_state(state[name])
        elif isinstance(part, np.random.Generator):
            part.bit_generator.state = state[name]
        else:
            part.load_state_dict(state[name])


def split(tree: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], Any]:
    """Part a tree into its arrays by path, and the same tree in plain values in which `{"tensor": path}` stands.

    Keys that are whole numbers, as in an optimiser's state, come back as such.
    """
    arrays: dict[str, np.ndarray] = {}
    return arrays, _plain(tree, "", arrays)


def join(plain: Any, arrays: Mapping[str, np.ndarray]) -> Any:  # noqa: ANN401 - any tree
    """Return the tree that `split` parted, its arrays as tensors."""
    if isinstance(plain, list):
        return [join(item, arrays) for item in plain]
    if not isinstance(plain, dict):
        return plain
    if "tensor" in plain:
        return torch.from_numpy(arrays[plain["tensor"]])
    return {int(key) if kind == "int" else key: join(value, arrays) for key, kind, value in plain["mapping"]}


def _plain(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:  # noqa: ANN401 - any tree
    if isinstance(value, Tensor | np.ndarray):
        arrays[path] = np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)
        return {"tensor": path}
    if isinstance(value, Mapping):
        return {
            "mapping": [[key, type(key).__name__, _plain(item, f"{path}/{key}", arrays)] for key, item in value.items()]
        }
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}/{index}", arrays) for index, item in enumerate(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{path or 'the state'} is a {type(value).__name__}, which no checkpoint can hold")


def _state(part: Part) -> Any:  # noqa: ANN401 - any tree
    if isinstance(part, torch.Generator):
        return part.get_state()
    if isinstance(part, np.random.Generator):
        return part.bit_generator.state
    return part.state_dict()
