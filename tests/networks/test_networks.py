"""Shapes, starts and noise of the networks in both layouts."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from valaro.errors import ValaroError
from valaro.networks.fusion import LATENT, FusionClassifier, FusionGenerator, generator_for
from valaro.networks.noise import Noise
from valaro.networks.resolution import as_seen
from valaro.networks.shapes import Modality, NetworkShape, Regularisation

LAYOUTS = ("temporal", "image")
TWO = (Modality(name="fbank", dim=128, spectrum=True, averaged=2), Modality(name="face", dim=342))


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _shape(
    layout: str = "temporal",
    *,
    modalities: tuple[Modality, ...] = TWO,
    weight_norm: bool = True,
    width: float = 0.125,
    explicit_head: bool = False,
) -> NetworkShape:
    return NetworkShape(
        modalities=modalities,
        layout=layout,
        width=width,
        regularisation=Regularisation(input_noise=0.3, hidden_noise=0.3, dropout=0.2, weight_norm=weight_norm),
        explicit_head=explicit_head,
    )


def _inputs(modalities: tuple[Modality, ...] = TWO, count: int = 6) -> dict[str, torch.Tensor]:
    return {m.name: torch.randn((count, m.bands, 128), generator=_generator(m.dim)) for m in modalities}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("explicit_head", [False, True])
def test_any_number_of_modalities_is_judged_with_k_plus_one_logits(layout: str, *, explicit_head: bool) -> None:
    three = (*TWO, Modality(name="text", dim=20))
    for modalities in (three[:1], three[:2], three):
        shape = _shape(layout, modalities=modalities, explicit_head=explicit_head)
        judged = FusionClassifier(shape, generator=_generator())(_inputs(modalities))
        assert judged.logits.shape == (6, 4)
        assert bool((judged.logits[:, 3] == 0).all()) is not explicit_head


@pytest.mark.parametrize("layout", LAYOUTS)
def test_generated_samples_have_the_shape_of_real_ones(layout: str) -> None:
    fake = FusionGenerator(_shape(layout), generator=_generator())(torch.randn(5, LATENT))
    assert {name: tuple(one.shape) for name, one in fake.items()} == {"fbank": (5, 64, 128), "face": (5, 342, 128)}


def test_generated_features_are_what_the_last_layer_takes() -> None:
    shape = replace(_shape(), statistics=True, standardised=True, encoder_scale=0.5, generates="features")
    classifier = FusionClassifier(shape, generator=_generator())
    fake = generator_for(classifier, generator=_generator())(torch.randn(5, LATENT))
    real = classifier(_inputs(), start=True)
    assert isinstance(fake, torch.Tensor)
    assert fake.shape == (5, real.features.shape[1])
    # The features that a sample has, judged by themselves, are judged as the sample is.
    torch.testing.assert_close(classifier.classify(real.features).logits, classifier(_inputs()).logits)
    assert classifier.classify(fake).embedding.shape == (5, real.embedding.shape[1])


def test_a_network_sees_averages_of_neighbouring_bands_and_frames() -> None:
    shape = replace(_shape(), averaged_frames=4)
    crops = {m.name: torch.randn((3, m.dim, 128), generator=_generator()) for m in TWO}
    seen = as_seen(crops, shape)
    torch.testing.assert_close(seen["fbank"][1, 5, 7], crops["fbank"][1, 10:12, 28:32].mean())
    torch.testing.assert_close(seen["face"][2, 300, 31], crops["face"][2, 300, 124:].mean())
    fake = FusionGenerator(shape, generator=_generator())(torch.randn(3, LATENT))
    assert {name: one.shape for name, one in fake.items()} == {name: one.shape for name, one in seen.items()}


@pytest.mark.parametrize("layout", ["image", "temporal"])
def test_faces_can_be_seen_picture_by_picture_beside_sound_on_the_grid(layout: str) -> None:
    voice, face = TWO
    shape = _shape(layout, modalities=(voice, replace(face, held=4)))
    crops = {m.name: torch.randn((3, m.dim, 128), generator=_generator()) for m in TWO}
    seen = as_seen(crops, shape)
    assert {name: x.shape[2] for name, x in seen.items()} == {"fbank": 128, "face": 32}
    torch.testing.assert_close(seen["face"][2, 300, 31], crops["face"][2, 300, 124:].mean())
    fake = FusionGenerator(shape, generator=_generator())(torch.randn(3, LATENT))
    assert {name: one.shape for name, one in fake.items()} == {name: one.shape for name, one in seen.items()}
    assert FusionClassifier(shape, generator=_generator())(seen).logits.shape == (3, 4)


def test_the_encoders_features_can_count_less_than_the_statistics() -> None:
    shape = replace(_shape(), statistics=True, standardised=True)
    full = FusionClassifier(shape, generator=_generator())
    less = FusionClassifier(replace(shape, encoder_scale=0.25), generator=_generator())
    one, other = (classifier(_inputs(), start=True).features for classifier in (full, less))
    statistics = 2 * sum(modality.bands for modality in TWO)
    torch.testing.assert_close(other[:, :-statistics], 0.25 * one[:, :-statistics])
    torch.testing.assert_close(other[:, -statistics:], one[:, -statistics:])
    assert full.state_dict().keys() == less.state_dict().keys()


def test_the_features_of_an_absent_modality_are_its_mean() -> None:
    shape = replace(_shape(), statistics=True, standardised=True)
    classifier = FusionClassifier(shape, generator=_generator())
    inputs = _inputs()
    classifier(inputs, start=True)
    inputs["face"][2] = 0
    features = classifier(inputs).features
    of_face = classifier.owners == 1
    assert (features[2, of_face] == 0).all()
    assert (features[2, ~of_face] != 0).all()
    assert (features[[0, 1, 3, 4, 5]] != 0).all()


def test_what_training_cannot_change_is_not_among_the_learnt_features() -> None:
    shape = replace(_shape(), statistics=True, standardised=True, encoder_scale=0.25)
    classifier = FusionClassifier(shape, generator=_generator())
    judged = classifier(_inputs(), start=True)
    count = judged.embedding.shape[1]
    assert count == judged.features.shape[1] - 2 * sum(modality.bands for modality in TWO)
    torch.testing.assert_close(0.25 * judged.embedding, judged.features[:, :count])
    plain = FusionClassifier(_shape(), generator=_generator())(_inputs())
    assert plain.embedding is plain.features


def test_one_z_makes_all_modalities() -> None:
    generator = FusionGenerator(_shape(), generator=_generator()).eval()
    z = torch.randn(2, LATENT)
    z[1] = z[0]
    for fake in generator(z).values():
        torch.testing.assert_close(fake[0], fake[1])


def test_the_image_layout_at_full_width_is_the_papers() -> None:
    plain = _shape("image", modalities=(Modality(name="fbank", dim=128),), weight_norm=False, width=1.0)
    classifier = FusionClassifier(plain, generator=_generator())
    outputs = [layer.weight.shape[0] for layer in classifier.encoders["fbank"].layers]
    assert outputs == [128, 256, 512, 1024]
    assert classifier.head.weight.shape == (3, 1024 * 8 * 8)
    generator = FusionGenerator(plain, generator=_generator())
    assert [layer.weight.shape[0] for layer in generator.parts["fbank"].layers] == [512, 256, 128, 64]
    count = sum(p.numel() for p in classifier.parameters())
    # 25 (128 + 128 256 + 256 512 + 512 1024) weights and 1920 biases, and the head's 3 (65536 + 1).
    assert count == 25 * (128 + 128 * 256 + 256 * 512 + 512 * 1024) + 1920 + 3 * 65537


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_data_dependent_start_gives_logits_of_mean_zero_and_deviation_one(layout: str) -> None:
    classifier = FusionClassifier(_shape(layout), generator=_generator())
    inputs = _inputs(count=16)
    classifier(inputs, start=True)
    logits = classifier(inputs).logits[:, :3]
    torch.testing.assert_close(logits.mean(dim=0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(logits.std(dim=0, unbiased=False), torch.ones(3), atol=1e-3, rtol=0)


def test_without_noise_a_classifier_is_deterministic_and_with_it_not() -> None:
    classifier = FusionClassifier(_shape(), generator=_generator())
    inputs = _inputs()
    torch.testing.assert_close(classifier(inputs).logits, classifier(inputs).logits, rtol=0, atol=0)
    noise = Noise(_generator())
    assert not torch.equal(classifier(inputs, noise).logits, classifier(inputs, noise).logits)
    second_view = classifier(inputs, Noise(_generator(5))).logits
    torch.testing.assert_close(second_view, classifier(inputs, Noise(_generator(5))).logits, rtol=0, atol=0)


def test_the_features_come_before_the_last_dropout() -> None:
    quiet = Regularisation(input_noise=0.0, hidden_noise=0.0, dropout=0.5, weight_norm=True)
    classifier = FusionClassifier(
        NetworkShape(modalities=TWO, layout="temporal", width=0.125, regularisation=quiet, explicit_head=False),
        generator=_generator(),
    )
    judged = classifier(_inputs(), Noise(_generator()))
    assert float((judged.features == 0).float().mean()) < 0.05


def test_dropout_strikes_alike_whatever_the_layout_and_keeps_it() -> None:
    picture = torch.ones(7, 9, 11, 13).to(memory_format=torch.channels_last)
    for x in (picture, picture.contiguous(), torch.ones(5, 30, 3).transpose(1, 2)):
        dropped = Noise(_generator()).dropout(x, 0.25)
        assert dropped.stride() == x.stride()
        kept = dropped != 0
        assert float(kept.float().mean()) == pytest.approx(0.75, abs=0.06)
        torch.testing.assert_close(dropped[kept], torch.full((int(kept.sum()),), 1 / 0.75))


def test_dropout_keeps_the_mean_and_zeroes_the_share() -> None:
    x = torch.ones(400, 400)
    dropped = Noise(_generator()).dropout(x, 0.25)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.01)


def test_the_generator_has_batch_norm_and_the_classifier_none() -> None:
    def norms(network: nn.Module) -> int:
        return sum(isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d) for part in network.modules())

    assert norms(FusionGenerator(_shape(), generator=_generator())) == 6
    assert norms(FusionClassifier(_shape(), generator=_generator())) == 0


def test_an_unknown_layout_is_named() -> None:
    with pytest.raises(ValaroError, match="unknown layout 'imge': did you mean 'image'"):
        FusionClassifier(_shape("imge"), generator=_generator())
