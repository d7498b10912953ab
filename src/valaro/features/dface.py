"""`dface`: 342 features of a face from a DenseNet that the user has trained."""

import numpy as np
from jaxtyping import Float32, UInt8

from valaro.errors import ValaroError
from valaro.features.face_network import FaceNetwork

_VERSION = 1


class Dface:
    """`dface`: the averaged last map of a trained network of faces, run by ONNX Runtime."""

    name = "dface"

    def __init__(self, network: FaceNetwork | None) -> None:
        if network is None:
            raise ValaroError(
                "feature 'dface' comes from a network that you train on pictures of faces: run `valaro "
                "train-face-network IMAGES --to RUN`, then name it as in --features dface=RUN; "
                "'face' needs no training"
            )
        self._network = network
        self.dim = network.dim
        # The network's own checksum, so that no store mixes what two networks made.
        self.version = f"{_VERSION}-{network.checksum}"

    def __call__(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t dim"]:
        """Return the features of each crop."""
        return self._network.features(crops)
