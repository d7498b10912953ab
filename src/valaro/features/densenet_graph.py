"""A DenseNet-BC's weights written down as an ONNX graph, operator by operator."""

from collections.abc import Mapping

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from valaro.features.face_network import CROPS, FEATURES, PROBABILITIES

CROP_SIDE = 64
"""Pixels across a crop of a face, as media cuts it."""

OPSET = 17
_IR_VERSION = 8
"""Both of 2022: any runtime since then reads the file."""

_EPSILON = 1e-5
"""Of batch norm, as torch has it."""

Weights = Mapping[str, np.ndarray]
"""Arrays by the names that `networks.densenet.DenseNet` gives them: `stages.3.norm1.weight` and so on."""


class _Graph:
    """Nodes and weights under way; each method adds one operator and returns the name of its output."""

    def __init__(self, weights: Weights) -> None:
        self._given = weights
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def weight(self, values: str | np.ndarray) -> str:
        """Add the weights of this name, or these numbers."""
        name = f"w{len(self.weights)}"
        array = np.asarray(self._given[values], np.float32) if isinstance(values, str) else values
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, inputs: list[str], *, output: str = "", **attributes: object) -> str:
        output = output or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))  # pyright: ignore[reportArgumentType]
        return output

    def convolution(self, x: str, layer: str, *, stride: int = 1) -> str:
        """Every kernel is odd and padded by half of itself."""
        edge = self._given[f"{layer}.weight"].shape[-1] // 2
        return self.add("Conv", [x, self.weight(f"{layer}.weight")], pads=[edge] * 4, strides=[stride] * 2)

    def active(self, x: str, norm: str) -> str:
        """Batch norm with the statistics of training, then ReLU."""
        parts = [self.weight(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        return self.add("Relu", [self.add("BatchNormalization", [x, *parts], epsilon=_EPSILON)])

    def bottleneck(self, x: str, stage: str) -> str:
        new = self.convolution(self.active(x, f"{stage}.norm1"), f"{stage}.squeeze")
        new = self.convolution(self.active(new, f"{stage}.norm2"), f"{stage}.grow")
        return self.add("Concat", [x, new], axis=1)

    def halving(self, x: str, stage: str) -> str:
        squeezed = self.convolution(self.active(x, f"{stage}.norm"), f"{stage}.squeeze")
        return self.add("AveragePool", [squeezed], kernel_shape=[2, 2], strides=[2, 2])


def as_graph(weights: Weights) -> ModelProto:
    """Return the graph of a network in use: crops as bytes in, features and class probabilities out.

    Raises:
        KeyError: a layer lacks its weights.
    """
    graph = _Graph(weights)
    x = graph.add("Cast", [CROPS], to=TensorProto.FLOAT)
    x = graph.add("Div", [graph.add("Sub", [x, graph.weight("mean")]), graph.weight("deviation")])
    x = graph.add("Unsqueeze", [x, graph.weight(np.array([1], np.int64))])
    x = graph.convolution(x, "first", stride=2)
    for number in range(1 + max(int(name.split(".")[1]) for name in weights if name.startswith("stages."))):
        stage = f"stages.{number}"
        x = graph.bottleneck(x, stage) if f"{stage}.grow.weight" in weights else graph.halving(x, stage)
    x = graph.add("GlobalAveragePool", [graph.active(x, "norm")])
    x = graph.add("Flatten", [x], output=FEATURES)
    classes, features = weights["classify.weight"].shape
    logits = graph.add("Gemm", [x, graph.weight("classify.weight"), graph.weight("classify.bias")], transB=1)
    graph.add("Softmax", [logits], output=PROBABILITIES, axis=1)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "dface",
            [helper.make_tensor_value_info(CROPS, TensorProto.UINT8, ["t", CROP_SIDE, CROP_SIDE])],
            [
                helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["t", features]),
                helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["t", classes]),
            ],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="valaro",
    )
    model.ir_version = _IR_VERSION
    return model
