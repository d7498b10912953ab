"""Make the packaged network of `dface` from a run of `valaro train-face-network`: the same file in 16 bits.

    python tools/package_face_network.py RUN --to src/valaro/weights/dface.safetensors

The checksum that is printed goes into `valaro.weights.CHECKSUMS`.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from safetensors.numpy import load

from valaro.features.face_network import checked_network, network_content, read_face_network


def main() -> None:
    """Read the run's network and write it smaller."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    network = read_face_network(options.run)
    # Grey values 0-255 keep their 32 bits: two numbers cost nothing.
    kept = {
        name: array if array.ndim == 0 else array.astype(np.float16) for name, array in load(network.content).items()
    }
    content = network_content(kept, network.classes)
    checked_network(content, str(options.to))
    options.to.write_bytes(content)
    print(f"{options.to}: {len(content)} bytes, {len(kept)} arrays, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
