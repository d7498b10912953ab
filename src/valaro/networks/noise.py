"""Randomness inside a network, as an argument: a network called without it is deterministic."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

_BANK = 1 << 22


class Noise:
    """Gaussian noise and dropout drawn from one generator; `None` in its place means neither.

    Normal numbers are dear: drawing them cost a fifth of a training step. So four million are drawn once, and each call
    adds those behind a freshly drawn place (17 times faster); a tensor that is too large for that gets new ones.
    So does one on a GPU, where drawing is cheap and reading the place back would wait for the device.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._before_bank = generator.get_state()
        self._bank = torch.zeros(0)

    def gaussian(self, x: Float[Tensor, "*shape"], deviation: float) -> Float[Tensor, "*shape"]:
        """Add noise of standard deviation `deviation`."""
        if deviation == 0:
            return x
        return torch.add(x, self._normal(x), alpha=deviation)

    def dropout(self, x: Float[Tensor, "*shape"], rate: float) -> Float[Tensor, "*shape"]:
        """Zero each value with probability `rate` and scale the others up."""
        if rate == 0:
            return x
        # A byte a value, drawn eight at a time, is several times as fast as nn.Dropout on CPUs; 1/256 is fine enough
        # for a rate. The bytes are laid out as x is, or each of these passes would take several times as long.
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device)
        words.random_(-(2**63), None, generator=self._generator)  # pyright: ignore[reportArgumentType, reportCallIssue]
        strides = torch.empty_like(x, device="meta").stride()
        drawn = words.view(torch.uint8)[: x.numel()].as_strided(x.shape, strides)
        threshold = round(rate * 256)
        return x * drawn.ge(threshold).to(x.dtype).mul_(256 / (256 - threshold))

    def without_modality(self, inputs: Mapping[str, Tensor], rate: float) -> Mapping[str, Tensor]:
        """Set one of several modalities to 0, the mean after scaling, in a share `rate` of the samples."""
        if rate == 0 or len(inputs) < 2:
            return inputs
        some = next(iter(inputs.values()))
        drawn = torch.rand((2, len(some)), generator=self._generator, device=some.device)
        lost = torch.where(drawn[0] < rate, (drawn[1] * len(inputs)).long(), -1)
        return {
            name: x * (lost != index).reshape(-1, *[1] * (x.ndim - 1)) for index, (name, x) in enumerate(inputs.items())
        }

    def state_dict(self) -> dict[str, Tensor]:
        """Return where the generator stands, and where it stood before the bank was drawn: that makes it again."""
        return {"generator": self._generator.get_state(), "before_bank": self._before_bank}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self._before_bank = state["before_bank"]
        self._bank = torch.zeros(0)
        self._generator.set_state(state["generator"])

    def _normal(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        if x.is_cuda or x.numel() > _BANK // 2:
            return torch.randn(x.shape, generator=self._generator, device=x.device, dtype=x.dtype)
        if len(self._bank) == 0:
            source = torch.Generator(device=x.device)
            source.set_state(self._before_bank)
            self._bank = torch.randn(_BANK, generator=source, device=x.device, dtype=x.dtype)
        start = int(torch.randint(_BANK - x.numel() + 1, (1,), generator=self._generator, device=x.device))
        return self._bank[start : start + x.numel()].view(x.shape)
