"""A DenseNet-BC without torch: its shape, the arrays that it is made of, its graph."""

from collections.abc import Iterator
from dataclasses import dataclass

from valaro.tensorfile import Arrays

BLOCKS = 3
_FIRST_SIDE = 32
"""Pixels across the maps of the first block; each halving leaves half of them."""


@dataclass(frozen=True, kw_only=True)
class DenseShape:
    """Growth k and depth L of a DenseNet-BC (Huang et al. 2017); each halving also halves the channels.

    The first convolution makes 2 k channels, each of the three blocks adds k per bottleneck: with k = 12 and L = 100
    24 -> 216 -> 108 -> 300 -> 150 -> 342.
    """

    growth: int = 12
    depth: int = 100

    @property
    def bottlenecks(self) -> int:
        """Bottlenecks per block: two convolutions each, beside the first one, the two halvings and the last layer."""
        return (self.depth - BLOCKS - 1) // (2 * BLOCKS)

    @property
    def features(self) -> int:
        """Channels at the end, and so numbers per face.

        >>> DenseShape().features
        342
        """
        channels = 2 * self.growth
        for block in range(BLOCKS):
            channels = (channels // 2 if block else channels) + self.bottlenecks * self.growth
        return channels

    def stages(self) -> Iterator[tuple[bool, int]]:
        """Yield for each stage between the first convolution and the last layer: is it a halving, channels into it."""
        channels = 2 * self.growth
        for block in range(BLOCKS):
            if block:
                yield True, channels
                channels //= 2
            for _ in range(self.bottlenecks):
                yield False, channels
                channels += self.growth

    def numbers(self) -> int:
        """Return how many numbers all layers give for one face."""
        side, total = _FIRST_SIDE, 2 * self.growth * _FIRST_SIDE**2
        for is_halving, channels in self.stages():
            # Two norms with ReLU, two convolutions, what came in beside what is new.
            layers = 5 * channels // 2 if is_halving else 3 * channels + 14 * self.growth
            total += layers * side**2
            side //= 1 + is_halving
        return total


DFACE = DenseShape()
"""The paper's: among the published shapes only growth 12 with depth 100 ends in 342 features."""


def array_shapes(shape: DenseShape, classes: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array by its name, as `dface.densenet.DenseNet` has them."""
    growth, features = shape.growth, shape.features
    shapes: dict[str, tuple[int, ...]] = {"mean": (), "std": (), "first.weight": (2 * growth, 1, 3, 3)}
    shapes |= {**_norm("norm", features), "classify.weight": (classes, features), "classify.bias": (classes,)}
    for index, (is_halving, channels) in enumerate(shape.stages()):
        stage = f"stages.{index}"
        if is_halving:
            shapes |= {**_norm(f"{stage}.norm", channels), f"{stage}.squeeze.weight": (channels // 2, channels, 1, 1)}
        else:
            shapes |= {**_norm(f"{stage}.norm1", channels), **_norm(f"{stage}.norm2", 4 * growth)}
            shapes[f"{stage}.squeeze.weight"] = (4 * growth, channels, 1, 1)
            shapes[f"{stage}.grow.weight"] = (growth, 4 * growth, 3, 3)
    return shapes


def _norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}


def shape_of(weights: Arrays) -> DenseShape:
    """Return the shape that the first layer and the number of bottlenecks tell; whether the rest fits is not known."""
    first = weights.get("first.weight")
    growth = first.shape[0] // 2 if first is not None and first.ndim else 0
    bottlenecks = sum(name.endswith(".grow.weight") for name in weights) // BLOCKS
    return DenseShape(growth=growth, depth=2 * BLOCKS * bottlenecks + BLOCKS + 1)


def densenet_graph(weights: Arrays) -> bytes:
    """Return the graph of a network in use: crops as bytes in, features and class probabilities out."""
    from valaro.features.crop_network import begin_crops, finish_crops, pooled_features
    from valaro.onnx_builder import GraphBuilder

    graph = GraphBuilder(weights)
    x = begin_crops(graph, mean=float(weights["mean"]), std=float(weights["std"]))
    x = graph.convolution(x, "first.weight", pad=1, stride=2)
    for index, (is_halving, _) in enumerate(shape_of(weights).stages()):
        stage = f"stages.{index}"
        if is_halving:
            squeezed = graph.convolution(graph.batch_norm_relu(x, f"{stage}.norm"), f"{stage}.squeeze.weight")
            x = graph.add("AveragePool", squeezed, kernel_shape=[2, 2], strides=[2, 2])
        else:
            new = graph.convolution(graph.batch_norm_relu(x, f"{stage}.norm1"), f"{stage}.squeeze.weight")
            new = graph.convolution(graph.batch_norm_relu(new, f"{stage}.norm2"), f"{stage}.grow.weight", pad=1)
            x = graph.add("Concat", x, new, axis=1)
    x = pooled_features(graph, graph.batch_norm_relu(x, "norm"))
    layer = (graph.weight("classify.weight"), graph.weight("classify.bias"))
    return finish_crops(graph, graph.add("Gemm", x, *layer, transB=1))
