"""Why does a generator pay, or not: does it cover the data, does D beat it, does what it teaches concern the levels?

    python benchmarks/generator_coverage.py FOLDER [--corpus emodb] [--labels 20] [--seeds 2] [--dimension arousal]

FOLDER holds the manifests and stores that real_recordings.py makes. SSGAN is trained on voice as there, as in the
preset and with each remedy; then, session by session, crops of the training speakers are set against generated ones:

  seen through    mean and deviation over time of each band (what recordings are told apart by), or D's own features;
                  of both the first 20 principal components of the real crops
  coverage        share of real crops whose five nearest real ones are no nearer than some generated crop (Naeem et al.
                  2020); beside it the same for real crops of OTHER recordings in their place: what is possible
  inside          share of generated crops that lie within that distance of some real crop
  spread          deviation of the generated crops over that of the real ones, mean over components
  D's AUC         how often D finds a real crop more real than a generated one, %; 50: it cannot tell
  agrees          cosine between the gradient of a term and that of the labelled term on the withheld labels of
                  unlabelled recordings, in the encoder: whether a step for the one is a step for the other
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from real_recordings import CORPORA, REMEDIES, STORES, Changes
from sklearn.metrics import roc_auc_score
from torch import Tensor

from valaro import losses
from valaro.evaluation.components import principal_components
from valaro.evaluation.coverage import reached
from valaro.experiments.data import load_study
from valaro.experiments.jobs import study_jobs
from valaro.experiments.run_folder import RunFolder
from valaro.experiments.settings import check_settings
from valaro.labels.soft_labels import soft_labels_of
from valaro.networks.fusion import LATENT, FeatureGenerator, FusionClassifier, FusionGenerator
from valaro.networks.noise import Noise
from valaro.networks.resolution import as_seen
from valaro.records import DIMENSIONS, Dimension, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.store.manifest import read_manifest
from valaro.training.adversarial import judge_all, judge_fake
from valaro.training.crops import Crops, Recordings
from valaro.training.feature_maps import COMPONENTS, NEAREST
from valaro.training.methods import METHODS
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context
from valaro.training.train import build_context
from valaro.training.training_data import TrainingData, prepare

CROPS = 1024
GRADIENT_BATCHES = 16
BATCH = 64
VARIANTS: dict[str, Changes] = {"preset": {}, **REMEDIES}
Levels = dict[str, np.ndarray]
"""An utterance's id -> its soft label `[3]`."""


@dataclass(frozen=True)
class Fitted:
    """A finished training with its generator and its material; `classifier` is the average, `last` is D itself."""

    classifier: FusionClassifier
    last: FusionClassifier
    generator: FusionGenerator | FeatureGenerator
    data: TrainingData
    seed: int


def fit(options: argparse.Namespace, changes: Changes) -> Iterator[Fitted]:
    """Train SSGAN for every session and seed."""
    folder: Path = options.folder.resolve()
    values = {
        "data": {"labelled": [str(folder / f"{options.corpus}.parquet")], "features": str(folder / "sound")},
        "study": {
            "models": ["SSGAN"],
            "features": STORES["sound"],
            "dimensions": [options.dimension],
            "labels_per_class": options.labels,
            "seeds": options.seeds,
            "normalise_speakers": True,
            "control": False,
        },
        **changes,
    }
    settings = check_settings(values, "generator_coverage.py")
    for job in study_jobs(settings, load_study(settings), RunFolder(path=folder)):
        if job.spec.method != "SSGAN":
            continue
        store, method = FeatureStore.open(job.store), METHODS[job.spec.method]
        data = prepare(
            job.spec, store, job.folds, job.unlabelled, dimension=job.dimension, seed=job.seed, config=job.config
        )
        context = build_context(method, data, seed=job.seed, config=job.config)
        with compute_context(job.config.layout):
            method.fit(context, job.config.self_training)
        yield Fitted(context.loop.ema.network, context.classifier, context.generator, data, job.seed)


def judged(fitted: Fitted, levels: Levels) -> dict[str, float]:
    """Return every measure of one training, in percent but for `spread` and the cosines."""
    data = fitted.data
    utterances = (*data.labelled, *data.unlabelled)
    rng = np.random.default_rng(fitted.seed)
    one, other = (real_crops(data, utterances[part::2], rng, fitted.classifier, count=CROPS // 2) for part in (0, 1))
    with torch.no_grad():
        fake = fitted.generator(torch.randn((CROPS // 2, LATENT), generator=torch_stream(fitted.seed, "coverage")))
        seen = [judge_fake(fitted.classifier, part, None) for part in (one, other, fake)]
    encoded = seen[0].embedding.shape[1]
    measures: dict[str, float] = {}
    for space, of in (
        ("statistics", [judgement.features[:, encoded:] for judgement in seen]),
        ("D's features", [judgement.embedding for judgement in seen]),
    ):
        real, unseen, generated = components([part.numpy() for part in of])
        measures[f"{space}: coverage"], measures[f"{space}: inside"] = covered(real, generated)
        measures[f"{space}: coverage, other recordings"], _ = covered(real, unseen)
        measures[f"{space}: spread"] = float((generated.std(axis=0) / real.std(axis=0)).mean())
    realness = [losses.realness(judgement.logits).numpy() for judgement in (seen[0], seen[2])]
    measures["D's AUC"] = 100 * float(
        roc_auc_score(np.repeat([1, 0], [len(part) for part in realness]), np.concatenate(realness))
    )
    return measures | agreement(fitted, levels, rng)


def real_crops(
    data: TrainingData,
    utterances: Sequence[Utterance],
    rng: np.random.Generator,
    classifier: FusionClassifier,
    *,
    count: int,
) -> Crops:
    """Return random crops of random utterances as the network takes them."""
    recordings = Recordings(data.store, utterances, data.features, scale_of=data.scales.of)
    return as_seen(recordings.draw(rng.integers(0, len(utterances), count), rng), classifier.shape)


def components(parts: list[np.ndarray]) -> list[np.ndarray]:
    """Return the first principal components of the first part, of all parts."""
    basis = principal_components(parts[0].astype(np.float64), COMPONENTS)
    return [basis.of(part) for part in parts]


def covered(real: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Return the shares (%) of `real` that `others` cover, and of `others` inside `real`."""
    inside = reached(real, others, nearest=NEAREST)
    return 100 * float(inside.any(axis=1).mean()), 100 * float(inside.any(axis=0).mean())


def agreement(fitted: Fitted, levels: Levels, rng: np.random.Generator) -> dict[str, float]:
    """Return the cosines between what each term and the withheld labels ask of the encoder, over many batches.

    `ceiling` is that between the withheld labels of different batches: what sampling leaves of a perfect agreement.
    """
    data, classifier = fitted.data, fitted.last
    told, known = (
        Recordings(data.store, utterances, data.features, scale_of=data.scales.of)
        for utterances in ([u for u in data.unlabelled if u.id in levels], data.labelled)
    )
    noise, latent = Noise(torch_stream(fitted.seed, "agreement")), torch_stream(fitted.seed, "agreement z")
    sums: dict[str, Tensor] = {}
    for number in range(GRADIENT_BATCHES):
        (first, target), (second, _), (own, own_target) = (
            draw(recordings, levels, rng, classifier) for recordings in (told, told, known)
        )
        with torch.no_grad():
            fake = fitted.generator(torch.randn((BATCH, LATENT), generator=latent))
        real, other, labelled, generated = judge_all(classifier, [first, second, own], fake, noise)
        second_view = classifier(first, noise)
        terms = {
            f"labels {number % 2}": losses.labelled_conditional(real.logits, target),
            "few labels": losses.labelled_conditional(labelled.logits, own_target),
            "adversarial": losses.looks_real(other.logits) + losses.looks_generated(generated.logits),
            "consistency": losses.consistency(
                (real.logits, second_view.logits), (real.embedding, second_view.embedding)
            ),
        }
        for name, term in terms.items():
            parts = torch.autograd.grad(term, list(classifier.encoders.parameters()), retain_graph=True)
            gradient = torch.cat([part.flatten() for part in parts])
            sums[name] = sums[name] + gradient if name in sums else gradient
    even, odd = sums.pop("labels 0"), sums.pop("labels 1")
    return {"agrees: ceiling": cosine(even, odd)} | {
        f"agrees: {name}": cosine(even + odd, total) for name, total in sums.items()
    }


def draw(
    recordings: Recordings, levels: Levels, rng: np.random.Generator, classifier: FusionClassifier
) -> tuple[Crops, Tensor]:
    """Return random crops of random recordings, as the network takes them, and their levels."""
    rows = rng.integers(0, len(recordings), BATCH)
    target = np.stack([levels[recordings.utterances[row].id] for row in rows]).astype(np.float32)
    return as_seen(recordings.draw(rows, rng), classifier.shape), torch.from_numpy(target)


def cosine(one: Tensor, other: Tensor) -> float:
    """Return the cosine between two gradients."""
    return float(torch.cosine_similarity(one, other, dim=0))


def withheld(folder: Path, corpus: str, dimension: Dimension) -> Levels:
    """Return the levels of all recordings of a corpus: for this judgement alone, no training sees them."""
    utterances = [u for u in read_manifest(folder / f"{corpus}.parquet").utterances if u.is_labelled(dimension)]
    return dict(zip([u.id for u in utterances], soft_labels_of(utterances, dimension), strict=True))


def main() -> None:
    """Print a column a remedy: mean over sessions and seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--corpus", default="emodb", choices=[name for name, store in CORPORA.items() if store == "sound"]
    )
    parser.add_argument("--dimension", default="arousal", choices=DIMENSIONS)
    parser.add_argument("--labels", type=int, default=20, help="a level")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--remedies", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    options = parser.parse_args()
    if not (options.folder / f"{options.corpus}.parquet").is_file():
        print(f"{options.corpus}: no manifest in {options.folder}, nothing measured")
        return
    levels = withheld(options.folder, options.corpus, options.dimension)
    rows: dict[str, list[str]] = {}
    for remedy in options.remedies:
        each = [judged(fitted, levels) for fitted in fit(options, VARIANTS[remedy])]
        for name in each[0]:
            values = [measures[name] for measures in each]
            error = np.std(values, ddof=1) / len(values) ** 0.5
            precision = 2 if np.mean(np.abs(values)) < 10 else 0
            rows.setdefault(name, []).append(f"{np.mean(values):.{precision}f} +- {error:.{precision}f}")
        print(f"{remedy}: {len(each)} trainings", file=sys.stderr, flush=True)
    print(f"| | {' | '.join(options.remedies)} |\n|---{'|---' * len(options.remedies)}|")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
