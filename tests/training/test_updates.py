"""One gradient step: how far each part of a classifier moves, and what its last layer costs."""

from dataclasses import replace

import pytest
import torch

from valaro.networks.fusion import FusionClassifier
from valaro.networks.shapes import Modality, NetworkShape, Regularisation
from valaro.training.config import DEFAULT
from valaro.training.updates import adam, head_l2, optimizer_step

VOICE = Modality(name="fbank", dim=8, spectrum=True)
FACE = Modality(name="face", dim=6)


def _classifier(*modalities: Modality, weight_norm: bool) -> FusionClassifier:
    shape = NetworkShape(
        modalities=modalities or (VOICE,),
        layout="temporal",
        width=0.125,
        regularisation=Regularisation(input_noise=0.0, hidden_noise=0.0, dropout=0.0, weight_norm=weight_norm),
    )
    return FusionClassifier(shape, generator=torch.Generator().manual_seed(0))


def test_encoders_learn_at_their_share_of_the_rate() -> None:
    classifier = _classifier(VOICE, FACE, weight_norm=False)
    before = {name: value.clone() for name, value in classifier.named_parameters()}
    optimiser = adam(classifier, replace(DEFAULT.schedule, encoder_lr_fraction=0.25, embedding_lr_fraction=0.5))
    logits = classifier({"fbank": torch.randn(6, 8, 128), "face": torch.randn(6, 6, 128)}).logits
    optimizer_step(optimiser, logits[:, 0].square().sum(), rate=0.004, clip=0.0)
    # The first step of Adam is as long as the rate, whatever the gradient.
    for name, value in classifier.named_parameters():
        moved = (value - before[name]).abs()
        part = ".".join(name.split(".")[:2])
        expected = {"encoders.fbank": 0.001, "encoders.face": 0.002}.get(part, 0.004)
        assert moved.max().item() == pytest.approx(expected, rel=1e-3), name


def test_gradients_of_all_parts_are_clipped_together() -> None:
    classifier = _classifier(weight_norm=False)
    optimiser = adam(classifier, replace(DEFAULT.schedule, encoder_lr_fraction=0.5))
    optimizer_step(
        optimiser, 1e3 * classifier({"fbank": torch.randn(6, 8, 128)}).logits.square().sum(), rate=0.0, clip=2.0
    )
    norm = torch.stack([p.grad.square().sum() for p in classifier.parameters() if p.grad is not None]).sum().sqrt()
    assert norm.item() == pytest.approx(2.0, rel=1e-4)


def test_the_ridge_is_the_squared_length_of_the_last_layers_weights() -> None:
    classifier = _classifier(weight_norm=False)
    terms = replace(DEFAULT.terms, head_l2=0.5)
    cost = head_l2(classifier, terms)
    assert isinstance(cost, torch.Tensor)
    assert cost.item() == pytest.approx(0.5 * sum(w * w for w in classifier.head.weight.flatten().tolist()), rel=1e-5)
    (gradient,) = torch.autograd.grad(cost, classifier.head.weight)
    torch.testing.assert_close(gradient, classifier.head.weight)
    assert head_l2(classifier, replace(terms, head_l2=0.0)) == 0.0


def test_with_weight_norm_the_ridge_counts_the_weights_as_applied() -> None:
    classifier = _classifier(weight_norm=True)
    with torch.no_grad():
        classifier.head.weight.mul_(7)
        classifier.head.gain.copy_(torch.tensor([1.0, 2.0, 3.0]))
    cost = head_l2(classifier, replace(DEFAULT.terms, head_l2=1.0))
    assert isinstance(cost, torch.Tensor)
    assert cost.item() == pytest.approx(1 + 4 + 9, rel=1e-5)
