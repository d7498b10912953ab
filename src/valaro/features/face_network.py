"""A trained network of faces: a checked file's content, run by ONNX Runtime."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, UInt8

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

NETWORK_FEATURES = frozenset({"dface"})
"""Features that are computed by a network of the user's, named as in `dface=RUN`."""

NETWORK_FILE = "network.onnx"
CROPS, FEATURES, PROBABILITIES = "crops", "features", "probabilities"


@dataclass(frozen=True, kw_only=True)
class FaceNetwork:
    """The content of a file that was checked (network_file.py), and what it tells.

    `checksum` is that of its graph: with the same one, the same numbers come from a crop. `classes` are what its
    probabilities are of; `dim` is how many features a face has.
    """

    content: bytes
    checksum: str
    classes: tuple[str, ...]
    dim: int

    def features(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t dim"]:
        """Return the features of each crop."""
        return self._run(FEATURES, crops)

    def probabilities(self, crops: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "t k"]:
        """Return how sure the network is of each of `classes`, a row a crop."""
        parts = [self._run(PROBABILITIES, crops[first : first + 64]) for first in range(0, len(crops), 64)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)), np.float32)

    def _run(self, output: str, crops: UInt8[np.ndarray, "t 64 64"]) -> np.ndarray:
        (values,) = _session(self).run([output], {CROPS: crops})
        return np.asarray(values, np.float32)


@lru_cache(maxsize=2)
def _session(network: FaceNetwork) -> "InferenceSession":
    # Loaded late: who uses no network of faces does not pay for its runtime.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(network.content, options, providers=["CPUExecutionProvider"])
