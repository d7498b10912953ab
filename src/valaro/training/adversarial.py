"""Adversarial training, Algorithm 1: SSGAN and MSSGAN."""

import torch
from torch import Tensor

from valaro import losses
from valaro.networks.fusion import LATENT, ClassifierOutput, Fake, FeatureGenerator, FusionClassifier, FusionGenerator
from valaro.networks.noise import Noise
from valaro.training.batches import Batches
from valaro.training.config import LossWeights
from valaro.training.context import TrainerContext
from valaro.training.crops import Crops
from valaro.training.rng import torch_stream
from valaro.training.updates import adam, head_l2, labelled_term, optimizer_step


def fit_adversarial(context: TrainerContext[Batches], generator: FusionGenerator | FeatureGenerator) -> None:
    """Train D by Eq. 6 and G by Eq. 7 in turn (one modality: Eq. 4 and 5)."""
    classifier, batches, augment = context.classifier, context.batches, context.augment
    loop, schedule, terms, device = context.loop, context.schedule, context.terms, context.classifier.device
    noise = loop.register("noise", Noise(torch_stream(context.seed, "noise", device)))
    latent = loop.register("z", torch_stream(context.seed, "z", device))
    loop.register("generator", generator)
    d_steps = loop.register("d_steps", adam(classifier, schedule, weight_decay=schedule.weight_decay))
    g_steps = loop.register("g_steps", adam(generator, schedule))

    for step in loop.steps():
        batch, rate = batches.draw(), schedule.rate(step)
        fake: Fake = generator(torch.randn((schedule.batch_size, LATENT), generator=latent, device=device))

        # D: one pass over all four parts costs less than four, and equals them since D has no batch norm.
        labelled, real, second_view, generated = judge_all(
            classifier, [augment(batch.labelled), batch.real, augment(batch.second_view)], detached(fake), noise
        )
        of_d = classifier_terms(labelled, batch.soft_labels, real, second_view, generated, terms=terms)
        total = weigh(of_d, terms, step) + head_l2(classifier, terms)
        optimizer_step(d_steps, total, rate=rate, clip=schedule.grad_clip_norm)

        # G: the same generated samples, judged by the D that has just learnt; its real features are those of above.
        classifier.requires_grad_(False)
        real_features = real.features.detach()
        if terms.resample_for_g:
            fake = generator(torch.randn((schedule.batch_size, LATENT), generator=latent, device=device))
            real_features = classifier(batches.draw().real, noise).features
        matching = generator_loss(judge_fake(classifier, fake, noise).features, real_features, terms=terms)
        optimizer_step(g_steps, matching, rate=rate, clip=schedule.grad_clip_norm)
        classifier.requires_grad_(True)

        loop.after_step({**of_d, "generator": matching}, {"real": real.embedding, "generated": generated.embedding})


def classifier_terms(
    labelled: ClassifierOutput,
    soft_labels: Tensor,
    real: ClassifierOutput,
    second_view: ClassifierOutput,
    generated: ClassifierOutput,
    *,
    terms: LossWeights,
) -> dict[str, Tensor]:
    """Return the terms of Eq. 6 by name, not yet weighted."""
    loss_terms = {
        "labelled": labelled_term(terms)(labelled.logits, soft_labels),
        "real": losses.looks_real(real.logits),
        "generated": losses.looks_generated(generated.logits),
        "consistency": losses.consistency(
            (real.logits, second_view.logits), (real.embedding, second_view.embedding), margin=terms.margin
        ),
    }
    if terms.entropy:
        loss_terms["entropy"] = losses.conditional_entropy(real.logits)
    return loss_terms


def weigh(loss_terms: dict[str, Tensor], terms: LossWeights, step: int) -> Tensor:
    """Return the sum that D descends at update `step` (from 0)."""
    total = (
        loss_terms["labelled"]
        + terms.real * loss_terms["real"]
        + terms.fake * loss_terms["generated"]
        + terms.consistency * terms.share(step) * loss_terms["consistency"]
    )
    return total + terms.entropy * loss_terms["entropy"] if terms.entropy else total


def generator_loss(generated: Tensor, real: Tensor, *, terms: LossWeights) -> Tensor:
    """Return Eq. 5 and 7, with the remedies that the plan asks for."""
    total = losses.feature_matching(generated, real)
    if terms.covariance:
        total = total + terms.covariance * losses.covariance_matching(generated, real)
    if terms.pull_away:
        total = total + terms.pull_away * losses.pull_away(generated)
    return total


def judge_all(classifier: FusionClassifier, parts: list[Crops], fake: Fake, noise: Noise) -> list[ClassifierOutput]:
    """Judge several batches of real samples and what G has made, in one pass where that is of their kind."""
    if isinstance(fake, Tensor):
        return [*together(classifier, parts, noise), judge_fake(classifier, fake, noise)]
    return together(classifier, [*parts, fake], noise)


def judge_fake(classifier: FusionClassifier, fake: Fake, noise: Noise | None) -> ClassifierOutput:
    """Judge what G has made: inputs, or features as the last layer sees them."""
    return classifier.classify(fake, noise) if isinstance(fake, Tensor) else classifier(fake, noise)


def together(classifier: FusionClassifier, parts: list[Crops], noise: Noise) -> list[ClassifierOutput]:
    """Judge several batches in one pass of the classifier."""
    sizes = [len(next(iter(part.values()))) for part in parts]
    judged = classifier({name: torch.cat([part[name] for part in parts]) for name in parts[0]}, noise)
    return [
        ClassifierOutput(logits=logits, features=features, embedding=embedding)
        for logits, features, embedding in zip(
            judged.logits.split(sizes), judged.features.split(sizes), judged.embedding.split(sizes), strict=True
        )
    ]


def detached(fake: Fake) -> Fake:
    """Return what a network has made, cut off from it."""
    return fake.detach() if isinstance(fake, Tensor) else {name: crop.detach() for name, crop in fake.items()}
