"""The network of faces behind `dface`: arrays in a safetensors file, checked before its graph is built from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from annotated_types import Len
from jaxtyping import Float32, UInt8

from valaro.errors import StoreError, words_for
from valaro.features.densenet_graph import array_shapes, densenet_graph, shape_of
from valaro.jsonfile import from_plain
from valaro.limits import LIMITS
from valaro.regular import read_regular, why_no_file
from valaro.tensorfile import Arrays, TensorKind, load_arrays, parse_tensors, tensor_bytes
from valaro.weights import read_weights

if TYPE_CHECKING:
    from valaro.features.crop_network import CropNetwork

NETWORK_FEATURES = frozenset({"dface", "expressions"})
"""Features that a network of faces computes: the packaged one, or the user's, named as in `dface=RUN`."""

NETWORK_FILE = "network.safetensors"
FACE_NETWORK = TensorKind(name="face_network", version="2", remedy="train it again", covers_facts=False)
_Classes = Annotated[tuple[str, ...], Len(1)]
_MOST_FEATURES = 4096
_SHOWN = 5
"""Faults of one file that its message names."""


@dataclass(frozen=True, kw_only=True)
class FaceNetwork:
    """A checked file of a network of faces."""

    content: bytes
    """The file."""
    checksum: str
    """Of its arrays: with the same one, the same numbers come from a crop."""
    classes: tuple[str, ...]
    """What its probabilities are of."""
    dim: int
    """Features per face."""

    def features(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t dim"]:
        """Return the features of each crop."""
        return self._network.features(crops)

    def probabilities(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t k"]:
        """Return how sure the network is of each of `classes`, one row per crop."""
        return self._network.probabilities(crops)

    @property
    def version(self) -> str:
        """That of its features, so that no store mixes what two networks made."""
        return f"1-{self.checksum}"

    @cached_property
    def _network(self) -> "CropNetwork":
        # Loaded late: who uses no network of faces does not pay for ONNX.
        from valaro.features.crop_network import CropNetwork

        return CropNetwork(densenet_graph(load_arrays(self.content)))


class Dface:
    """`dface`: the paper's 342 features of a face, the averaged last map of a network (default: the packaged one)."""

    name = "dface"

    def __init__(self, network: FaceNetwork | None) -> None:
        network = network or packaged_face_network()
        self._network = network
        self.dim = network.dim
        self.version = network.version

    def __call__(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t dim"]:
        """Return the features of each crop."""
        return self._network.features(crops)


class Expressions:
    """`expressions`: how sure the network behind `dface` is of each of its classes, eight with the packaged one."""

    name = "expressions"

    def __init__(self, network: FaceNetwork | None) -> None:
        network = network or packaged_face_network()
        self._network = network
        self.dim = len(network.classes)
        self.version = network.version

    def __call__(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t dim"]:
        """Return the classes' probabilities (0-1, together 1) of each crop, in the order of `network.classes`."""
        return self._network.probabilities(crops)


@lru_cache(maxsize=1)
def packaged_face_network() -> FaceNetwork:
    """Return the DenseNet-BC (growth 12, depth 100) that was trained on FERPlus; NOTICE says from what it learnt.

    Raises:
        StoreError: its file is missing or not the one that was packaged.
    """
    return checked_network(read_weights("dface.safetensors"), "the packaged network of faces")


def read_face_network(path: Path) -> FaceNetwork:
    """Read a network from its file or from the run folder of `valaro train-face-network`.

    Raises:
        StoreError: there is none, or the file is not what that command writes: all that is wrong with it is said.
    """
    file = path / NETWORK_FILE if path.is_dir() else path
    if file.suffix == ".onnx" or (not file.exists() and file.with_suffix(".onnx").is_file()):
        raise StoreError(
            f"{file.with_suffix('.onnx')}: a network of faces that an older version of valaro made: "
            "train it again, then extract dface and train on it again"
        )
    why = why_no_file(file, "a file")
    if why:
        raise StoreError(f"{file}: {why}: a network of faces is what `valaro train-face-network` makes")
    try:
        content = read_regular(file, LIMITS.most_network_bytes)
    except (OSError, ValueError) as error:
        raise StoreError(f"{file}: no network of faces: {words_for(error)}") from error
    return checked_network(content, str(file))


def network_content(weights: Arrays, classes: Sequence[str]) -> bytes:
    """Return the file of a network: its arrays, and beside them classes, checksum and this format's version."""
    return tensor_bytes(FACE_NETWORK, weights, {"classes": list(classes)})[0]


def checked_network(content: bytes, source: str) -> FaceNetwork:
    """Return the network in `content` if it is one that `valaro train-face-network` wrote; `source` names it.

    Raises:
        StoreError: it is not, with what is wrong.
    """
    file = parse_tensors(FACE_NETWORK, content, source)
    try:
        classes: tuple[str, ...] = from_plain(_Classes, file.facts.get("classes"), "the list of classes")
    except ValueError as error:
        raise StoreError(f"{source}: the notes of valaro in it are damaged ({error})") from None
    if faults := _faults(file.arrays, len(classes)):
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        shown = "; ".join(faults[:_SHOWN])
        raise StoreError(f"{source} is no network of faces that valaro can use: {shown}{more}")
    return FaceNetwork(content=content, checksum=file.checksum, classes=classes, dim=shape_of(file.arrays).features)


def _faults(weights: Arrays, classes: int) -> list[str]:
    """Return how the arrays differ from those of a DenseNet of bounded size with so many classes."""
    shape = shape_of(weights)
    if not 0 < shape.features <= _MOST_FEATURES or classes > _MOST_FEATURES:
        return [f"{shape.features} features of {classes} classes; expected 1 to {_MOST_FEATURES}"]
    if shape.numbers() > (most := LIMITS.most_network_numbers):
        return [f"{shape.numbers():,} numbers for one face; expected at most {most:,}"]
    wanted = array_shapes(shape, classes)
    faults = [f"no array '{name}'" for name in wanted if name not in weights]
    faults += [f"an array '{name}' that no such network has" for name in weights if name not in wanted]
    for name, size in wanted.items():
        array = weights.get(name)
        if array is None:
            continue
        if array.shape != size or array.dtype.name not in {"float16", "float32"}:
            faults.append(f"'{name}' is {array.dtype} of {list(array.shape)}; expected float32 of {list(size)}")
        elif not np.isfinite(array).all():
            faults.append(f"'{name}' has numbers that are not finite")
        elif name == "std" and array <= 0:
            faults.append("'std' is not above zero")
        elif name.endswith("running_var") and (array < 0).any():
            faults.append(f"'{name}' has numbers below zero")
    return faults
