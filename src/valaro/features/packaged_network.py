"""The packaged network of `dface`: weights from the package, the graph built from them at load."""

from functools import lru_cache

from safetensors.numpy import load

from valaro.features.densenet_graph import as_graph
from valaro.features.face_network import FaceNetwork
from valaro.features.network_file import checked_network, seal
from valaro.weights import read_weights

FILE = "dface.safetensors"
CLASSES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""FERPlus' eight expressions, in the order of its table."""


@lru_cache(maxsize=1)
def packaged_face_network() -> FaceNetwork:
    """Return the DenseNet-BC (growth 12, depth 100) that was trained on FERPlus; NOTICE says from what it learnt.

    Raises:
        StoreError: its weights are missing or not those that were packaged.
    """
    weights = load(read_weights(FILE))
    return checked_network(seal(as_graph(weights), {"classes": list(CLASSES)}), "the packaged network of faces")
