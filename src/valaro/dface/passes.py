"""The forward and backward pass of one batch of faces, as suits the device."""

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
from torch import Tensor
from torch.nn import functional

from valaro.dface.densenet import DenseNet

Passes = Callable[[Tensor, Tensor], Tensor]
"""(crops, targets) -> the loss; the gradients lie in the parameters' `grad` afterwards."""

_WARM_UP = 3


def passes_on(
    device: torch.device, network: DenseNet, shapes: Sequence[tuple[int, ...]], *, smoothing: float
) -> Passes:
    """Return what computes loss and gradients of batches whose crops and targets have these `shapes`."""

    def plain(crops: Tensor, targets: Tensor) -> Tensor:
        network.zero_grad(set_to_none=True)
        return _passes(network, crops, targets, smoothing)

    return _captured(network, shapes, smoothing, device) if device.type == "cuda" else plain


def _passes(network: DenseNet, crops: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    _, logits = network.train()(crops)
    loss = functional.cross_entropy(logits.float(), targets, label_smoothing=smoothing)
    loss.backward()
    return loss


def _captured(network: DenseNet, shapes: Sequence[tuple[int, ...]], smoothing: float, device: torch.device) -> Passes:
    """Capture the passes as one CUDA graph: a hundred thin layers take longer to launch than to compute."""
    crops, targets = (torch.ones(shape, device=device) for shape in shapes)
    # Batch norm follows the warm-up's blank pictures, too: that is undone.
    before = deepcopy(network.state_dict())
    aside = torch.cuda.Stream(device)
    aside.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(aside):
        for _ in range(_WARM_UP):
            network.zero_grad(set_to_none=True)
            _passes(network, crops, targets / targets.shape[1], smoothing)
    torch.cuda.current_stream(device).wait_stream(aside)
    network.zero_grad(set_to_none=True)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = _passes(network, crops, targets, smoothing)
    network.load_state_dict(before)

    def replay(new_crops: Tensor, new_targets: Tensor) -> Tensor:
        crops.copy_(new_crops)
        targets.copy_(new_targets)
        graph.replay()
        return loss

    return replay
