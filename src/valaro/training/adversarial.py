"""Adversarial training, Algorithm 1: SSGAN and MSSGAN."""

import torch

from valaro import losses
from valaro.networks.fusion import LATENT, FusionClassifier, FusionGenerator, Judgement
from valaro.networks.noise import Noise
from valaro.training.batches import Batches, Crops
from valaro.training.best_model import BestModel
from valaro.training.plans import Schedule, Terms
from valaro.training.streams import torch_stream
from valaro.training.updates import adam, descend
from valaro.training.views import masked


def fit_adversarial(
    classifier: FusionClassifier,
    generator: FusionGenerator,
    batches: Batches,
    best: BestModel,
    *,
    schedule: Schedule,
    terms: Terms,
    seed: int,
) -> None:
    """Train D by Eq. 6 and G by Eq. 7 in turn (one modality: Eq. 4 and 5). `best` ends up with D."""
    noise, latent = Noise(torch_stream(seed, "noise")), torch_stream(seed, "z")
    masks = torch_stream(seed, "masks")
    modalities = classifier.shape.modalities
    labelled_term = losses.labelled_joint if terms.joint else losses.labelled_conditional
    classifier_steps, generator_steps = adam(classifier, schedule), adam(generator, schedule)

    for step in range(schedule.steps):
        batch = batches.draw()
        rate = schedule.rate(step)
        labelled_crops, again = batch.labelled, batch.real
        if terms.masks:
            labelled_crops, again = (masked(crops, modalities, masks) for crops in (labelled_crops, again))
        generated_crops = generator(torch.randn((schedule.batch, LATENT), generator=latent))

        # D: one pass over all four parts costs less than four, and equals them since D has no batch norm.
        labelled, real, real_again, generated = together(
            classifier, [labelled_crops, batch.real, again, detached(generated_crops)], noise
        )
        terms_of_d = {
            "labelled": labelled_term(labelled.logits, batch.fuzzy),
            "real": losses.looks_real(real.logits),
            "generated": losses.looks_generated(generated.logits),
            "consistency": losses.consistency(
                (real.logits, real_again.logits), (real.features, real_again.features), margin=terms.margin
            ),
        }
        ramp = min(1.0, (step + 1) / terms.ramp) if terms.ramp else 1.0
        loss_of_d = (
            terms_of_d["labelled"]
            + terms.real * terms_of_d["real"]
            + terms.generated * terms_of_d["generated"]
            + terms.consistency * ramp * terms_of_d["consistency"]
        )
        descend(classifier_steps, loss_of_d, rate=rate, clip=schedule.clip)

        # G: the same generated samples, judged by the D that has just learnt; its real features are those of above.
        classifier.requires_grad_(False)
        matching = losses.feature_matching(classifier(generated_crops, noise).features, real.features.detach())
        descend(generator_steps, matching, rate=rate, clip=schedule.clip)
        classifier.requires_grad_(True)

        best.follow(classifier, {name: loss.detach() for name, loss in (*terms_of_d.items(), ("generator", matching))})


def together(classifier: FusionClassifier, parts: list[Crops], noise: Noise) -> list[Judgement]:
    """Judge several batches in one pass of the classifier."""
    sizes = [len(next(iter(part.values()))) for part in parts]
    judged = classifier({name: torch.cat([part[name] for part in parts]) for name in parts[0]}, noise)
    return [
        Judgement(logits=logits, features=features)
        for logits, features in zip(judged.logits.split(sizes), judged.features.split(sizes), strict=True)
    ]


def detached(crops: Crops) -> Crops:
    """Return the crops cut off from the network that made them."""
    return {name: crop.detach() for name, crop in crops.items()}
