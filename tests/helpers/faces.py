"""Makes pictures of faces that a small network can tell apart, in folders and in a table of votes."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from valaro.dface.densenet import DenseNet
from valaro.dface.export import weights_of
from valaro.dface.pictures import Faces
from valaro.features.densenet_graph import DenseShape
from valaro.features.face_network import FaceNetwork, checked_network, network_content

CLASSES = ("down", "up")
SMALL = DenseShape(growth=2, depth=10)
"""The same network with one bottleneck a block: 4 -> 6 -> 3 -> 5 -> 2 -> 4 features."""


def a_crop(rng: np.random.Generator, *, up: bool, side: int = 48) -> np.ndarray:
    """Noise around a bright upper or lower half."""
    picture = rng.integers(0, 120, (side, side))
    half = slice(0, side // 2) if up else slice(side // 2, side)
    picture[half] += 120
    return picture.astype(np.uint8)


def some_faces(count: int = 12, *, seed: int = 0) -> Faces:
    """Return `count` faces, every other one of each class."""
    rng = np.random.default_rng(seed)
    return Faces(
        classes=CLASSES,
        names=tuple(f"{k}.png" for k in range(count)),
        crops=np.stack([a_crop(rng, up=bool(k % 2), side=64) for k in range(count)]),
        targets=np.eye(2, dtype=np.float32)[[k % 2 for k in range(count)]],
    )


def a_network(*, seed: int = 0, shape: DenseShape = SMALL) -> FaceNetwork:
    """Return a network with drawn weights, whose batch norms have seen some faces."""
    network = DenseNet(shape, classes=2, mean=120.0, std=60.0, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for _ in range(3):
            network(torch.from_numpy(some_faces(6).crops))
    return checked_network(network_content(weights_of(network.eval()), CLASSES), "made here")


def make_folders(folder: Path, *, a_class: int = 6, seed: int = 0) -> Path:
    """Write a folder with a sub-folder a class."""
    rng = np.random.default_rng(seed)
    for name in CLASSES:
        for k in range(a_class):
            write_picture(folder / name / f"{name}{k}.png", a_crop(rng, up=name == "up"))
    return folder


def write_picture(path: Path, picture: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)
    return path


def write_votes(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """Write a table in the form of FERPlus."""
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path
