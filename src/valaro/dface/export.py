"""A trained network of faces as a file whose graph gives the same numbers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from valaro.dface.densenet import DenseNet
from valaro.features.face_network import FaceNetwork, checked_network, network_content
from valaro.files import atomic_write
from valaro.tensorfile import Arrays

TOLERANCE = 1e-5
"""Largest difference between torch and ONNX Runtime, relative to numbers above 1: rounding in single precision."""

_COMPARED = 32


def export_network(
    network: DenseNet, classes: Sequence[str], crops: UInt8[np.ndarray, "n 64 64"], to: Path
) -> FaceNetwork:
    """Write the network to `to` once ONNX Runtime has given torch's own features and probabilities of `crops`."""
    content = network_content(weights_of(network), classes)
    exported = checked_network(content, str(to))
    difference = largest_difference(network, exported, crops[:_COMPARED])
    if not difference <= TOLERANCE:
        raise RuntimeError(f"{to}: ONNX Runtime differs from torch by {difference:.2g}, expected {TOLERANCE:g} at most")
    with atomic_write(to) as aside:
        aside.write_bytes(content)
    return exported


def weights_of(network: DenseNet) -> Arrays:
    """Return the network's weights and statistics as arrays by name."""
    return {name: value.numpy() for name, value in network.state_dict().items() if value.is_floating_point()}


@torch.inference_mode()
def largest_difference(network: DenseNet, exported: FaceNetwork, crops: UInt8[np.ndarray, "n 64 64"]) -> float:
    """Return how far the two are apart on features and probabilities, relative to what is larger than 1."""
    with torch.autocast("cpu", enabled=False):
        features, logits = network.eval()(torch.from_numpy(crops))
    pairs = [
        (features.numpy(), exported.features(crops)),
        (logits.softmax(dim=1).numpy(), exported.probabilities(crops)),
    ]
    return max(float((np.abs(ours - theirs) / np.maximum(1, np.abs(ours))).max()) for ours, theirs in pairs)
