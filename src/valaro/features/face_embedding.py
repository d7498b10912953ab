"""The packaged expression network (mini-Xception trained on FER2013) as a 128-d embedding of a face.

Architecture: Arriaga et al. 2017, "Real-time Convolutional Neural Networks for Emotion and Gender Classification".
Batch norms are folded into the weights (tools/convert_weights.py).
"""

from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from safetensors.torch import load
from torch import Tensor
from torch.nn import functional

from valaro.weights import read_weights

EXPRESSIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""What the network was trained to tell apart, in the order of its outputs."""

Weights = dict[str, Float[Tensor, "..."]]

_BLOCKS = 4


@cache
def load_network() -> Weights:
    """Return the network's weights by name, read once a process; StoreError if the packaged file is damaged."""
    weights = load(read_weights("mini_xception.safetensors"))
    # Channels last is what oneDNN computes in: converting each activation would cost more than the convolutions.
    return {
        name: tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
        for name, tensor in weights.items()
    }


def as_input(crops: UInt8[np.ndarray, "t 64 64"]) -> Float[Tensor, "t 1 64 64"]:
    """Scale grey values 0-255 to -1-1, as in the network's training."""
    return torch.from_numpy(crops).unsqueeze(1).to(torch.float32).div_(127.5).sub_(1.0)


def last_map(images: Float[Tensor, "t 1 64 64"], weights: Weights) -> Float[Tensor, "t 128 4 4"]:
    """Return the activation that the class convolution sees: two convolutions and four residual blocks."""
    values = images
    for stem in ("stem1", "stem2"):
        values = functional.conv2d(values, weights[f"{stem}.weight"], weights[f"{stem}.bias"]).relu_()
    for block in range(1, _BLOCKS + 1):
        shortcut = functional.conv2d(
            values, weights[f"block{block}.shortcut.weight"], weights[f"block{block}.shortcut.bias"], stride=2
        )
        values = _separable(values, weights, f"block{block}.first").relu_()
        values = _separable(values, weights, f"block{block}.second")
        values = _pool(values).add_(shortcut)
    return values


def _separable(values: Float[Tensor, "t c h w"], weights: Weights, name: str) -> Float[Tensor, "t d h w"]:
    values = functional.conv2d(values, weights[f"{name}.depthwise"], padding=1, groups=values.shape[1])
    return functional.conv2d(values, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _pool(values: Float[Tensor, "t c h w"]) -> Float[Tensor, "t c _ _"]:
    # Keras' "same" padding for 3x3 at stride 2: an even side is padded at its end alone, an odd one on both sides.
    is_even = values.shape[-1] % 2 == 0
    return functional.max_pool2d(values, 3, stride=2, padding=0 if is_even else 1, ceil_mode=is_even)


@torch.inference_mode()
def expression_probabilities(crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t 7"]:
    """Return the network's own answer, probabilities over EXPRESSIONS: a check of the conversion, no feature."""
    weights = load_network()
    values = last_map(as_input(crops), weights)
    classes = functional.conv2d(values, weights["classes.weight"], weights["classes.bias"], padding=1)
    return classes.mean(dim=(2, 3)).softmax(dim=1).numpy()


class FaceEmbedding:
    """`face`: mini-Xception's last 4x4 map averaged over the picture, the input of its classes' convolution."""

    name = "face"
    dim = 128
    version = 1

    @torch.inference_mode()
    def __call__(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t 128"]:
        """Return one embedding a crop."""
        return last_map(as_input(crops), load_network()).mean(dim=(2, 3)).numpy()
