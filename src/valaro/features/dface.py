"""`dface`: the paper's 342 features of a face, from the packaged DenseNet or one that the user has trained."""

import numpy as np
from jaxtyping import Float32, UInt8

from valaro.features.face_network import FaceNetwork

_VERSION = 1


class Dface:
    """`dface`: the averaged last map of a network of faces (default: the packaged one), run by ONNX Runtime."""

    name = "dface"

    def __init__(self, network: FaceNetwork | None) -> None:
        if network is None:
            # Who has no such features does not pay for reading the network.
            from valaro.features.packaged_network import packaged_face_network

            network = packaged_face_network()
        self._network = network
        self.dim = network.dim
        # The network's own checksum, so that no store mixes what two networks made.
        self.version = f"{_VERSION}-{network.checksum}"

    def __call__(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t dim"]:
        """Return the features of each crop."""
        return self._network.features(crops)
