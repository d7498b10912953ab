"""One adversarial update as the paper prints it: a pass of D for each term, Eq. 4 to 7 written out.

It is the reference for `valaro.training.adversarial`, which fuses the passes, and shares no formula with
`valaro.losses`. K levels have the logits l_1..l_K, "generated" has l_{K+1}; D(k|x) = exp(l_k) / sum_j exp(l_j). Any
classifier will do that is called with (inputs, noise) and returns an object with `logits`, `features` and `embedding`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from valaro.networks.noise import Noise

Crops = Mapping[str, Tensor]
"""A modality's name -> `[n dim time]`: one name gives Eq. 4 and 5, several give Eq. 6 and 7."""

Classifier = Callable[[Crops, Any], Any]


def terms_of_d(
    classifier: Classifier,
    parts: Sequence[Crops],
    soft_labels: Tensor,
    noises: Sequence[Any],
    *,
    joint: bool = False,
    margin: float = 0.0,
) -> dict[str, Tensor]:
    """Return the terms of Eq. 6; `parts` are labelled, real, real again and generated samples, a noise for each."""
    labelled, real, second_view, generated = (
        classifier(part, noise) for part, noise in zip(parts, noises, strict=True)
    )
    p_labelled, p_real, p_again, p_generated = (
        torch.exp(judged.logits) / torch.exp(judged.logits).sum(dim=1, keepdim=True)
        for judged in (labelled, real, second_view, generated)
    )
    # Line 1, as printed or as both reference codes have it: given that the sample is real.
    p_levels = p_labelled[:, :-1] if joint else given_real(p_labelled)
    distance = ((given_real(p_real) - given_real(p_again)) ** 2).sum(dim=1)
    distance = distance + 0.1 * ((real.embedding - second_view.embedding) ** 2).mean(dim=1)
    return {
        "labelled": -(soft_labels * torch.log(p_levels)).sum(dim=1).mean(),
        "real": -torch.log(1 - p_real[:, -1]).mean(),
        "generated": -torch.log(p_generated[:, -1]).mean(),
        "consistency": torch.maximum(distance - margin, torch.zeros_like(distance)).mean(),
    }


def loss_of_d(terms: Mapping[str, Tensor], *, consistency: float = 1.0) -> Tensor:
    """Return Eq. 6, lambda = `consistency`."""
    return terms["labelled"] + terms["generated"] + terms["real"] + consistency * terms["consistency"]


def loss_of_g(
    classifier: Classifier, generated: Crops, real: Crops, noise_of_generated: object, noise_of_real: object
) -> Tensor:
    """Return Eq. 7; the caller descends it in G's parameters alone."""
    of_real = classifier(real, noise_of_real).features.mean(dim=0)
    of_generated = classifier(generated, noise_of_generated).features.mean(dim=0)
    return ((of_generated - of_real) ** 2).mean()


def given_real(p: Tensor) -> Tensor:
    """Return D(k|x, x is real) for the K levels."""
    return p[:, :-1] / p[:, :-1].sum(dim=1, keepdim=True)


class SharedNoise(Noise):
    """Noise that a sample gets wherever it stands in a batch: what separate passes and a joint one can share.

    The numbers of pass `number`'s k-th draw are drawn for `rows` samples; a batch takes those from `first` on. So the
    joint pass has first = 0, and separate ones begin where their part of the joint batch does. Each call of a
    classifier is a pass, and the next one counts as `number` + 1.
    """

    def __init__(self, *, rows: int, first: int = 0, number: int = 0) -> None:
        super().__init__(torch.Generator())
        self._rows, self._first, self._number, self._draw = rows, first, number - 1, 0

    def without_modality(self, inputs: Crops, rate: float) -> dict[str, Tensor]:
        # The first thing that a classifier asks its noise for.
        self._number, self._draw = self._number + 1, 0
        if len(inputs) < 2:
            return dict(inputs)
        chance, which = self._numbers(torch.rand, next(iter(inputs.values()))[:, 0, :2]).unbind(dim=1)
        lost = torch.where(chance < rate, (which * len(inputs)).long(), -1)
        return {name: x * (lost != place)[:, None, None] for place, (name, x) in enumerate(inputs.items())}

    def gaussian(self, x: Tensor, deviation: float) -> Tensor:
        return x + deviation * self._numbers(torch.randn, x) if deviation else x

    def dropout(self, x: Tensor, rate: float) -> Tensor:
        return x * (self._numbers(torch.rand, x) >= rate) / (1 - rate) if rate else x

    def _numbers(self, draw: Callable[..., Tensor], x: Tensor) -> Tensor:
        self._draw += 1
        source = torch.Generator().manual_seed(1000 * self._number + self._draw)
        numbers = draw((self._rows, *x.shape[1:]), generator=source, dtype=torch.float64)
        return numbers[self._first : self._first + len(x)].to(x.dtype)
