"""The DenseNet-BC of the paper: 342 features, and the same numbers as torch's own layers and as ONNX Runtime."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from helpers.faces import SMALL, some_faces
from valaro.dface.densenet import DenseNet
from valaro.dface.export import largest_difference, weights_of
from valaro.features.densenet_graph import DFACE, DenseShape
from valaro.features.face_network import checked_network, network_content


def _network(shape: DenseShape, *, classes: int = 8, warm: bool = True) -> DenseNet:
    network = DenseNet(shape, classes=classes, mean=120.0, std=60.0, generator=torch.Generator().manual_seed(0))
    if warm:
        # Batch norms as after some training: statistics of pictures, scales and biases of their own.
        with torch.no_grad():
            for part in network.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.weight.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(part.num_features))
                    part.bias.uniform_(-0.5, 0.5, generator=torch.Generator().manual_seed(part.num_features))
            for _ in range(3):
                network(torch.from_numpy(some_faces(4).crops))
    return network.eval()


def test_growth_12_and_depth_100_make_342_features_at_8_by_8() -> None:
    network = _network(DFACE, warm=False)
    maps: list[tuple[int, ...]] = []
    for stage in (network.first, *(network.stages[place] for place in (15, 16, 32, 33, 49))):
        stage.register_forward_hook(lambda _, __, out: maps.append(tuple(out.shape)))
    features, logits = network(torch.from_numpy(some_faces(2).crops))
    assert DFACE.features == 342
    assert features.shape == (2, 342)
    assert logits.shape == (2, 8)
    assert maps == [
        (2, 24, 32, 32),
        (2, 216, 32, 32),
        (2, 108, 16, 16),
        (2, 300, 16, 16),
        (2, 150, 8, 8),
        (2, 342, 8, 8),
    ]
    # 0.77 million weights: the published DenseNet-BC (L=100, k=12) has 0.8 million.
    assert sum(parameter.numel() for parameter in network.parameters()) == 768_044


def test_a_small_network_is_the_same_code_with_features_counted_by_hand() -> None:
    # One bottleneck a block: 4 + 2 = 6 -> 3 + 2 = 5 -> 2 + 2 = 4.
    assert (SMALL.bottlenecks, SMALL.features) == (1, 4)
    assert _network(SMALL)(torch.from_numpy(some_faces(3).crops))[0].shape == (3, 4)


def test_a_bottleneck_adds_its_maps_behind_those_that_came_in() -> None:
    network = _network(SMALL)
    stage = network.stages[0]
    x = torch.randn((2, 4, 8, 8), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        y = stage(x)

        def normed(part: torch.nn.BatchNorm2d, values: torch.Tensor) -> torch.Tensor:
            shape = (1, -1, 1, 1)
            scaled = (values - part.running_mean.view(shape)) / (part.running_var.view(shape) + part.eps).sqrt()
            return (scaled * part.weight.view(shape) + part.bias.view(shape)).clamp(min=0)

        inner = functional.conv2d(normed(stage.norm1, x), stage.squeeze.weight)
        new = functional.conv2d(normed(stage.norm2, inner), stage.grow.weight, padding=1)
    torch.testing.assert_close(y[:, :4], x)
    torch.testing.assert_close(y[:, 4:], new, rtol=1e-5, atol=1e-5)


def test_a_crop_is_standardised_by_the_training_sets_grey_values() -> None:
    network = _network(SMALL)
    brighter = _network(SMALL)
    brighter.mean.add_(10)
    crops = torch.from_numpy(some_faces(3).crops).float()
    torch.testing.assert_close(network(crops)[0], brighter(crops + 10)[0])


@pytest.mark.parametrize("shape", [SMALL, DFACE], ids=["small", "342"])
def test_onnx_runtime_gives_the_features_of_torch_to_five_digits(shape: DenseShape) -> None:
    network = _network(shape)
    crops = some_faces(6).crops
    exported = checked_network(network_content(weights_of(network), list("abcdefgh")), "made here")
    assert exported.dim == shape.features
    assert largest_difference(network, exported, crops) < 1e-5
    np.testing.assert_allclose(exported.probabilities(crops).sum(axis=1), 1, atol=1e-5)
    # A difference would be seen: the same network with one weight moved.
    with torch.no_grad():
        network.first.weight[0, 0, 1, 1] += 0.01
    assert largest_difference(network, exported, crops) > 1e-5
