"""The ONNX graph of a network gives what torch gives, for every layout and method, on any number of windows."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from valaro.errors import ValaroError
from valaro.networks.fusion import FusionClassifier
from valaro.networks.graph import onnx_graph
from valaro.networks.shapes import NOTHING_RANDOM, Modality, NetworkShape
from valaro.training.classify import level_probabilities
from valaro.training.config import DEFAULT, PAPER, TrainConfig

VOICE, FACE = Modality(name="fbank", dim=32, spectrum=True), Modality(name="face", dim=18)
HALVED = replace(VOICE, averaged=2)
LINEAR = NetworkShape(
    modalities=(VOICE, FACE), layout="statistics", width=1.0, regularisation=NOTHING_RANDOM, standardised=True
)
TOLERANCE = 1e-5
"""The largest difference of a probability between ONNX Runtime and torch."""


def _shape(config: TrainConfig, *modalities: Modality, **changes: object) -> NetworkShape:
    return replace(NetworkShape.of(config, modalities), **{"width": 0.125, **changes})


def _network(shape: NetworkShape, rows: int = 128) -> tuple[FusionClassifier, dict[str, torch.Tensor]]:
    """A network as after training: started on a batch, its last layer no longer 0; and windows for it."""
    generator = torch.Generator().manual_seed(0)
    classifier = FusionClassifier(shape, generator=generator)
    windows = {m.name: torch.randn((7, m.dim, rows), generator=generator) for m in shape.modalities}
    from valaro.networks.resolution import as_seen

    classifier(as_seen(windows, shape), start=True)
    with torch.no_grad():
        for part in (classifier.head.weight, classifier.head.bias):
            part.add_(torch.randn(part.shape, generator=generator), alpha=0.1)
    return classifier, windows


def _weights(classifier: FusionClassifier) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in classifier.state_dict().items()}


def _run(graph: bytes, windows: dict[str, torch.Tensor]) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {name: values.numpy() for name, values in windows.items()})[0]


@pytest.mark.parametrize(
    ("shape", "rows"),
    [
        (_shape(DEFAULT, HALVED, FACE), 128),
        (_shape(DEFAULT, HALVED), 128),
        (_shape(DEFAULT, HALVED, replace(FACE, held=4)), 128),
        (_shape(DEFAULT, VOICE, FACE, averaged_frames=1, explicit_head=True, zero_head=False, statistics=False), 128),
        (_shape(DEFAULT, VOICE, FACE, standardised=False, encoder_scale=1.0), 128),
        (_shape(PAPER, VOICE, FACE, width=0.0625), 128),
        (_shape(PAPER, FACE, width=0.0625, explicit_head=True), 128),
        (LINEAR, 128),
        (LINEAR, 401),
        (LINEAR, 1),
    ],
)
def test_onnx_runtime_gives_torch_s_probabilities(shape: NetworkShape, rows: int) -> None:
    classifier, windows = _network(shape, rows)
    # One recording without a face, one without anything.
    for index in (1, 2):
        windows[shape.modalities[-1].name][index] = 0.0
    windows[shape.modalities[0].name][2] = 0.0
    expected = level_probabilities(classifier, windows)
    probabilities = _run(onnx_graph(shape, _weights(classifier)), windows)
    assert np.abs(probabilities - expected).max() < TOLERANCE
    assert np.ptp(expected, axis=0).max() > 0.01


def test_logits_are_divided_by_the_temperature() -> None:
    classifier, windows = _network(_shape(DEFAULT, HALVED, FACE))
    plain = _run(onnx_graph(classifier.shape, _weights(classifier)), windows)
    cooler = _run(onnx_graph(classifier.shape, _weights(classifier), temperature=2.0), windows)
    expected = np.sqrt(plain) / np.sqrt(plain).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(cooler, expected, atol=1e-6)


def test_weights_of_another_shape_are_refused() -> None:
    classifier, _ = _network(_shape(DEFAULT, HALVED, FACE))
    weights, foreign = _weights(classifier), "its weights are not those of the network"
    for change in ({"width": 16.0}, {"layout": "image"}, {"statistics": False}, {"explicit_head": True}):
        with pytest.raises(ValueError, match=foreign):
            onnx_graph(replace(classifier.shape, **change), weights)
    with pytest.raises(ValueError, match=foreign):
        onnx_graph(classifier.shape, {**weights, "more": np.zeros(1, np.float32)})
    with pytest.raises(ValueError, match=foreign):
        onnx_graph(classifier.shape, {**weights, "head.bias": weights["head.bias"].astype(np.float64)})
    with pytest.raises(ValaroError, match="unknown layout 'cube'"):
        onnx_graph(replace(classifier.shape, layout="cube"), weights)
