"""Torch generators, one a purpose, all from one seed."""

import torch

from valaro.rng import stream_seed


def torch_stream(seed: int, name: str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return the generator of the stream called `name` on `device`."""
    return torch.Generator(device=device).manual_seed(stream_seed(seed, name))
