"""The fused adversarial step is the literal one: the same losses, the same gradient of every parameter.

All in double precision, where the order of additions is worth 1e-10 at most and the tolerances (1e-6 of a loss, 1e-5
of a parameter's largest gradient) are far off. In single precision it is worth 1e-6 and 2e-6: too near to tell an error
by.
"""

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

import pytest
import torch
from literal_step import SharedNoise, loss_of_d, loss_of_g, terms_of_d
from torch import Tensor, nn

from valaro.networks.fusion import LATENT, ClassifierOutput, FusionClassifier, FusionGenerator, generator_for
from valaro.networks.shapes import Modality, NetworkShape, Regularisation
from valaro.training import adversarial
from valaro.training.adversarial import (
    classifier_terms,
    detached,
    fit_adversarial,
    generator_loss,
    judge_all,
    judge_fake,
    together,
    weigh,
)
from valaro.training.augmentation import Augmentation
from valaro.training.batches import Batch
from valaro.training.config import PAPER, LossWeights, Schedule
from valaro.training.context import TrainerContext
from valaro.training.crops import Crops
from valaro.training.loop import TrainingLoop
from valaro.training.rng import torch_stream

N = 3
"""Samples a part: labelled, real, real again, generated."""

VOICE = Modality(name="fbank", dim=16, spectrum=True, averaged=2)
FACE = Modality(name="face", dim=10)
NOISY = Regularisation(
    input_noise=0.3, hidden_noise=0.2, head_noise=0.1, dropout=0.2, weight_norm=True, modality_dropout=0.4
)
# The consistency weight and the margin differ from 1 and 0, so that it shows where they act.
TERMS = LossWeights(k_plus_one_softmax=False, real=1.0, fake=1.0, consistency=3.0, margin=0.02, ramp_up_steps=0)
CASES = pytest.mark.parametrize("layout", ["temporal", "image"])
MODALITIES = pytest.mark.parametrize("modalities", [(VOICE,), (VOICE, FACE)], ids=["voice", "voice and face"])


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    # Tensors this small only wait for a second thread, twenty times as long where the machine has other work.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True, kw_only=True)
class Step:
    """The networks and samples of one update."""

    classifier: FusionClassifier
    generator: FusionGenerator
    batch: Batch
    z: Tensor


def _step(
    layout: str,
    modalities: tuple[Modality, ...],
    *,
    explicit_head: bool = False,
    regularisation: Regularisation = NOISY,
) -> Step:
    shape = NetworkShape(
        modalities=modalities, layout=layout, width=0.125, regularisation=regularisation, explicit_head=explicit_head
    )
    source = torch.Generator().manual_seed(1)

    def crops() -> Crops:
        return {m.name: torch.randn((N, m.bands, 128), generator=source, dtype=torch.float64) for m in modalities}

    classifier = FusionClassifier(shape, generator=source).double()
    classifier(crops(), start=True)
    return Step(
        classifier=classifier,
        generator=FusionGenerator(shape, generator=source).double(),
        # The second look is another sample, as it is with masks.
        batch=Batch(
            labelled=crops(),
            soft_labels=torch.rand((N, 3), generator=source, dtype=torch.float64).softmax(dim=1),
            real=crops(),
            second_view=crops(),
        ),
        z=torch.randn((N, LATENT), generator=source, dtype=torch.float64),
    )


FEATURES = Regularisation(input_noise=0.3, hidden_noise=0.2, dropout=0.0, weight_norm=True)


@MODALITIES
def test_a_generator_of_features_gives_the_literal_losses_and_gradients(modalities: tuple[Modality, ...]) -> None:
    step = _step("temporal", modalities, regularisation=FEATURES)
    generator = generator_for(step.classifier, generator=torch.Generator().manual_seed(2))
    assert isinstance(generator, FusionGenerator)
    step.classifier.shape = replace(step.classifier.shape, generates="features")
    generator = generator_for(step.classifier, generator=torch.Generator().manual_seed(2)).double()
    batch, fake = step.batch, generator(step.z)
    assert isinstance(fake, Tensor)
    real_parts = [batch.labelled, batch.real, batch.second_view]

    judged = judge_all(step.classifier, real_parts, detached(fake), SharedNoise(rows=3 * N))
    fused = classifier_terms(judged[0], batch.soft_labels, *judged[1:], terms=TERMS)
    noises = [SharedNoise(rows=3 * N, first=part * N) for part in (0, 1, 2, 1)]

    def literal_d(part: Crops | Tensor, noise: SharedNoise | None) -> ClassifierOutput:
        # No noise comes between the features and the last layer here, so a plain affine map is all there is to it.
        if not isinstance(part, Tensor):
            return step.classifier(part, noise)
        head = step.classifier.head
        v = head.weight
        weight = head.gain[:, None] * v / v.square().sum(dim=1, keepdim=True).sqrt()
        logits = torch.cat([part @ weight.T + head.bias, torch.zeros((N, 1))], dim=1)
        return ClassifierOutput(logits=logits, features=part, embedding=part)

    literal = terms_of_d(
        literal_d, [*real_parts, fake.detach()], batch.soft_labels, [*noises[:3], None], margin=TERMS.margin
    )
    for name, loss in literal.items():
        assert fused[name].item() == pytest.approx(loss.item(), abs=1e-6, rel=0), name
    _assert_same_gradients(
        _gradients(weigh(fused, TERMS, 0), step.classifier),
        _gradients(loss_of_d(literal, consistency=TERMS.consistency), step.classifier),
    )
    matching = generator_loss(
        judge_fake(step.classifier, fake, None).features, judged[1].features.detach(), terms=TERMS
    )
    _assert_same_gradients(
        _gradients(matching, generator),
        _gradients(loss_of_g(literal_d, generator(step.z), batch.real, None, noises[3]), generator),
    )


def _separate(number: int = 0) -> list[SharedNoise]:
    """Return the noise of four separate passes that stand for the joint pass `number`."""
    return [SharedNoise(rows=4 * N, first=part * N, number=number) for part in range(4)]


def _gradients(loss: Tensor, network: nn.Module) -> dict[str, Tensor]:
    names, parameters = zip(*network.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def _assert_same_gradients(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        largest = gradient.abs().max().item()
        assert largest > 0, f"{name} has no gradient: the case tests nothing"
        # Relative to the largest of the parameter: single entries may be as near to 0 as they like.
        torch.testing.assert_close(
            found[name], gradient, rtol=0, atol=1e-5 * largest, msg=lambda m, n=name: f"{n}: {m}"
        )


@CASES
@MODALITIES
@pytest.mark.parametrize("joint", [False, True], ids=["conditional", "joint"])
@pytest.mark.parametrize("explicit_head", [False, True], ids=["implicit", "explicit"])
def test_one_pass_over_all_parts_gives_d_the_literal_losses_and_gradients(
    layout: str, modalities: tuple[Modality, ...], *, joint: bool, explicit_head: bool
) -> None:
    step = _step(layout, modalities, explicit_head=explicit_head)
    terms = replace(TERMS, k_plus_one_softmax=joint)
    batch, generated = step.batch, detached(step.generator(step.z))
    parts = [batch.labelled, batch.real, batch.second_view, generated]

    judged = together(step.classifier, parts, SharedNoise(rows=4 * N))
    fused = classifier_terms(judged[0], batch.soft_labels, *judged[1:], terms=terms)
    literal = terms_of_d(step.classifier, parts, batch.soft_labels, _separate(), joint=joint, margin=terms.margin)

    assert fused.keys() == literal.keys()
    for name, loss in literal.items():
        assert loss.item() > 0
        assert fused[name].item() == pytest.approx(loss.item(), abs=1e-6, rel=0), name
    _assert_same_gradients(
        _gradients(weigh(fused, terms, 0), step.classifier),
        _gradients(loss_of_d(literal, consistency=terms.consistency), step.classifier),
    )


@CASES
@MODALITIES
@pytest.mark.parametrize("explicit_head", [False, True], ids=["implicit", "explicit"])
def test_reused_samples_and_features_give_g_the_literal_loss_and_gradients(
    layout: str, modalities: tuple[Modality, ...], *, explicit_head: bool
) -> None:
    step = _step(layout, modalities, explicit_head=explicit_head)
    batch, generated = step.batch, step.generator(step.z)
    parts = [batch.labelled, batch.real, batch.second_view, detached(generated)]

    judged = together(step.classifier, parts, SharedNoise(rows=4 * N))
    step.classifier.requires_grad_(False)
    second_view = step.classifier(generated, SharedNoise(rows=4 * N, number=1)).features
    fused = generator_loss(second_view, judged[1].features.detach(), terms=TERMS)
    found = _gradients(fused, step.generator)
    step.classifier.requires_grad_(True)

    # Literally, G makes its samples anew and D looks at the real ones anew; the gradient is taken in G alone.
    literal = loss_of_g(
        step.classifier, step.generator(step.z), batch.real, SharedNoise(rows=4 * N, number=1), _separate()[1]
    )
    assert literal.item() > 0
    assert fused.item() == pytest.approx(literal.item(), abs=1e-6, rel=0)
    _assert_same_gradients(found, _gradients(literal, step.generator))


@CASES
def test_the_loop_takes_the_literal_steps(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two updates of both networks with Adam: G is judged by the D that has just learnt."""
    step = _step(layout, (VOICE, FACE))
    classifier, generator = deepcopy(step.classifier), deepcopy(step.generator)
    schedule = replace(PAPER.schedule, steps=2, batch_size=N, learning_rate=0.01, evaluate_every=1)
    monkeypatch.setattr(adversarial, "Noise", lambda _: SharedNoise(rows=4 * N))
    before = torch.get_default_dtype()
    # The loop draws z in the default precision.
    torch.set_default_dtype(torch.float64)
    try:
        _fit(classifier, generator, step.batch, schedule)
        latent = torch_stream(0, "z")
        of_d, of_g = (
            torch.optim.Adam(network.parameters(), lr=schedule.learning_rate, betas=(schedule.beta1, 0.999))
            for network in (step.classifier, step.generator)
        )
        for number in (0, 2):
            generated = step.generator(torch.randn((N, LATENT), generator=latent))
            parts = [step.batch.labelled, step.batch.real, step.batch.second_view, detached(generated)]
            real = step.classifier(step.batch.real, _separate(number)[1]).features.mean(dim=0).detach()
            terms = terms_of_d(step.classifier, parts, step.batch.soft_labels, _separate(number), margin=TERMS.margin)
            of_d.zero_grad()
            loss_of_d(terms, consistency=TERMS.consistency).backward()
            of_d.step()
            features = step.classifier(generated, SharedNoise(rows=4 * N, number=number + 1)).features
            of_g.zero_grad()
            (features.mean(dim=0) - real).square().mean().backward()
            of_g.step()
    finally:
        torch.set_default_dtype(before)
    for ours, theirs in ((classifier, step.classifier), (generator, step.generator)):
        for (name, found), expected in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            # Adam moves every weight by about the rate, however small its gradient: that is the size to compare with.
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * schedule.learning_rate, msg=name)


def _fit(classifier: FusionClassifier, generator: FusionGenerator, batch: Batch, schedule: Schedule) -> None:
    class Same:
        def draw(self) -> Batch:
            return batch

        def draw_labelled(self) -> tuple[Crops, Tensor]:
            return batch.labelled, batch.soft_labels

    context = TrainerContext(
        classifier=classifier,
        batches=Same(),
        augment=Augmentation(classifier.shape.modalities, torch_stream(0, "masks"), masks=False),
        loop=TrainingLoop(classifier, steps=schedule.steps, evaluate_every=1, ema_decay=schedule.ema_decay),
        schedule=schedule,
        terms=TERMS,
        seed=0,
    )
    fit_adversarial(context, generator)


def test_a_single_modality_through_the_fused_code_is_eq_4_and_5() -> None:
    step = _step("temporal", (VOICE,), explicit_head=True)
    terms = LossWeights(k_plus_one_softmax=True, real=1.0, fake=1.0, consistency=1.0, margin=0.0, ramp_up_steps=0)
    batch, generated = step.batch, step.generator(step.z)
    judged = together(
        step.classifier, [batch.labelled, batch.real, batch.second_view, detached(generated)], SharedNoise(rows=4 * N)
    )
    found = classifier_terms(judged[0], batch.soft_labels, *judged[1:], terms=terms)
    matching = generator_loss(judged[3].features, judged[1].features, terms=terms)

    # Sample by sample, number by number, no tensors: D(k|x) of K + 1 = 4 columns, f(x) of the encoder.
    labelled, real, second_view, fake = (_softmax(one.logits.tolist()) for one in judged)
    f_real, f_again, f_fake = (one.features.tolist() for one in judged[1:])
    soft_labels = batch.soft_labels.tolist()
    line_1 = -sum(soft_labels[i][k] * math.log(labelled[i][k]) for i in range(N) for k in range(3)) / N
    line_2 = -sum(math.log(fake[i][3]) for i in range(N)) / N
    line_3 = -sum(math.log(1 - real[i][3]) for i in range(N)) / N
    width = len(f_real[0])
    distances = [
        sum((real[i][k] / (1 - real[i][3]) - second_view[i][k] / (1 - second_view[i][3])) ** 2 for k in range(3))
        + 0.1 * sum((f_real[i][j] - f_again[i][j]) ** 2 for j in range(width)) / width
        for i in range(N)
    ]
    line_4 = sum(max(0.0, distance) for distance in distances) / N
    eq_4 = line_1 + line_2 + line_3 + line_4
    eq_5 = sum((sum(f_fake[i][j] - f_real[i][j] for i in range(N)) / N) ** 2 for j in range(width)) / width

    expected = {"labelled": line_1, "generated": line_2, "real": line_3, "consistency": line_4}
    assert {name: loss.item() for name, loss in found.items()} == pytest.approx(expected, abs=1e-6, rel=0)
    assert weigh(found, terms, 0).item() == pytest.approx(eq_4, abs=1e-6, rel=0)
    assert matching.item() == pytest.approx(eq_5, abs=1e-6, rel=0)


def _softmax(rows: list[list[float]]) -> list[list[float]]:
    return [[math.exp(logit) / sum(math.exp(other) for other in row) for logit in row] for row in rows]


def test_the_noise_of_separate_passes_is_that_of_the_joint_one_and_not_that_of_the_next() -> None:
    step = _step("temporal", (VOICE, FACE))
    parts = [step.batch.labelled, step.batch.real, step.batch.second_view, step.batch.real]
    noise = SharedNoise(rows=4 * N)
    first, second = (together(step.classifier, parts, noise)[1].logits for _ in range(2))
    alone = step.classifier(step.batch.real, _separate()[1]).logits
    torch.testing.assert_close(first, alone)
    assert (first - second).abs().max() > 0.01
    # The last part holds the second one's samples: their noise differs.
    assert (together(step.classifier, parts, SharedNoise(rows=4 * N))[3].logits - first).abs().max() > 0.01
