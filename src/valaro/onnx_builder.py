"""ONNX graphs, written down node by node from arrays of weights, and run on one thread."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Weights = Mapping[str, np.ndarray]
"""Arrays by the names of their layers: `stages.3.norm1.weight` and so on."""

OPSET, _IR_VERSION = 17, 8
"""Both of 2022: any runtime since then reads the graph."""

_EPSILON = 1e-5
"""Of batch norm, as torch has it."""


class GraphBuilder:
    """Nodes and weights under way; each method adds operators and returns the name of the last one's output."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._used: set[str] = set()
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def array(self, name: str) -> np.ndarray:
        """Return the weights of this name.

        Raises:
            KeyError: there are none.
        """
        self._used.add(name)
        return self._weights[name]

    def unused(self) -> set[str]:
        """Return the names of the weights that no node has asked for."""
        return set(self._weights) - self._used

    def constant(self, values: np.ndarray) -> str:
        name = f"w{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name: str) -> str:
        return self.constant(np.asarray(self.array(name), np.float32))

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))  # pyright: ignore[reportArgumentType]
        return output

    def reshaped(self, x: str, sizes: Sequence[int]) -> str:
        return self.add("Reshape", x, self.constant(np.array(sizes, np.int64)))

    def convolution(self, x: str, weight: str, bias: str = "", *, pad: int = 0, stride: int = 1, group: int = 1) -> str:
        inputs = [self.weight(name) for name in (weight, bias) if name]
        return self.add("Conv", x, *inputs, pads=[pad] * 4, strides=[stride] * 2, group=group)

    def separable(self, x: str, layer: str) -> str:
        """A 3x3 convolution of each channel by itself, then a 1x1 convolution across them."""
        depthwise = self.convolution(x, f"{layer}.depthwise", pad=1, group=len(self.array(f"{layer}.depthwise")))
        return self.convolution(depthwise, f"{layer}.weight", f"{layer}.bias")

    def batch_norm_relu(self, x: str, norm: str) -> str:
        """Batch norm with the statistics of training, then ReLU."""
        parts = [self.weight(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        return self.add("Relu", self.add("BatchNormalization", x, *parts, epsilon=_EPSILON))

    def build(self, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]) -> bytes:
        """Return the whole graph, the same bytes for the same nodes."""
        model = helper.make_model(
            helper.make_graph(self._nodes, "valaro", inputs, outputs, self._constants),
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="valaro",
            ir_version=_IR_VERSION,
        )
        return model.SerializeToString(deterministic=True)


def values(name: str, sizes: Sequence[int | str] | None = None, *, kind: int = TensorProto.FLOAT) -> ValueInfoProto:
    """Return an input or output of a graph; a size may have a name instead of a number."""
    return helper.make_tensor_value_info(name, kind, sizes)


def open_session(graph: bytes) -> onnxruntime.InferenceSession:
    """Return a graph in use, on one thread: a window is a millisecond's work, and extraction has a process a core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
