"""A classifier's weights written down as an ONNX graph: scaled windows in, probabilities of the three levels out."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from valaro.errors import unknown_name
from valaro.networks.shapes import (
    IMAGE_WIDTHS,
    PROBABILITIES,
    SLOPE,
    TEMPORAL_WIDTHS,
    VARIANCE_FLOOR,
    Modality,
    NetworkShape,
    image_bands,
    scaled_widths,
)
from valaro.records import CROP_FRAMES

OPSET, _IR_VERSION = 17, 8
"""Both of 2022: any runtime since then reads the file."""

Weights = Mapping[str, np.ndarray]
"""Arrays by the names that `FusionClassifier.state_dict` gives them."""


def onnx_graph(shape: NetworkShape, weights: Weights, *, temperature: float = 1.0) -> bytes:
    """Return the graph of a network in use: an input `[n dim rows]` for each feature, `probabilities` `[n 3]` out.

    Inputs are scaled already: what a recording lacks is then 0 for every model, and a model that scales by speaker
    has no scale of its own. What networks average over bands and frames is in the graph.

    Raises:
        ValueError: the weights are not those of a network of this shape.
        ValaroError: an unknown layout.
    """
    graph = _Graph(weights)
    if shape.layout not in _ENCODERS:
        raise unknown_name("layout", shape.layout, _ENCODERS)
    inputs = {modality.name: graph.averaged(modality, shape) for modality in shape.modalities}
    encoded = [_ENCODERS[shape.layout](graph, inputs[part.name], part, shape) for part in shape.modalities]
    parts = [
        *encoded,
        *((graph.moments(x), 2 * m.bands) for x, m in zip(inputs.values(), shape.modalities, strict=True)),
    ]
    parts = parts if shape.statistics else encoded
    x = graph.add("Concat", [name for name, _ in parts], axis=1)
    owners = [index % len(shape.modalities) for index, (_, width) in enumerate(parts) for _ in range(width)]
    if shape.standardised:
        mean, std = (graph.weight(name, (len(owners),)) for name in ("centre", "spread"))
        x = graph.add("Div", [graph.add("Sub", [x, mean]), std])
        x = graph.add("Mul", [x, graph.present(list(inputs.values()), owners)])
    if shape.encoder_scale != 1.0:
        scales = np.ones(len(owners), np.float32)
        scales[: sum(width for _, width in encoded)] = shape.encoder_scale
        x = graph.add("Mul", [x, graph.constant(scales)])
    outputs = shape.classes + int(shape.explicit_head)
    has_norm = shape.regularisation.weight_norm and not shape.zero_head
    weight, bias = graph.layer("head", (outputs, len(owners)), has_norm)
    # The generated column is dropped, the rest renormalised.
    head = [graph.constant(part[: shape.classes] / np.float32(temperature)) for part in (weight, bias)]
    graph.add("Softmax", [graph.add("Gemm", [x, *head], transB=1)], output=PROBABILITIES, axis=1)
    return graph.serialised(shape)


class _Graph:
    """Nodes and weights under way; each method adds one step and returns the name of its output."""

    def __init__(self, weights: Weights) -> None:
        self._given = weights
        self._used: set[str] = set()
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def constant(self, values: np.ndarray) -> str:
        name = f"w{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the weights of this name, which must have that shape."""
        if name not in self._given or self._given[name].shape != shape or self._given[name].dtype != np.float32:
            raise ValueError("its weights are not those of the network that it describes")
        self._used.add(name)
        return self._given[name]

    def weight(self, name: str, shape: tuple[int, ...]) -> str:
        return self.constant(self.array(name, shape))

    def layer(self, name: str, shape: tuple[int, ...], has_norm: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return a layer's weight as it is applied, which is g v / ||v|| under weight norm, and its bias."""
        weight, bias, gain = (self.array(f"{name}.{part}", size) for part, size in _parts(shape))
        if has_norm:
            lengths = np.sqrt(np.square(weight.astype(np.float64)).reshape(shape[0], -1).sum(axis=1))
            weight = (weight * (gain / lengths).reshape(-1, *[1] * (len(shape) - 1))).astype(np.float32)
        return weight, bias

    def add(self, operator: str, inputs: list[str], *, output: str = "", **attributes: object) -> str:
        output = output or f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))  # pyright: ignore[reportArgumentType]
        return output

    def reshaped(self, x: str, sizes: list[int]) -> str:
        return self.add("Reshape", [x, self.constant(np.array(sizes, np.int64))])

    def averaged(self, modality: Modality, shape: NetworkShape) -> str:
        """Average neighbouring bands and frames, as `networks.resolution` does."""
        bands, frames = modality.averaged, shape.averaged_frames_of(modality)
        if bands == frames == 1:
            return modality.name
        x = self.reshaped(modality.name, [0, modality.bands, bands, -1, frames])
        return self.add("ReduceMean", [x], axes=[2, 4], keepdims=0)

    def moments(self, x: str) -> str:
        """Add mean and deviation over time, one behind the other."""
        mean = self.add("ReduceMean", [x], axes=[2], keepdims=1)
        away = self.add("Sub", [x, mean])
        variance = self.add("ReduceMean", [self.add("Mul", [away, away])], axes=[2], keepdims=1)
        floor = self.constant(np.array(VARIANCE_FLOOR, np.float32))
        std = self.add("Sqrt", [self.add("Add", [variance, floor])])
        return self.add("Flatten", [self.add("Concat", [mean, std], axis=1)])

    def present(self, inputs: list[str], owners: list[int]) -> str:
        """Add 0 for the features of a modality that a sample lacks, 1 for all others."""
        means = [self.add("Abs", [self.add("ReduceMean", [x], axes=[2], keepdims=0)]) for x in inputs]
        signs = [self.add("Sign", [self.add("ReduceMax", [x], axes=[1], keepdims=1)]) for x in means]
        return self.add("Gather", [self.add("Concat", signs, axis=1), self.constant(np.array(owners))], axis=1)

    def convolved(self, x: str, layers: str, shapes: Sequence[tuple[int, ...]], shape: NetworkShape, pad: int) -> str:
        """Add convolutions of stride 2 with leaky ReLU."""
        for index, size in enumerate(shapes):
            layer = self.layer(f"{layers}.{index}", size, shape.regularisation.weight_norm)
            axes = len(size) - 2
            parts = [self.constant(part) for part in layer]
            x = self.add("Conv", [x, *parts], strides=[2] * axes, pads=[pad] * 2 * axes)
            x = self.add("LeakyRelu", [x], alpha=SLOPE)
        return x

    def serialised(self, shape: NetworkShape) -> bytes:
        if set(self._given) != self._used:
            raise ValueError("its weights are not those of the network that it describes")
        rows = CROP_FRAMES if shape.layout == "image" else "rows"
        inputs = [
            helper.make_tensor_value_info(part.name, TensorProto.FLOAT, ["n", part.dim, rows])
            for part in shape.modalities
        ]
        output = helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["n", shape.classes])
        graph = helper.make_graph(self._nodes, "valaro", inputs, [output], self._constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, producer_name="valaro", ir_version=_IR_VERSION)
        return model.SerializeToString(deterministic=True)


def _parts(shape: tuple[int, ...]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return ("weight", shape), ("bias", shape[:1]), ("gain", shape[:1])


def _temporal(graph: _Graph, x: str, modality: Modality, shape: NetworkShape) -> tuple[str, int]:
    widths = scaled_widths(TEMPORAL_WIDTHS, shape.width)
    shapes = [(o, i, 4) for i, o in zip([modality.bands, *widths], widths, strict=False)]
    x = graph.convolved(x, f"encoders.{modality.name}.layers", shapes, shape, pad=1)
    return graph.moments(x), 2 * widths[-1]


def _image(graph: _Graph, x: str, modality: Modality, shape: NetworkShape) -> tuple[str, int]:
    widths, bands = scaled_widths(IMAGE_WIDTHS, shape.width), image_bands(modality.bands)
    padding = np.array([0, 0, 0, 0, bands - modality.bands, 0])
    x = graph.reshaped(graph.add("Pad", [x, graph.constant(padding)]), [0, 1, bands, shape.frames_of(modality)])
    shapes = [(o, i, 5, 5) for i, o in zip([1, *widths], widths, strict=False)]
    x = graph.convolved(x, f"encoders.{modality.name}.layers", shapes, shape, pad=2)
    shrink = 2 ** len(widths)
    return graph.add("Flatten", [x]), widths[-1] * (bands // shrink) * (shape.frames_of(modality) // shrink)


def _statistics(graph: _Graph, x: str, modality: Modality, _: NetworkShape) -> tuple[str, int]:
    return graph.moments(x), 2 * modality.bands


_ENCODERS: dict[str, Callable[[_Graph, str, Modality, NetworkShape], tuple[str, int]]] = {
    "temporal": _temporal,
    "image": _image,
    "statistics": _statistics,
}
