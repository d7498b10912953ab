"""Maps of what a finished network sees: where it has real samples, and where its generator puts its own."""

from collections.abc import Sequence
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Int

from valaro.evaluation.components import principal_components
from valaro.evaluation.coverage import coverage
from valaro.labels.soft_labels import soft_labels_of
from valaro.networks.fusion import LATENT, ClassifierOutput, FusionClassifier
from valaro.networks.noise import Noise
from valaro.networks.resolution import as_seen
from valaro.records import Coverage, Dimension, FeatureKind, FeatureMap, Utterance
from valaro.rng import numpy_stream
from valaro.training.adversarial import judge_fake
from valaro.training.crops import Recordings
from valaro.training.rng import torch_stream
from valaro.training.train import Adversaries, Training
from valaro.training.trained_model import recordings_for

MOST = 150
"""Points of a kind on a map."""

COMPARED = 256
"""Coverage is counted over so many real recordings at most, with as many others and as many generated samples."""

FEWEST = 20
"""With fewer on a side coverage would be chance."""

NEAREST, COMPONENTS = 5, 20
"""Coverage is about the fifth neighbour, along 20 components: along hundreds everything is equally far apart."""

_AT_ONCE = 64
"""Samples in a pass; G normalises over a batch, which was about as large in training."""

_DECIMALS = 3

Sight = dict[FeatureKind, Float[np.ndarray, "n _"]]
"""What a network sees of n samples: the features that it has learnt, and all that its last layer has."""


def map_features(training: Training, test: Sequence[Utterance], *, seed: int) -> FeatureMap:
    """Return the map of a network that is finished, with all chances from streams of its own.

    Without a generator the model itself looks. With one it is D at the end of training: G was trained against those
    weights, but for the average, and its samples say nothing of an older checkpoint. A G of features has learnt what D
    sees under the noise of training, so there, and only there, all is seen under it. `test` are utterances with labels.
    """
    model, data, adversaries = training.model, training.data, training.adversaries
    classifier = adversaries.classifier if adversaries else model.classifier
    rng, latent = numpy_stream(seed, "feature map"), torch_stream(seed, "feature map z")
    noise = None
    if adversaries and classifier.shape.generates == "features":
        noise = Noise(torch_stream(seed, "feature map noise", classifier.device))
    recordings = partial(Recordings, data.store, names=model.features, window=model.window)
    labelled = recordings(data.labelled, scale_of=data.scales.of)
    unlabelled = recordings(data.unlabelled, scale_of=data.scales.of_unlabelled)
    strangers = recordings_for(model, data.store, test)
    known, unrated, met = (_some(len(group), MOST, rng) for group in (labelled, unlabelled, strangers))
    of_known, of_unrated, of_met = (
        seen(classifier, group, places, rng, noise)["learnt"]
        for group, places in ((labelled, known), (unlabelled, unrated), (strangers, met))
    )
    fake = generated(adversaries, MOST, latent, noise)["learnt"] if adversaries else of_known[:0]
    real = np.concatenate([of_known, of_unrated])
    plane = principal_components(real, 2)
    unit = float(plane.of(real)[:, 0].std()) or 1.0

    def placed(features: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n 2"]:
        return (plane.of(features) / unit).round(_DECIMALS)

    return FeatureMap(
        labelled=placed(of_known),
        levels=_levels(data.labelled, model.dimension)[known],
        unlabelled=placed(of_unrated),
        generated=placed(fake),
        test=placed(of_met),
        test_levels=_levels(test, model.dimension)[met],
        shares=(float(plane.shares[0]), float(plane.shares[1])),
        step=adversaries.step if adversaries else training.best_step,
        coverages=_coverages(adversaries, labelled, unlabelled, rng, latent, noise) if adversaries else (),
    )


@torch.no_grad()
def seen(
    classifier: FusionClassifier,
    recordings: Recordings,
    places: Int[np.ndarray, " n"],
    rng: np.random.Generator,
    noise: Noise | None,
) -> Sight:
    """Return what a network sees of a random crop of each of the recordings at `places`."""
    judged: list[ClassifierOutput] = []
    # One pass even for no recording: it says how many features there are.
    for first in range(0, max(len(places), 1), _AT_ONCE):
        crops = as_seen(recordings.draw(places[first : first + _AT_ONCE], rng), classifier.shape)
        judged.append(classifier({name: x.to(classifier.device) for name, x in crops.items()}, noise))
    return _sight(judged)


@torch.no_grad()
def generated(adversaries: Adversaries, count: int, latent: torch.Generator, noise: Noise | None) -> Sight:
    """Return what D sees of `count` generated samples."""
    classifier = adversaries.classifier
    # Its running statistics would move with every batch.
    generator = deepcopy(adversaries.generator)
    # Whole batches, since a smaller one is normalised more roughly.
    batches = (torch.randn((_AT_ONCE, LATENT), generator=latent) for _ in range(-(-count // _AT_ONCE)))
    judged = [judge_fake(classifier, generator(z.to(classifier.device)), noise) for z in batches]
    return {features: values[:count] for features, values in _sight(judged).items()}


def _coverages(
    adversaries: Adversaries,
    labelled: Recordings,
    unlabelled: Recordings,
    rng: np.random.Generator,
    latent: torch.Generator,
    noise: Noise | None,
) -> tuple[Coverage, ...]:
    """Return how many of one half of the real recordings the generator covers, and how many the other half does."""
    classifier = adversaries.classifier
    chosen = rng.permutation(len(labelled) + len(unlabelled))[: 2 * COMPARED]
    half = len(chosen) // 2
    if half < FEWEST:
        return ()
    looked = (
        seen(classifier, labelled, chosen[chosen < len(labelled)], rng, noise),
        seen(classifier, unlabelled, chosen[chosen >= len(labelled)] - len(labelled), rng, noise),
    )
    fake = generated(adversaries, half, latent, noise)
    order = rng.permutation(len(chosen))
    spaces: tuple[FeatureKind, ...] = ("learnt", "all") if classifier.shape.statistics else ("learnt",)
    coverages: list[Coverage] = []
    for features in spaces:
        real = np.concatenate([sight[features] for sight in looked])[order]
        space = principal_components(real[:half], COMPONENTS)
        first, second = space.of(real[:half]), space.of(real[half : 2 * half])
        coverages.append(
            Coverage(
                features=features,
                generated=coverage(first, space.of(fake[features]), nearest=NEAREST),
                possible=coverage(first, second, nearest=NEAREST),
                samples=half,
                nearest=NEAREST,
            )
        )
    return tuple(coverages)


def _sight(judged: Sequence[ClassifierOutput]) -> Sight:
    return {
        "learnt": torch.cat([output.embedding for output in judged]).double().cpu().numpy(),
        "all": torch.cat([output.features for output in judged]).double().cpu().numpy(),
    }


def _some(count: int, most: int, rng: np.random.Generator) -> Int[np.ndarray, " n"]:
    return np.sort(rng.permutation(count)[:most])


def _levels(utterances: Sequence[Utterance], dimension: Dimension) -> Int[np.ndarray, " n"]:
    return soft_labels_of(utterances, dimension).argmax(axis=1).astype(np.int64)
