"""A classifier's weights written down as an ONNX graph: scaled windows in, probabilities of the three levels out."""

from collections.abc import Callable, Sequence

import numpy as np

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
from valaro.onnx_builder import GraphBuilder, Weights, values
from valaro.records import CROP_FRAMES

_FOREIGN = "its weights are not those of the network that it describes"


def onnx_graph(shape: NetworkShape, weights: Weights, *, temperature: float = 1.0) -> bytes:
    """Return the graph of a network in use: an input `[n dim rows]` for each feature, `probabilities` `[n 3]` out.

    Inputs are scaled already: what a recording lacks is then 0 for every model, and a model that scales by speaker
    has no scale of its own. What networks average over bands and frames is in the graph.

    Raises:
        ValueError: the weights are not those of a network of this shape.
        ValaroError: an unknown layout.
    """
    graph = GraphBuilder(weights)
    if shape.layout not in _ENCODERS:
        raise unknown_name("layout", shape.layout, _ENCODERS)
    inputs = {modality.name: _averaged(graph, modality, shape) for modality in shape.modalities}
    encoded = [_ENCODERS[shape.layout](graph, inputs[part.name], part, shape) for part in shape.modalities]
    parts = list(encoded)
    if shape.statistics:
        parts += [(_moments(graph, x), 2 * m.bands) for x, m in zip(inputs.values(), shape.modalities, strict=True)]
    x = graph.add("Concat", *(name for name, _ in parts), axis=1)
    owners = [index % len(shape.modalities) for index, (_, width) in enumerate(parts) for _ in range(width)]
    if shape.standardised:
        mean, std = (graph.constant(_array(graph, name, (len(owners),))) for name in ("mean", "std"))
        x = graph.add("Div", graph.add("Sub", x, mean), std)
        x = graph.add("Mul", x, _present(graph, list(inputs.values()), owners))
    if shape.encoder_scale != 1.0:
        scales = np.ones(len(owners), np.float32)
        scales[: sum(width for _, width in encoded)] = shape.encoder_scale
        x = graph.add("Mul", x, graph.constant(scales))
    outputs = shape.classes + int(shape.explicit_head)
    has_norm = shape.regularisation.weight_norm and not shape.zero_head
    weight, bias = _layer(graph, "head", (outputs, len(owners)), has_norm)
    # The generated column is dropped, the rest renormalised.
    head = [graph.constant(part[: shape.classes] / np.float32(temperature)) for part in (weight, bias)]
    graph.add("Softmax", graph.add("Gemm", x, *head, transB=1), output=PROBABILITIES, axis=1)
    if graph.unused():
        raise ValueError(_FOREIGN)
    rows = CROP_FRAMES if shape.layout == "image" else "rows"
    windows = [values(modality.name, ["n", modality.dim, rows]) for modality in shape.modalities]
    return graph.build(windows, [values(PROBABILITIES, ["n", shape.classes])])


def _array(graph: GraphBuilder, name: str, size: tuple[int, ...]) -> np.ndarray:
    """Return the weights of this name, which must have that size."""
    try:
        array = graph.array(name)
    except KeyError:
        raise ValueError(_FOREIGN) from None
    if array.shape != size or array.dtype != np.float32:
        raise ValueError(_FOREIGN)
    return array


def _layer(graph: GraphBuilder, name: str, size: tuple[int, ...], has_norm: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a layer's weight as it is applied, which is g v / ||v|| under weight norm, and its bias."""
    weight = _array(graph, f"{name}.weight", size)
    bias, gain = (_array(graph, f"{name}.{part}", size[:1]) for part in ("bias", "gain"))
    if has_norm:
        lengths = np.sqrt(np.square(weight.astype(np.float64)).reshape(size[0], -1).sum(axis=1))
        weight = (weight * (gain / lengths).reshape(-1, *[1] * (len(size) - 1))).astype(np.float32)
    return weight, bias


def _averaged(graph: GraphBuilder, modality: Modality, shape: NetworkShape) -> str:
    """Average neighbouring bands and frames, as `networks.resolution` does."""
    bands, frames = modality.averaged, shape.averaged_frames_of(modality)
    if bands == frames == 1:
        return modality.name
    x = graph.reshaped(modality.name, [0, modality.bands, bands, -1, frames])
    return graph.add("ReduceMean", x, axes=[2, 4], keepdims=0)


def _moments(graph: GraphBuilder, x: str) -> str:
    """Add mean and standard deviation over time, one behind the other."""
    mean = graph.add("ReduceMean", x, axes=[2], keepdims=1)
    away = graph.add("Sub", x, mean)
    variance = graph.add("ReduceMean", graph.add("Mul", away, away), axes=[2], keepdims=1)
    std = graph.add("Sqrt", graph.add("Add", variance, graph.constant(np.array(VARIANCE_FLOOR, np.float32))))
    return graph.add("Flatten", graph.add("Concat", mean, std, axis=1))


def _present(graph: GraphBuilder, inputs: Sequence[str], owners: Sequence[int]) -> str:
    """Add 0 for the features of a modality that a sample lacks, 1 for all others."""
    means = [graph.add("Abs", graph.add("ReduceMean", x, axes=[2], keepdims=0)) for x in inputs]
    signs = [graph.add("Sign", graph.add("ReduceMax", x, axes=[1], keepdims=1)) for x in means]
    return graph.add("Gather", graph.add("Concat", *signs, axis=1), graph.constant(np.array(owners)), axis=1)


def _convolved(
    graph: GraphBuilder, x: str, modality: Modality, sizes: Sequence[tuple[int, ...]], shape: NetworkShape, *, pad: int
) -> str:
    """Add an encoder's convolutions of stride 2 with leaky ReLU."""
    for index, size in enumerate(sizes):
        layer = _layer(graph, f"encoders.{modality.name}.layers.{index}", size, shape.regularisation.weight_norm)
        axes = len(size) - 2
        parts = [graph.constant(part) for part in layer]
        x = graph.add("Conv", x, *parts, strides=[2] * axes, pads=[pad] * 2 * axes)
        x = graph.add("LeakyRelu", x, alpha=SLOPE)
    return x


def _temporal(graph: GraphBuilder, x: str, modality: Modality, shape: NetworkShape) -> tuple[str, int]:
    widths = scaled_widths(TEMPORAL_WIDTHS, shape.width)
    sizes = [(o, i, 4) for i, o in zip([modality.bands, *widths], widths, strict=False)]
    x = _convolved(graph, x, modality, sizes, shape, pad=1)
    return _moments(graph, x), 2 * widths[-1]


def _image(graph: GraphBuilder, x: str, modality: Modality, shape: NetworkShape) -> tuple[str, int]:
    widths, bands = scaled_widths(IMAGE_WIDTHS, shape.width), image_bands(modality.bands)
    padding = np.array([0, 0, 0, 0, bands - modality.bands, 0])
    x = graph.reshaped(graph.add("Pad", x, graph.constant(padding)), [0, 1, bands, shape.frames_of(modality)])
    sizes = [(o, i, 5, 5) for i, o in zip([1, *widths], widths, strict=False)]
    x = _convolved(graph, x, modality, sizes, shape, pad=2)
    shrink = 2 ** len(widths)
    return graph.add("Flatten", x), widths[-1] * (bands // shrink) * (shape.frames_of(modality) // shrink)


def _statistics(graph: GraphBuilder, x: str, modality: Modality, _: NetworkShape) -> tuple[str, int]:
    return _moments(graph, x), 2 * modality.bands


_ENCODERS: dict[str, Callable[[GraphBuilder, str, Modality, NetworkShape], tuple[str, int]]] = {
    "temporal": _temporal,
    "image": _image,
    "statistics": _statistics,
}
