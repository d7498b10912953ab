"""Does the generator pay at the paper's numbers of recordings? Faces with ten voters each, from 50 labels to 7,800.

    python benchmarks/ferplus_generator.py run FERPLUS --to FOLDER [--device cuda] [--workers 2] [--steps 20000]
    python benchmarks/ferplus_generator.py show FOLDER

No corpus here has the 8,000 labelled and 20,000 unlabelled recordings of the paper's Figure 6, but FERPlus has as many
real faces. Votes become three levels of valence as soft labels (anger, sadness, disgust, fear, contempt low; neutral,
surprise medium; happiness high). 50, 500 or 2,600 of a level are labelled, none to 25,000 others are not (beside 7,800
labelled ones 19,671 are left); pictures of 32x32 in the package's `image` layout, by the package's own loops, losses,
noise and averaging. The supervised twin, CT (consistency without a generator), Mean Teacher, SSGAN with inputs and
SSGAN with features. The weights after the last step are tested on PrivateTest; the curve notes what validation would
have chosen. A training that is done is not done again, so `run` goes on where it was stopped.
"""

import argparse
import json
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from torch import Tensor

from valaro.dface.pictures import Faces
from valaro.dface.splits import split_faces
from valaro.dface.votes import EXPRESSIONS, read_votes
from valaro.files import atomic_write, write_text
from valaro.networks.fusion import FusionClassifier
from valaro.networks.noise import Noise
from valaro.networks.shapes import Modality, NetworkShape, Regularisation
from valaro.rng import numpy_stream
from valaro.training.adversarial import fit_adversarial
from valaro.training.augmentation import Augmentation
from valaro.training.batches import Batch
from valaro.training.best_model import BestModel
from valaro.training.config import DeviceName, LossWeights, Schedule
from valaro.training.consistent import averaged_teacher, consistency_alone, fit_consistent
from valaro.training.context import TrainerContext
from valaro.training.crops import Crops
from valaro.training.loop import TrainingLoop
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context, device_called
from valaro.training.supervised import fit_supervised

SIDE = 32
VALENCE = {
    "anger": 0,
    "sadness": 0,
    "disgust": 0,
    "fear": 0,
    "contempt": 0,
    "neutral": 1,
    "surprise": 1,
    "happiness": 2,
}
METHODS = ("twin", "CT", "MeanTeacher", "SSGAN", "SSGAN features")
FEW, SOME, MANY = 50, 500, 2600
ALL = 25_000
"""Unlabelled pictures at most; beside 7,800 labelled ones all that are left, 19,671."""
SCHEDULE = Schedule(
    steps=20_000,
    batch_size=64,
    learning_rate=1e-3,
    beta1=0.5,
    lr_decay_fraction=0.5,
    grad_clip_norm=5.0,
    ema_decay=0.999,
    evaluate_every=1000,
)
TERMS = LossWeights(k_plus_one_softmax=False, real=0.5, fake=0.5, consistency=1.0, margin=0.0, ramp_up_steps=0)
NOISY = Regularisation(input_noise=0.15, hidden_noise=0.3, dropout=0.0, weight_norm=True)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training: labelled pictures a level, unlabelled ones beside them, how, and by which seed."""

    labels: int
    unlabelled: int
    method: str
    seed: int

    @property
    def file(self) -> str:
        return f"{self.labels}-{self.unlabelled}-{self.method.replace(' ', '_')}-{self.seed}.npz"


def jobs(seeds: int) -> Iterator[Job]:
    """Yield the trainings, those that say most first: all pictures, then Figure 6's axis."""
    for seed in range(seeds):
        for labels in (MANY, SOME, FEW):
            for method in METHODS:
                yield Job(labels=labels, unlabelled=0 if method == "twin" else ALL, method=method, seed=seed)
    for seed in range(seeds):
        for labels, sizes in ((SOME, (5_000, 10_000, 20_000)), (MANY, (5_000, 10_000))):
            for unlabelled in sizes:
                for method in ("CT", "SSGAN"):
                    yield Job(labels=labels, unlabelled=unlabelled, method=method, seed=seed)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Faces as a network sees them, `[n 32 32]` of mean 0 and deviation 1, and how sure each shows each level."""

    pixels: Tensor
    levels: Tensor

    def to(self, device: torch.device) -> "Pictures":
        return Pictures(pixels=self.pixels.to(device), levels=self.levels.to(device))


@dataclass(frozen=True, kw_only=True)
class FaceSet:
    """The three parts of FERPlus, no picture in two of them."""

    train: Pictures
    validation: Pictures
    test: Pictures


def read(data: Path, to: Path) -> FaceSet:
    """Read the pictures once; the next process finds them in `to`."""
    kept = to / "pictures.npz"
    if not kept.is_file():
        parts = split_faces(read_votes(data, data / "fer2013new.csv"), seed=0)
        assert parts.test is not None
        arrays: dict[str, np.ndarray] = {}
        for name, faces in (("train", parts.train), ("validation", parts.validation), ("test", parts.test)):
            arrays[f"{name}_pixels"] = np.stack(
                [cv2.resize(c, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for c in faces.crops]
            )
            arrays[f"{name}_levels"] = levels_of(faces)
        to.mkdir(parents=True, exist_ok=True)
        with atomic_write(kept) as aside, aside.open("wb") as out:
            np.savez_compressed(out, allow_pickle=False, **arrays)
    with np.load(kept, allow_pickle=False) as arrays:
        pixels = arrays["train_pixels"].astype(np.float32)
        mean, deviation = float(pixels.mean()), float(pixels.std())

        def part(name: str) -> Pictures:
            scaled = (arrays[f"{name}_pixels"].astype(np.float32) - mean) / deviation
            return Pictures(pixels=torch.from_numpy(scaled), levels=torch.from_numpy(arrays[f"{name}_levels"]))

        return FaceSet(train=part("train"), validation=part("validation"), test=part("test"))


def levels_of(faces: Faces) -> np.ndarray:
    """Return the distribution over the three levels of each face."""
    levels = np.zeros((len(faces), 3), np.float32)
    for place, name in enumerate(EXPRESSIONS):
        levels[:, VALENCE[name]] += faces.targets[:, place]
    return levels


class PictureBatches:
    """Labelled pictures, each level as often, and pictures of the labelled and the unlabelled together.

    Every one is mirrored at random; both looks at a real picture are of the same picture, mirrored alike or not.
    """

    def __init__(self, train: Pictures, job: Job, *, size: int) -> None:
        rng = numpy_stream(job.seed, "few labels")
        order = rng.permutation(len(train.pixels))
        chosen = train.levels.argmax(dim=1).cpu().numpy()[order]
        labelled = [order[np.flatnonzero(chosen == level)[: job.labels]] for level in range(3)]
        rest = np.setdiff1d(order, np.concatenate(labelled), assume_unique=True)
        rest = rng.permutation(rest)[: job.unlabelled]
        self.counts = [len(group) for group in labelled], len(rest)
        device = train.pixels.device
        self._train, self._size = train, size
        self._labelled = [torch.from_numpy(group).to(device) for group in labelled]
        self._real = torch.from_numpy(np.concatenate([*labelled, rest])).to(device)
        self._rng = torch_stream(job.seed, "batches", device)

    def draw_labelled(self) -> tuple[Crops, Tensor]:
        parts = [
            self._pick(group, self._size // 3 + (place < self._size % 3)) for place, group in enumerate(self._labelled)
        ]
        chosen = torch.cat(parts)
        return self._cut(chosen), self._train.levels[chosen]

    def draw(self) -> Batch:
        labelled, soft_labels = self.draw_labelled()
        chosen = self._pick(self._real, self._size)
        return Batch(labelled=labelled, soft_labels=soft_labels, real=self._cut(chosen), second_view=self._cut(chosen))

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self._rng.get_state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._rng.set_state(state["rng"])

    def _pick(self, group: Tensor, count: int) -> Tensor:
        return group[torch.randint(len(group), (count,), generator=self._rng, device=group.device)]

    def _cut(self, chosen: Tensor) -> Crops:
        pictures = self._train.pixels[chosen]
        mirrored = torch.rand((len(chosen), 1, 1), generator=self._rng, device=chosen.device) < 0.5
        return {"picture": torch.where(mirrored, pictures.flip(2), pictures)}


class Examiner:
    """Stands where the package has its validation: notes UAR of validation and test, and what the last weights say."""

    should_stop = False

    def __init__(self, faces: FaceSet) -> None:
        self._faces = faces
        self.curve: list[list[float]] = []
        self.answers = np.zeros((0, 3))

    @torch.no_grad()
    def evaluate(self, classifier: FusionClassifier, step: int, losses: Mapping[str, float]) -> None:
        validation = self._judge(classifier, self._faces.validation)
        self.answers = self._judge(classifier, self._faces.test)
        scores = [
            uar(answer, part.levels)
            for answer, part in ((validation, self._faces.validation), (self.answers, self._faces.test))
        ]
        self.curve.append([step, *scores, losses.get("real", math.nan), losses.get("generated", math.nan)])

    def reset_patience(self) -> None:
        """Begin a stage: nothing here is patient."""

    def state_dict(self) -> dict[str, Any]:
        return {"curve": self.curve}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.curve = state["curve"]

    @staticmethod
    def _judge(classifier: FusionClassifier, pictures: Pictures) -> np.ndarray:
        parts = [classifier({"picture": part}).logits[:, :3].softmax(dim=1) for part in pictures.pixels.split(512)]
        return torch.cat(parts).float().cpu().numpy()


def uar(answers: np.ndarray, levels: Tensor) -> float:
    """Return the mean recall of the three levels, a picture's level being the one that most voters saw."""
    truth, said = levels.argmax(dim=1).cpu().numpy(), answers.argmax(axis=1)
    return float(np.mean([(said[truth == level] == level).mean() for level in range(3)]))


def train(job: Job, faces: FaceSet, device: torch.device, *, width: float, steps: int, decay: float = 0.5) -> Examiner:
    """Train one model and return what was noted of it."""
    schedule = replace(
        SCHEDULE, steps=steps, lr_decay_fraction=decay, evaluate_every=min(SCHEDULE.evaluate_every, steps)
    )
    terms = replace(TERMS, ramp_up_steps=steps // 4, covariance=1.0 if job.method == "SSGAN features" else 0.0)
    shape = NetworkShape(
        modalities=(Modality(name="picture", dim=SIDE),),
        layout="image",
        width=width,
        regularisation=NOISY,
        averaged_frames=128 // SIDE,
        generates="features" if job.method == "SSGAN features" else "inputs",
    )
    classifier = FusionClassifier(shape, generator=torch_stream(job.seed, "classifier weights")).to(device)
    batches = PictureBatches(faces.train, job, size=schedule.batch_size)
    with torch.no_grad():
        classifier(batches.draw_labelled()[0], Noise(torch_stream(job.seed, "start noise", device)), start=True)
    examiner = Examiner(faces)
    loop = TrainingLoop(classifier, steps=steps, evaluate_every=schedule.evaluate_every, ema_decay=schedule.ema_decay)
    loop.validate(cast("BestModel[FusionClassifier, Any]", examiner))
    context = TrainerContext(
        classifier=classifier,
        batches=loop.register("batches", batches),
        augment=Augmentation(shape.modalities, torch_stream(job.seed, "masks"), masks=False),
        loop=loop,
        schedule=schedule,
        terms=terms,
        seed=job.seed,
    )
    if job.method == "twin":
        fit_supervised(context)
    elif job.method in ("CT", "MeanTeacher"):
        fit_consistent(context, consistency_alone if job.method == "CT" else averaged_teacher)
    else:
        fit_adversarial(context, context.generator)
    return examiner


def do(job: Job, data: Path, to: Path, device: DeviceName, width: float, steps: int) -> str:
    """Train one model in a process of its own and write its curve and answers."""
    torch.set_num_threads(1)
    begun = time.perf_counter()
    chosen = device_called(device)
    whole = read(data, to)
    faces = FaceSet(train=whole.train.to(chosen), validation=whole.validation.to(chosen), test=whole.test.to(chosen))
    with compute_context("image", "auto", chosen):
        noted = train(job, faces, chosen, width=width, steps=steps)
    truth = whole.test.levels.numpy()
    with atomic_write(to / job.file) as aside, aside.open("wb") as out:
        np.savez_compressed(
            out, curve=np.array(noted.curve), answers=noted.answers.astype(np.float16), truth=truth.astype(np.float16)
        )
    seconds = time.perf_counter() - begun
    return f"{job.file}: UAR {100 * noted.curve[-1][2]:.1f}, {seconds:.0f} s, {1000 * seconds / steps:.1f} ms a step"


def run(options: argparse.Namespace) -> None:
    """Do what is not done yet, until the time is up."""
    to: Path = options.to
    to.mkdir(parents=True, exist_ok=True)
    read(options.data, to)
    about = {"width": options.width, "steps": options.steps, "seeds": options.seeds, "device": options.device}
    write_text(to / "about.json", json.dumps(about) + "\n")
    waiting = [job for job in jobs(options.seeds) if not (to / job.file).is_file()]
    print(f"{len(waiting)} trainings to do", flush=True)
    end = time.monotonic() + options.seconds
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
        todo = [
            pool.submit(_unless_late, end, job, options.data, to, options.device, options.width, options.steps)
            for job in waiting
        ]
        for future in todo:
            print(future.result(), flush=True)


def _unless_late(end: float, job: Job, *arguments: Any) -> str:  # noqa: ANN401
    return f"{job.file}: no time left" if time.monotonic() > end else do(job, *arguments)


# --- what came of it --------------------------------------------------------------------------------


def recalls(answers: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return a row a seed: whether each picture was hit, answers `[seeds n 3]`."""
    return answers.argmax(axis=2) == truth.argmax(axis=1)


def interval(hits: np.ndarray, truth: np.ndarray, *, draws: int = 2000) -> tuple[float, float, float]:
    """Return a UAR (or difference of two) in points with its 95 % interval: pictures and seeds drawn again."""
    rng = np.random.default_rng(0)
    classes = truth.argmax(axis=1)
    groups = [np.flatnonzero(classes == level) for level in range(3)]
    values = []
    for _ in range(draws):
        seeds = rng.integers(len(hits), size=len(hits))
        values.append(np.mean([hits[seeds][:, rng.choice(group, len(group))].mean() for group in groups]))
    centre = np.mean([hits[:, group].mean() for group in groups])
    low, high = np.percentile(values, [2.5, 97.5])
    return 100 * float(centre), 100 * float(low), 100 * float(high)


def show(to: Path) -> None:
    """Print UAR and the gain over the twin of the same labels and seeds."""
    about = json.loads((to / "about.json").read_text(encoding="utf-8"))
    groups: dict[tuple[int, int, str], list[Path]] = {}
    for job in jobs(about["seeds"]):
        if (to / job.file).is_file():
            groups.setdefault((job.labels, job.unlabelled, job.method), []).append(to / job.file)
    loaded: dict[tuple[int, int, str], dict[str, np.ndarray]] = {}
    truth = np.zeros((0, 3))
    for key, files in groups.items():
        answers: dict[str, np.ndarray] = {}
        for file in files:
            with np.load(file, allow_pickle=False) as kept:
                answers[file.stem.rsplit("-", 1)[1]] = kept["answers"]
                truth = kept["truth"]
        loaded[key] = answers
    print(f"width {about['width']}, {about['steps']} steps; {len(truth)} test pictures\n")
    print(
        "| labelled a level | unlabelled | model | seeds | UAR, % | above its twin, points |\n|---|---|---|---|---|---|"
    )
    for (labels, unlabelled, method), answers in sorted(
        loaded.items(), key=lambda item: (*item[0][:2], METHODS.index(item[0][2]))
    ):
        hits = recalls(np.stack(list(answers.values())), truth).astype(float)
        value = "{:.1f} ({:.1f} to {:.1f})".format(*interval(hits, truth))
        twin = loaded.get((labels, 0, "twin"), {})
        shared = [seed for seed in answers if seed in twin]
        gain = ""
        if method != "twin" and shared:
            ours, theirs = (
                recalls(np.stack([part[seed] for seed in shared]), truth).astype(float) for part in (answers, twin)
            )
            gain = "{:+.1f} ({:.1f} to {:.1f})".format(*interval(ours - theirs, truth))
        print(f"| {labels} | {unlabelled} | {method} | {len(answers)} | {value} | {gain} |")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train or print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    runs = verbs.add_parser("run", help="train what is not trained yet")
    runs.add_argument("data", type=Path)
    runs.add_argument("--to", type=Path, required=True)
    runs.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    runs.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    runs.add_argument("--steps", type=int, default=SCHEDULE.steps)
    runs.add_argument("--width", type=float, default=0.5)
    runs.add_argument("--seeds", type=int, default=3)
    runs.add_argument("--seconds", type=float, default=math.inf, help="no training is begun after so long")
    shows = verbs.add_parser("show", help="print the table")
    shows.add_argument("to", type=Path)
    options = parser.parse_args(arguments)
    if options.verb == "show":
        show(options.to)
    elif not (options.data / "fer2013new.csv").is_file() and not (options.to / "pictures.npz").is_file():
        print(f"skipped: no FERPlus in '{options.data}'")
        sys.exit(0)
    else:
        run(options)


if __name__ == "__main__":
    main()
