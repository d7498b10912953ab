"""Make the packaged weights of `dface` from a run of `valaro train-face-network`.

    python tools/package_face_network.py RUN --to src/valaro/weights/dface.safetensors

Weights alone, in 16 bits, by the names that `networks.densenet.DenseNet` gives them: the graph is built when they are
read, so nothing in the file runs. The checksum that is printed goes into `valaro.weights.CHECKSUMS`.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.numpy import save

from valaro.features.densenet_graph import as_graph
from valaro.features.network_file import read_face_network
from valaro.networks.densenet import DFACE, DenseNet
from valaro.training.faces.export import weights_of


def names_in_order(classes: int) -> list[str]:
    """Return the name of each weight of the graph, in its order."""
    like = weights_of(DenseNet(DFACE, classes=classes, mean=0.0, deviation=1.0, generator=torch.Generator()))
    names = list(like)
    # Every array is filled with the place of its name: the graph then says itself what it takes where.
    graph = as_graph({name: np.full(like[name].shape, place, np.float32) for place, name in enumerate(names)})
    floats = [numpy_helper.to_array(tensor) for tensor in graph.graph.initializer if tensor.data_type == 1]
    return [names[int(array.reshape(-1)[0])] for array in floats]


def main() -> None:
    """Read the run's network and write its weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    network = read_face_network(options.run)
    graph = onnx.load_model_from_string(network.content).graph
    floats = [numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.data_type == 1]
    names = names_in_order(len(network.classes))
    tensors = {
        name: array.reshape(()) if name in ("mean", "deviation") else array
        for name, array in zip(names, floats, strict=True)
    }
    # Grey values 0-255 keep their 32 bits: two numbers cost nothing.
    kept = {name: array if array.ndim == 0 else array.astype(np.float16) for name, array in tensors.items()}
    content = save(kept, metadata={"classes": json.dumps(list(network.classes))})
    options.to.write_bytes(content)
    print(f"{options.to}: {len(content)} bytes, {len(kept)} arrays, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
