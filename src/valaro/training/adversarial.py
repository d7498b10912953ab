"""Adversarial training, Algorithm 1: SSGAN and MSSGAN."""

import torch
from torch import Tensor

from valaro import losses
from valaro.networks.fusion import LATENT, FeatureGenerator, FusionClassifier, FusionGenerator, Judgement, Made
from valaro.networks.noise import Noise
from valaro.training.batches import Batches
from valaro.training.crops import Crops
from valaro.training.plans import Schedule, Terms
from valaro.training.progress import Progress
from valaro.training.streams import torch_stream
from valaro.training.updates import adam, descend, labelled_term, ridge
from valaro.training.views import Look


def fit_adversarial(
    classifier: FusionClassifier,
    batches: Batches,
    progress: Progress,
    *,
    generator: FusionGenerator | FeatureGenerator,
    schedule: Schedule,
    terms: Terms,
    look: Look,
    seed: int,
) -> None:
    """Train D by Eq. 6 and G by Eq. 7 in turn (one modality: Eq. 4 and 5). `progress` ends up with D."""
    device = classifier.device
    noise, latent = Noise(torch_stream(seed, "noise", device)), torch_stream(seed, "z", device)
    d_steps, g_steps = adam(classifier, schedule, weight_decay=schedule.weight_decay), adam(generator, schedule)
    moved = {"generator": generator, "d_steps": d_steps, "g_steps": g_steps, "noise": noise, "latent": latent}

    for step in progress.steps(batches=batches, look=look, **moved):
        batch, rate = batches.draw(), schedule.rate(step)
        made: Made = generator(torch.randn((schedule.batch, LATENT), generator=latent, device=device))

        # D: one pass over all four parts costs less than four, and equals them since D has no batch norm.
        labelled, real, again, generated = judge_all(
            classifier, [look(batch.labelled), batch.real, look(batch.again)], detached(made), noise
        )
        of_d = classifier_terms(labelled, batch.fuzzy, real, again, generated, terms=terms)
        descend(d_steps, weigh(of_d, terms, step) + ridge(classifier, terms), rate=rate, clip=schedule.clip)

        # G: the same generated samples, judged by the D that has just learnt; its real features are those of above.
        classifier.requires_grad_(False)
        real_features = real.features.detach()
        if terms.fresh:
            made = generator(torch.randn((schedule.batch, LATENT), generator=latent, device=device))
            real_features = classifier(batches.draw().real, noise).features
        matching = generator_loss(judge_made(classifier, made, noise).features, real_features, terms=terms)
        descend(g_steps, matching, rate=rate, clip=schedule.clip)
        classifier.requires_grad_(True)

        progress.follow(step, {**of_d, "generator": matching}, {"real": real, "generated": generated})


def classifier_terms(
    labelled: Judgement, fuzzy: Tensor, real: Judgement, again: Judgement, generated: Judgement, *, terms: Terms
) -> dict[str, Tensor]:
    """Return the terms of Eq. 6 by name, not yet weighted."""
    found = {
        "labelled": labelled_term(terms)(labelled.logits, fuzzy),
        "real": losses.looks_real(real.logits),
        "generated": losses.looks_generated(generated.logits),
        "consistency": losses.consistency(
            (real.logits, again.logits), (real.learnt, again.learnt), margin=terms.margin
        ),
    }
    if terms.entropy:
        found["entropy"] = losses.conditional_entropy(real.logits)
    return found


def weigh(found: dict[str, Tensor], terms: Terms, step: int) -> Tensor:
    """Return the sum that D descends at update `step` (from 0)."""
    total = (
        found["labelled"]
        + terms.real * found["real"]
        + terms.generated * found["generated"]
        + terms.consistency * terms.share(step) * found["consistency"]
    )
    return total + terms.entropy * found["entropy"] if terms.entropy else total


def generator_loss(generated: Tensor, real: Tensor, *, terms: Terms) -> Tensor:
    """Return Eq. 5 and 7, with the remedies that the plan asks for."""
    total = losses.feature_matching(generated, real)
    if terms.covariance:
        total = total + terms.covariance * losses.covariance_matching(generated, real)
    if terms.pull_away:
        total = total + terms.pull_away * losses.pull_away(generated)
    return total


def judge_all(classifier: FusionClassifier, parts: list[Crops], made: Made, noise: Noise) -> list[Judgement]:
    """Judge several batches of real samples and what G has made, in one pass where that is of their kind."""
    if isinstance(made, Tensor):
        return [*together(classifier, parts, noise), judge_made(classifier, made, noise)]
    return together(classifier, [*parts, made], noise)


def judge_made(classifier: FusionClassifier, made: Made, noise: Noise | None) -> Judgement:
    """Judge what G has made: inputs, or features as the last layer sees them."""
    return classifier.judge(made, noise) if isinstance(made, Tensor) else classifier(made, noise)


def together(classifier: FusionClassifier, parts: list[Crops], noise: Noise) -> list[Judgement]:
    """Judge several batches in one pass of the classifier."""
    sizes = [len(next(iter(part.values()))) for part in parts]
    judged = classifier({name: torch.cat([part[name] for part in parts]) for name in parts[0]}, noise)
    return [
        Judgement(logits=logits, features=features, learnt=learnt)
        for logits, features, learnt in zip(
            judged.logits.split(sizes), judged.features.split(sizes), judged.learnt.split(sizes), strict=True
        )
    ]


def detached(made: Made) -> Made:
    """Return what a network has made, cut off from it."""
    return made.detach() if isinstance(made, Tensor) else {name: crop.detach() for name, crop in made.items()}
