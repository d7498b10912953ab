"""The networks whose features a store holds: it keeps a copy of each, so that models can take it along."""

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from valaro.errors import StoreError
from valaro.features.face_network import FaceNetwork, read_face_network
from valaro.files import atomic_write

NETWORKS, SUFFIX = "networks", ".safetensors"


def network_path(store: Path, version: str) -> Path:
    """Return where a store keeps the network behind that version of its features."""
    return store / NETWORKS / f"{version}{SUFFIX}"


def keep_network(store: Path, network: FaceNetwork) -> None:
    """Put a copy of the network into the store, if it has none."""
    path = network_path(store, network.version)
    if not path.is_file():
        with atomic_write(path) as aside:
            aside.write_bytes(network.content)


def forget_networks(store: Path, versions: Collection[str]) -> None:
    """Remove the networks of all other versions."""
    for path in (store / NETWORKS).glob("[!.]*"):
        if path.stem not in versions:
            path.unlink()


@lru_cache(maxsize=2)
def read_network(store: Path, version: str) -> FaceNetwork:
    """Return the network that computed this version of its features in the store.

    Raises:
        StoreError: it is gone, damaged or another one.
    """
    network = read_face_network(network_path(store, version))
    if network.version != version:
        raise StoreError(
            f"{network_path(store, version)} is another network than the one that computed features of this store: "
            "extract them again"
        )
    return network
