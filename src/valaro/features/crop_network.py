"""A network that looks at face crops: its ONNX graph, written down from arrays of weights and run by ONNX Runtime."""

from collections.abc import Mapping

import numpy as np
import onnxruntime
from jaxtyping import Float32, UInt8
from onnx import NodeProto, TensorProto, helper, numpy_helper

Weights = Mapping[str, np.ndarray]
"""Arrays by the names of their layers: `stages.3.norm1.weight` and so on."""

_CROPS, _FEATURES, _PROBABILITIES = "crops", "features", "probabilities"

_OPSET, _IR_VERSION = 17, 8
"""Both of 2022: any runtime since then reads the graph."""

_AT_ONCE = 4
"""Crops run at a time: the layers of so few stay in the processor's cache; 32 take half as long again."""

_EPSILON = 1e-5
"""Of batch norm, as torch has it."""


class Graph:
    """Nodes and weights under way; each method adds one operator and returns the name of its output."""

    def __init__(self, weights: Weights) -> None:
        self._given = weights
        self._nodes: list[NodeProto] = []
        self._tensors: list[TensorProto] = []

    def weight(self, values: str | np.ndarray) -> str:
        """Add the weights of this name, or these numbers."""
        name = f"w{len(self._tensors)}"
        array = np.asarray(self._given[values], np.float32) if isinstance(values, str) else values
        self._tensors.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))  # pyright: ignore[reportArgumentType]
        return output

    def crops(self, mean: float, std: float) -> str:
        """Begin with the crops `[t 64 64]`: bytes become standardised numbers `[t 1 64 64]`."""
        x = self.add("Sub", self.add("Cast", _CROPS, to=TensorProto.FLOAT), self.weight(np.array(mean, np.float32)))
        x = self.add("Div", x, self.weight(np.array(std, np.float32)))
        return self.add("Unsqueeze", x, self.weight(np.array([1], np.int64)))

    def convolution(self, x: str, weight: str, bias: str = "", *, pad: int = 0, stride: int = 1, group: int = 1) -> str:
        inputs = [self.weight(name) for name in (weight, bias) if name]
        return self.add("Conv", x, *inputs, pads=[pad] * 4, strides=[stride] * 2, group=group)

    def separable(self, x: str, layer: str) -> str:
        """A 3x3 convolution of each channel by itself, then a 1x1 convolution across them."""
        depthwise = self.convolution(x, f"{layer}.depthwise", pad=1, group=len(self._given[f"{layer}.depthwise"]))
        return self.convolution(depthwise, f"{layer}.weight", f"{layer}.bias")

    def batch_norm_relu(self, x: str, norm: str) -> str:
        """Batch norm with the statistics of training, then ReLU."""
        parts = [self.weight(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        return self.add("Relu", self.add("BatchNormalization", x, *parts, epsilon=_EPSILON))

    def features(self, x: str) -> str:
        """Average each channel of a map over the picture: the first output."""
        return self.add("Flatten", self.add("GlobalAveragePool", x), output=_FEATURES)

    def build(self, logits: str) -> bytes:
        """Return the whole graph, whose second output is the softmax of `logits`."""
        self.add("Softmax", logits, output=_PROBABILITIES, axis=1)
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (_FEATURES, _PROBABILITIES)]
        crops = helper.make_tensor_value_info(_CROPS, TensorProto.UINT8, ["t", 64, 64])
        model = helper.make_model(
            helper.make_graph(self._nodes, "crops", [crops], outputs, self._tensors),
            opset_imports=[helper.make_opsetid("", _OPSET)],
        )
        model.ir_version = _IR_VERSION
        return model.SerializeToString()


class CropNetwork:
    """A graph in use, on one thread: extraction and studies have a process for each core."""

    def __init__(self, graph: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def features(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t dim"]:
        """Return the last map of each crop, averaged over the picture."""
        return self._run(_FEATURES, crops)

    def probabilities(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t k"]:
        """Return how sure the network is of each of its classes, one row per crop."""
        return self._run(_PROBABILITIES, crops)

    def _run(self, output: str, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t n"]:
        starts = range(0, max(len(crops), 1), _AT_ONCE)
        parts = [self._session.run([output], {_CROPS: crops[start : start + _AT_ONCE]})[0] for start in starts]
        return np.concatenate([np.asarray(part, np.float32) for part in parts])
