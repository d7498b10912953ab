"""The file of a network of faces: checked through and through before anything in it runs."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import xxhash
from google.protobuf.message import DecodeError
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from valaro.documents import parse_json
from valaro.errors import StoreError, words_for
from valaro.features.face_network import CROPS, FEATURES, NETWORK_FILE, PROBABILITIES, FaceNetwork
from valaro.limits import LIMITS
from valaro.regular import read_regular, why_no_file

OPERATORS = frozenset(
    {
        "AveragePool",
        "BatchNormalization",
        "Cast",
        "Concat",
        "Conv",
        "Div",
        "Flatten",
        "Gemm",
        "GlobalAveragePool",
        "Relu",
        "Softmax",
        "Sub",
        "Unsqueeze",
    }
)
"""All that a network of faces is made of: nothing that loops, branches, or reads files."""

_VERSION = "1"
_KEY = "valaro_face_network"


def read_face_network(path: Path) -> FaceNetwork:
    """Read a network from its file or from the run folder of `valaro train-face-network`.

    Raises:
        StoreError: there is none, or the file is not what that command writes: all that is wrong with it is said.
    """
    file = path / NETWORK_FILE if path.is_dir() else path
    why = why_no_file(file, "a file")
    if why:
        raise StoreError(f"{file}: {why}: a network of faces is what `valaro train-face-network` makes")
    try:
        content = read_regular(file, LIMITS.most_network_bytes)
    except (OSError, ValueError) as error:
        raise StoreError(f"{file}: no network of faces: {words_for(error)}") from error
    return checked_network(content, str(file))


def checked_network(content: bytes, source: str) -> FaceNetwork:
    """Return the network in `content` if it is one that `valaro train-face-network` wrote; `source` names it."""
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise StoreError(f"{source}: no ONNX file, or a damaged one ({error})") from None
    facts = _facts(model, source)
    faults = [*_foreign(model), *_shape_faults(model, len(facts["classes"]))]
    if not faults and _checksum_or_nothing(model) != facts["checksum"]:
        faults = ["its checksum is wrong: damaged, or changed by another program"]
    faults = faults or _size_faults(model)
    if faults:
        raise _unusable(source, faults)
    network = FaceNetwork(
        content=content,
        checksum=facts["checksum"],
        classes=tuple(facts["classes"]),
        dim=_sizes(_named(model, FEATURES))[1],
    )
    _try(network, source)
    return network


def _unusable(source: str, faults: Sequence[str]) -> StoreError:
    return StoreError(f"{source} is no network of faces that valaro can use: {'; '.join(faults)}")


def _checksum_or_nothing(model: ModelProto) -> str:
    try:
        return graph_checksum(model)
    except (ValueError, TypeError, KeyError):
        # Sizes that its own weights do not have.
        return ""


def _try(network: FaceNetwork, source: str) -> None:
    """Let the network see one black face: a graph may be whole and its layers not fit together."""
    black = np.zeros((1, 64, 64), np.uint8)
    try:
        found = network.features(black).shape, network.probabilities(black).shape
    except Exception as error:  # noqa: BLE001  (ONNX Runtime's errors have no class in common)
        raise _unusable(source, [f"ONNX Runtime cannot run it ({str(error).splitlines()[0]})"]) from None
    wanted = (1, network.dim), (1, len(network.classes))
    if found != wanted:
        raise _unusable(source, [f"a face gives {found}, expected {wanted}"])


def seal(model: ModelProto, facts: dict[str, Any]) -> bytes:
    """Return the file of `model` with its checksum, this format's version and `facts` (classes, mean ...) in it."""
    told = {"version": _VERSION, "checksum": graph_checksum(model), **facts}
    helper.set_model_props(model, {_KEY: json.dumps(told)})
    return model.SerializeToString(deterministic=True)


def graph_checksum(model: ModelProto) -> str:
    """Return the checksum of what a graph computes: its operators in order, and every weight."""
    digest = xxhash.xxh3_64()

    def add(*values: object) -> None:
        digest.update(json.dumps(values).encode() + b"\n")

    add([[entry.domain, entry.version] for entry in model.opset_import])
    for node in model.graph.node:
        attributes = sorted((one.name, repr(helper.get_attribute_value(one))) for one in node.attribute)
        add(node.op_type, list(node.input), list(node.output), attributes)
    for tensor in model.graph.initializer:
        add(tensor.name, tensor.data_type, list(tensor.dims))
        digest.update(np.ascontiguousarray(numpy_helper.to_array(tensor)).tobytes())
    return digest.hexdigest()


def _facts(model: ModelProto, source: str) -> dict[str, Any]:
    written = next((entry.value for entry in model.metadata_props if entry.key == _KEY), None)
    if written is None:
        raise StoreError(
            f"{source}: an ONNX file without the notes of valaro, expected one that `valaro train-face-network` wrote"
        )
    try:
        facts: Any = parse_json(written)
        version, classes, checksum = facts["version"], facts["classes"], facts["checksum"]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{source}: the notes of valaro in it are damaged ({error!r})") from None
    if version != _VERSION:
        raise StoreError(f"{source}: of version '{version}', expected '{_VERSION}': train it again")
    has_classes = isinstance(classes, list) and classes and all(isinstance(name, str) for name in classes)
    if not has_classes or not isinstance(checksum, str):
        raise StoreError(f"{source}: the notes of valaro in it are damaged (no classes, or no checksum)")
    return facts


def _foreign(model: ModelProto) -> list[str]:
    """Return what in the model is not of the kind that is run here."""
    graph = model.graph
    faults: list[str] = []
    if model.functions or any(entry.domain for entry in model.opset_import):
        faults.append("it brings operators of its own")
    # In a damaged file a name may be bytes, for it is no text.
    kinds = {str(node.op_type) for node in graph.node if node.op_type not in OPERATORS or node.domain}
    if kinds:
        faults.append(f"operators {', '.join(sorted(kinds))}; expected {', '.join(sorted(OPERATORS))} alone")
    if any(_is_elsewhere(tensor) for tensor in _tensors(model)):
        faults.append("weights in other files; expected all in this one")
    if graph.sparse_initializer or model.training_info:
        faults.append("parts that are not run")
    return faults


def _tensors(model: ModelProto) -> list[TensorProto]:
    return [*model.graph.initializer, *(tensor for node in model.graph.node for tensor in _attached(node))]


def _attached(node: NodeProto) -> list[TensorProto]:
    return [tensor for attribute in node.attribute for tensor in (attribute.t, *attribute.tensors)]


def _is_elsewhere(tensor: TensorProto) -> bool:
    return tensor.data_location == TensorProto.EXTERNAL or bool(tensor.external_data)


def _shape_faults(model: ModelProto, classes: int) -> list[str]:
    """Return how inputs and outputs differ from crops in, features and probabilities out."""
    graph = model.graph
    inputs, outputs = [str(one.name) for one in graph.input], [str(one.name) for one in graph.output]
    if inputs != [CROPS] or outputs != [FEATURES, PROBABILITIES]:
        found = f"inputs {', '.join(inputs)} and outputs {', '.join(outputs)}"
        return [f"{found}; expected {CROPS}, and {FEATURES}, {PROBABILITIES}"]
    faults: list[str] = []
    crops, features, probabilities = (_named(model, name) for name in (CROPS, FEATURES, PROBABILITIES))
    if crops.type.tensor_type.elem_type != TensorProto.UINT8 or _sizes(crops) != (0, 64, 64):
        faults.append(f"crops of {_sizes(crops)}; expected any number of 64x64 bytes")
    for value, wanted in ((features, None), (probabilities, classes)):
        sizes = _sizes(value)
        is_float = value.type.tensor_type.elem_type == TensorProto.FLOAT
        if not is_float or len(sizes) != 2 or sizes[0] or not 0 < sizes[1] <= 4096 or sizes[1] != (wanted or sizes[1]):
            faults.append(f"{value.name} of {sizes}; expected a row a crop of {wanted or 'as many'} numbers")
    return faults


def _size_faults(model: ModelProto) -> list[str]:
    """Return what keeps one face from being judged in bounded memory, told by the sizes alone, before anything runs.

    A few kilobytes of permitted operators can double their output again and again.
    """
    one = ModelProto()
    one.CopyFrom(model)
    one.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    for value in one.graph.output:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    del one.graph.value_info[:]
    try:
        inferred = onnx.shape_inference.infer_shapes(one, check_type=True, strict_mode=True)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError) as error:
        return [f"its layers do not fit together ({str(error).strip().splitlines()[-1]})"]
    known = {value.name: math.prod(_sizes(value)) for value in (*inferred.graph.value_info, *inferred.graph.output)}
    sizes = [known.get(output, 0) for node in model.graph.node for output in node.output]
    if not all(size > 0 for size in sizes):
        return ["layers of no known size"]
    most = LIMITS.most_network_numbers
    return [f"{sum(sizes):,} numbers for one face; expected at most {most:,}"] if sum(sizes) > most else []


def _named(model: ModelProto, name: str) -> ValueInfoProto:
    return next(value for value in (*model.graph.input, *model.graph.output) if value.name == name)


def _sizes(value: ValueInfoProto) -> tuple[int, ...]:
    """Return the sizes of a value; 0: any."""
    return tuple(size.dim_value for size in value.type.tensor_type.shape.dim)
