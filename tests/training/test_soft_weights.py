"""SoftMatch's weights against numbers worked out by hand."""

import math

import pytest
import torch

from valaro.training.soft_weights import SoftWeights


def test_the_weight_falls_as_a_gaussian_below_the_usual_confidence() -> None:
    memory = SoftWeights(classes=3)
    memory.load_state_dict({"mean": 0.8, "variance": 0.04, "shares": torch.full((3,), 1 / 3)})
    p = torch.tensor([[0.9, 0.05, 0.05], [0.05, 0.7, 0.25], [0.1, 0.1, 0.8]])
    weights = memory.weigh(p)
    # Confidences 0.9, 0.7, 0.8: their mean 0.8, variance 0.01. So the mean stays, the variance becomes
    # 0.99 x 0.04 + 0.01 x 0.01, and the shares 0.35, 0.2833, 0.3667 count for 1 % each.
    variance = 0.0397
    shares = [(0.99 / 3) + 0.01 * s for s in (0.35, 0.85 / 3, 1.1 / 3)]
    confidences = [
        max(row[k] / shares[k] for k in range(3)) / sum(row[k] / shares[k] for k in range(3)) for row in p.tolist()
    ]
    expected = [math.exp(-(min(c - 0.8, 0.0) ** 2) / (2 * variance / 4)) for c in confidences]
    assert weights.tolist() == pytest.approx(expected, rel=1e-5)
    assert weights[0] == 1.0
    assert weights[1] < 0.8


def test_a_level_said_too_often_becomes_less_sure() -> None:
    memory = SoftWeights(classes=2)
    memory.load_state_dict({"mean": 0.6, "variance": 0.01, "shares": torch.tensor([0.9, 0.1])})
    often, seldom = memory.weigh(torch.tensor([[0.9, 0.1], [0.1, 0.9]]))
    assert often < 0.2
    assert seldom == 1.0


def test_the_memory_comes_back() -> None:
    memory = SoftWeights(classes=3)
    p = torch.rand((8, 3), generator=torch.Generator().manual_seed(0)).softmax(dim=1)
    memory.weigh(p)
    second_view = SoftWeights(classes=3)
    second_view.load_state_dict(memory.state_dict())
    assert torch.equal(memory.weigh(p), second_view.weigh(p))
