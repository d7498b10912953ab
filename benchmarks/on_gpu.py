"""Everything that wants a GPU, in one call: the paper's preset at full width, the network of faces, one fold.

    python benchmarks/on_gpu.py --to GPU.json [--parts step faces fold] [--data FERPLUS] [--store S --manifest M]
    python benchmarks/on_gpu.py --to TOY.json --toy          the same at toy size, wherever it runs

`step`: preset `paper` on drawn samples of voice (128) and face (342): milliseconds an update in bfloat16 and in single
precision, the share of the card's rate in a large matrix product, memory, 2,000 updates with finite losses, and how far
the loss curves of the two number formats are apart. `faces`: the DenseNet of `dface` on FERPlus in DATA. `fold`: one
fold of Table VII in preset `paper` on the features in S of the utterances in M. Parts are added to the file TO.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor

sys.path.append(str(Path(__file__).resolve().parent))

from training_step import FULL, Case, make, operations

from valaro.dface.config import FaceAugmentation, FaceNetworkConfig
from valaro.dface.run import train_face_network
from valaro.dface.scores import Epoch
from valaro.dface.splits import split_faces
from valaro.dface.votes import read_votes
from valaro.evaluation.folds import leave_one_session_out
from valaro.evaluation.scores import score
from valaro.files import write_text
from valaro.networks.fusion import FusionClassifier
from valaro.store.feature_store import FeatureStore
from valaro.store.manifest import read_manifest
from valaro.training.adversarial import fit_adversarial
from valaro.training.augmentation import Augmentation
from valaro.training.batches import Batch
from valaro.training.config import PAPER, DeviceName, TrainConfig
from valaro.training.context import TrainerContext
from valaro.training.loop import TrainingLoop
from valaro.training.methods import model_specs
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context
from valaro.training.train import train_model
from valaro.training.trained_model import predict_utterances

FACES = FaceNetworkConfig(
    epochs=100,
    batch_size=128,
    lr=0.1,
    weight_decay=5e-4,
    label_smoothing=0.0,
    ema_decay=0.999,
    augmentation=FaceAugmentation(shift=0.08, rotation=12.0, scale=0.12, contrast=0.25, brightness=0.3, erased=0.3),
)
"""How the packaged network was trained."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything: updates that are timed, compared and run, and what is trained."""

    case: Case
    timed: int
    compared: int
    steps: int
    faces: FaceNetworkConfig
    fold: TrainConfig
    fold_steps: int


REAL = Size(case=FULL, timed=50, compared=300, steps=2000, faces=FACES, fold=PAPER, fold_steps=2000)
TOY = Size(
    case=replace(
        FULL,
        config=replace(PAPER, width=0.03, schedule=replace(PAPER.schedule, batch_size=4)),
        modalities=FULL.modalities[:1],
    ),
    timed=2,
    compared=3,
    steps=4,
    faces=replace(FACES, epochs=1, batch_size=8),
    fold=replace(PAPER, width=0.03),
    fold_steps=4,
)


class DrawnBatches:
    """Samples drawn on the device itself, each level around a pattern of its own: there is something to learn."""

    def __init__(self, like: Batch, device: torch.device) -> None:
        self._source = torch_stream(1, "samples", device)
        self._size = len(like.soft_labels)
        self._patterns = {
            name: torch.randn((3, crop.shape[1], 1), generator=self._source, device=device)
            for name, crop in like.real.items()
        }
        self._frames = {name: crop.shape[2] for name, crop in like.real.items()}

    def draw_labelled(self) -> tuple[dict[str, Tensor], Tensor]:
        levels = torch.randint(3, (self._size,), generator=self._source, device=self._source.device)
        crops = {
            name: 0.1 * pattern[levels]
            + torch.randn(
                (self._size, pattern.shape[1], self._frames[name]), generator=self._source, device=levels.device
            )
            for name, pattern in self._patterns.items()
        }
        return crops, torch.nn.functional.one_hot(levels, 3).float()

    def draw(self) -> Batch:
        labelled, soft_labels = self.draw_labelled()
        real, _ = self.draw_labelled()
        return Batch(labelled=labelled, soft_labels=soft_labels, real=real, second_view=real)


class Losses:
    """Stands where the package counts its steps: keeps every step's losses on the device and the clock of the last."""

    def __init__(self, steps: int, *, untimed: int = 0) -> None:
        self._steps, self._untimed = steps, untimed
        self._rows: list[Tensor] = []
        self.names: list[str] = []
        self.seconds = 0.0

    def register(self, _: str, part: Any) -> Any:  # noqa: ANN401
        return part

    def steps(self) -> Iterator[int]:
        begun = math.nan
        for step in range(self._steps):
            if step == self._untimed:
                _wait()
                begun = time.perf_counter()
            yield step
        _wait()
        self.seconds = (time.perf_counter() - begun) / max(1, self._steps - self._untimed)

    def after_step(self, losses: Mapping[str, Tensor], _: object = None) -> None:
        self.names = list(losses)
        self._rows.append(torch.stack([loss.detach().float() for loss in losses.values()]))

    def table(self) -> np.ndarray:
        """Return the losses `[steps terms]`."""
        return torch.stack(self._rows).cpu().numpy()


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


Precision = Literal["bfloat16", "single"]


def adversarial_run(case: Case, device: torch.device, precision: Precision, steps: int, *, untimed: int) -> Losses:
    """Run the package's loop for so many updates in one number format, from the same weights and samples each time."""
    classifier, generator, batch = make(case, case.config.schedule.batch_size, device)
    losses = Losses(steps, untimed=untimed)
    with compute_context(case.config.layout, precision, device):
        context = TrainerContext(
            classifier=classifier,
            batches=DrawnBatches(batch, device),
            augment=Augmentation(classifier.shape.modalities, torch_stream(0, "masks"), masks=False),
            loop=cast("TrainingLoop[FusionClassifier]", losses),
            schedule=case.config.schedule,
            terms=case.config.terms,
            seed=0,
        )
        fit_adversarial(context, generator)
    return losses


def step(size: Size, device: torch.device) -> dict[str, Any]:
    """Time the paper's update, and see that 2,000 of them stay finite and that bfloat16 learns what float32 does."""
    operations_of_a_step = operations(size.case) * size.case.config.schedule.batch_size
    found: dict[str, Any] = {"tflop_a_step": operations_of_a_step / 1e12, "batch": size.case.config.schedule.batch_size}
    ceilings = {
        name: product_rate(device, dtype) for name, dtype in (("bfloat16", torch.bfloat16), ("single", torch.float32))
    }
    for precision in ("bfloat16", "single"):
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        timed = adversarial_run(size.case, device, precision, size.timed, untimed=max(1, size.timed // 5))
        rate = operations_of_a_step / timed.seconds / 1e12
        found[precision] = {
            "ms_a_step": 1000 * timed.seconds,
            "tflops": rate,
            "tflops_of_a_matrix_product": ceilings[precision],
            "share_of_it": rate / ceilings[precision],
            "peak_memory_gib": torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else None,
        }
        print(precision, found[precision], flush=True)
    long = adversarial_run(size.case, device, "bfloat16", size.steps, untimed=1)
    single = adversarial_run(size.case, device, "single", size.compared, untimed=1)
    found["curves"] = compared_curves(long.table()[: size.compared], single.table(), long.names)
    found["long"] = {
        "steps": size.steps,
        "finite": bool(np.isfinite(long.table()).all()),
        "every_100th": {name: long.table()[::100, place].round(5).tolist() for place, name in enumerate(long.names)},
    }
    print({"finite": found["long"]["finite"], **found["curves"]}, flush=True)
    return found


def compared_curves(half: np.ndarray, single: np.ndarray, names: list[str], *, window: int = 50) -> dict[str, Any]:
    """Return, for each term, the largest difference of the curves' running means, and each curve's last mean."""

    def smooth(values: np.ndarray) -> np.ndarray:
        size = min(window, len(values))
        return np.convolve(values, np.ones(size) / size, mode="valid")

    return {
        name: {
            "largest_difference": float(np.abs(smooth(half[:, place]) - smooth(single[:, place])).max()),
            "bfloat16": float(smooth(half[:, place])[-1]),
            "single": float(smooth(single[:, place])[-1]),
        }
        for place, name in enumerate(names)
    }


def product_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return TFLOP/s of a large matrix product of random numbers: what the card can do at best."""
    side = 8192 if device.type == "cuda" else 512
    a, b = (torch.randn((side, side), device=device).to(dtype) for _ in range(2))
    times = []
    for _ in range(8):
        _wait()
        begun = time.perf_counter()
        torch.matmul(a, b)
        _wait()
        times.append(time.perf_counter() - begun)
    return 2 * side**3 / float(np.median(times[2:])) / 1e12


def faces(size: Size, device: torch.device, data: Path, to: Path) -> dict[str, Any]:
    """Train the network of faces on FERPlus into a folder beside the file; say how validation judged the best epoch."""
    begun = time.perf_counter()
    parts = split_faces(read_votes(data, data / "fer2013new.csv"), seed=0)
    read_in = time.perf_counter() - begun

    def tell(epoch: Epoch) -> None:
        print(f"epoch {epoch.epoch} {time.perf_counter() - begun:.0f} s {epoch}", flush=True)

    config = replace(size.faces, device=cast("DeviceName", device.type))
    run = train_face_network(parts, to, config, seed=0, on_epoch=tell)
    seconds = time.perf_counter() - begun - read_in
    return {
        "pictures": {name: len(part) for name, part in parts.named()},
        "plan": asdict(config),
        "seconds": seconds,
        "pictures_a_second": len(parts.train) * config.epochs / seconds,
        "best": asdict(run.best),
        "test": run.test and asdict(run.test),
    }


def fold(size: Size, device: torch.device, store: Path, manifest: Path) -> dict[str, Any]:
    """Train and test MFSBase and MSSGAN of preset `paper` on the first fold of Table VII, in both number formats.

    20 labels a level; what else the training speakers said is the unlabelled set.
    """
    features, utterances = FeatureStore.open(store), read_manifest(manifest).utterances
    first = leave_one_session_out(utterances)[0]
    found: dict[str, Any] = {"fold": first.name, "features": list(features.names)}
    for name in ("MFSBase", "MSSGAN"):
        for precision in ("bfloat16", "single"):
            schedule = replace(
                size.fold.schedule,
                steps=size.fold_steps,
                device=cast("DeviceName", device.type),
                precision=precision,
            )
            config = replace(size.fold, schedule=schedule, labels_per_class=20)
            (spec,) = model_specs(name, features.names)
            training = train_model(spec, features, first, (), dimension="valence", seed=0, config=config)
            scores = score(predict_utterances(training.model, features, first.test))
            found[f"{name}, {precision}"] = {
                "ms_a_step": 1000 * training.seconds / size.fold_steps,
                "labelled": training.labelled,
                "unlabelled": training.unlabelled,
                "best_step": training.best_step,
                "test_uar": scores.uar,
                "history": [asdict(point) for point in training.history],
                "alarms": [asdict(alarm) for alarm in training.alarms],
            }
            print(
                name,
                precision,
                {key: found[f"{name}, {precision}"][key] for key in ("ms_a_step", "best_step", "test_uar")},
                flush=True,
            )
    return found


def main(arguments: list[str] | None = None) -> None:
    """Do the parts that were asked for and add them to the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", choices=("step", "faces", "fold"), default=("step", "faces", "fold"))
    parser.add_argument("--data", type=Path, help="the folder of FERPlus, for faces")
    parser.add_argument("--store", type=Path, help="features of voice and face, for fold")
    parser.add_argument("--manifest", type=Path, help="their utterances, for fold")
    parser.add_argument("--epochs", type=int, help="of faces")
    parser.add_argument("--toy", action="store_true", help="toy size, on whatever there is")
    options = parser.parse_args(arguments)
    if not options.toy and not torch.cuda.is_available():
        print("skipped: no GPU here (--toy tries the script)")
        return
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size = TOY if options.toy else REAL
    if options.epochs:
        size = replace(size, faces=replace(size.faces, epochs=options.epochs))
    jobs: dict[str, Callable[[], dict[str, Any]] | None] = {
        "step": lambda: step(size, device),
        "faces": options.data and (lambda: faces(size, device, options.data, options.to.with_suffix(".faces"))),
        "fold": options.store and options.manifest and (lambda: fold(size, device, options.store, options.manifest)),
    }
    written: dict[str, Any] = json.loads(options.to.read_text(encoding="utf-8")) if options.to.is_file() else {}
    written["machine"] = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "torch": torch.__version__,
        "tf32_convolutions": torch.backends.cudnn.allow_tf32,
    }
    for name in options.parts:
        job = jobs[name]
        if job is None:
            print(f"skipped: {name} needs its data (see --help)", flush=True)
            continue
        begun = time.perf_counter()
        written[name] = job()
        print(f"{name}: {time.perf_counter() - begun:.0f} s", flush=True)
        write_text(options.to, json.dumps(written, indent=1, default=str, allow_nan=True) + "\n")


if __name__ == "__main__":
    main()
