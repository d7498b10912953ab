"""`face`: the packaged expression network (mini-Xception trained on FER2013) as a 128-d embedding of a face.

Architecture: Arriaga et al. 2017, "Real-time Convolutional Neural Networks for Emotion and Gender Classification".
Batch norms are folded into the weights (tools/convert_weights.py).
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, UInt8

from valaro.tensorfile import load_arrays
from valaro.weights import read_weights

if TYPE_CHECKING:
    from valaro.features.crop_network import CropNetwork
    from valaro.onnx_builder import GraphBuilder

EXPRESSIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""What the network was trained to tell apart, in the order of its outputs."""

_BLOCKS = 4
_SIDE = 60
"""Pixels across the map that the first block sees: two convolutions without padding have taken two each from 64."""


@cache
def mini_xception() -> "CropNetwork":
    """Return the network, read once a process; StoreError if the packaged file is damaged."""
    # Loaded late: who uses no network of faces does not pay for ONNX.
    from valaro.features.crop_network import CropNetwork, begin_crops, finish_crops, pooled_features
    from valaro.onnx_builder import GraphBuilder

    graph, side = GraphBuilder(load_arrays(read_weights("mini_xception.safetensors"))), _SIDE
    # Grey values 0-255 become -1 to 1, as in the network's training.
    x = begin_crops(graph, mean=127.5, std=127.5)
    for stem in ("stem1", "stem2"):
        x = graph.add("Relu", graph.convolution(x, f"{stem}.weight", f"{stem}.bias"))
    for block in range(1, _BLOCKS + 1):
        x = _residual(graph, x, f"block{block}", side)
        side = (side + 1) // 2
    pooled_features(graph, x)
    classes = graph.convolution(x, "classes.weight", "classes.bias", pad=1)
    return CropNetwork(finish_crops(graph, graph.add("Flatten", graph.add("GlobalAveragePool", classes))))


def _residual(graph: "GraphBuilder", x: str, block: str, side: int) -> str:
    shortcut = graph.convolution(x, f"{block}.shortcut.weight", f"{block}.shortcut.bias", stride=2)
    x = graph.add("Relu", graph.separable(x, f"{block}.first"))
    x = graph.separable(x, f"{block}.second")
    # Keras' "same" padding for 3x3 at stride 2: an even side is padded at its end alone, an odd one on both sides.
    begin = side % 2
    pooled = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[begin, begin, 1, 1])
    return graph.add("Add", pooled, shortcut)


class FaceEmbedding:
    """`face`: mini-Xception's last 4x4 map averaged over the picture, the input of its classes' convolution."""

    name = "face"
    dim = 128
    version = 1

    def __call__(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t 128"]:
        """Return one embedding per crop."""
        return mini_xception().features(crops)
