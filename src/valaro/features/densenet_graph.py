"""A DenseNet-BC written down as an ONNX graph, operator by operator."""

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from valaro.features.face_network import CROPS, FEATURES, PROBABILITIES
from valaro.media.crops import CROP_SIDE
from valaro.networks.densenet import Bottleneck, DenseNet, Halving

OPSET = 17
_IR_VERSION = 8
"""Both of 2022: any runtime since then reads the file."""


class _Graph:
    """Nodes and weights under way; each method adds one operator and returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def weight(self, values: Tensor | np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        array = values.detach().numpy() if isinstance(values, Tensor) else values
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, inputs: list[str], *, output: str = "", **attributes: object) -> str:
        output = output or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))  # pyright: ignore[reportArgumentType]
        return output

    def convolution(self, x: str, layer: nn.Conv2d) -> str:
        edge, stride = int(layer.padding[0]), int(layer.stride[0])
        return self.add("Conv", [x, self.weight(layer.weight)], pads=[edge] * 4, strides=[stride] * 2)

    def active(self, x: str, norm: nn.BatchNorm2d) -> str:
        """Batch norm with the statistics of training, then ReLU."""
        assert norm.running_mean is not None
        assert norm.running_var is not None
        parts = [self.weight(part) for part in (norm.weight, norm.bias, norm.running_mean, norm.running_var)]
        return self.add("Relu", [self.add("BatchNormalization", [x, *parts], epsilon=norm.eps)])

    def bottleneck(self, x: str, stage: Bottleneck) -> str:
        new = self.convolution(self.active(x, stage.norm1), stage.squeeze)
        new = self.convolution(self.active(new, stage.norm2), stage.grow)
        return self.add("Concat", [x, new], axis=1)

    def halving(self, x: str, stage: Halving) -> str:
        squeezed = self.convolution(self.active(x, stage.norm), stage.squeeze)
        return self.add("AveragePool", [squeezed], kernel_shape=[2, 2], strides=[2, 2])


def as_graph(network: DenseNet) -> ModelProto:
    """Return the graph of a network in use: crops as bytes in, features and class probabilities out."""
    graph = _Graph()
    x = graph.add("Cast", [CROPS], to=TensorProto.FLOAT)
    x = graph.add("Div", [graph.add("Sub", [x, graph.weight(network.mean)]), graph.weight(network.deviation)])
    x = graph.add("Unsqueeze", [x, graph.weight(np.array([1], np.int64))])
    x = graph.convolution(x, network.first)
    for stage in network.stages:
        if isinstance(stage, Bottleneck):
            x = graph.bottleneck(x, stage)
        else:
            assert isinstance(stage, Halving)
            x = graph.halving(x, stage)
    x = graph.add("GlobalAveragePool", [graph.active(x, network.norm)])
    x = graph.add("Flatten", [x], output=FEATURES)
    last = network.classify
    logits = graph.add("Gemm", [x, graph.weight(last.weight), graph.weight(last.bias)], transB=1)
    graph.add("Softmax", [logits], output=PROBABILITIES, axis=1)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "dface",
            [helper.make_tensor_value_info(CROPS, TensorProto.UINT8, ["t", CROP_SIDE, CROP_SIDE])],
            [
                helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["t", last.in_features]),
                helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["t", last.out_features]),
            ],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="valaro",
    )
    model.ir_version = _IR_VERSION
    return model
