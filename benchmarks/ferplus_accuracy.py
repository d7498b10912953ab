"""How well does the packaged network of faces know the expressions of FERPlus' test pictures?

    python benchmarks/ferplus_accuracy.py FERPLUS [--network RUN]

FERPLUS is the folder with the pictures and fer2013new.csv; the network is the packaged one unless a run of `valaro
train-face-network` is named. Three protocols on PrivateTest: FERPlus' own (Barsoum et al. 2016: single votes do not
count, more than half of the other votes must agree, else the picture is left out), the commonest vote (every picture
with an expression that has most votes; of tied ones each counts as right), and the first without the pictures of which
a copy stands in another part. A picture is seen once, as it is; all through ONNX Runtime.
"""

import argparse
import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from valaro.dface.votes import EXPRESSIONS, NOT_ONE
from valaro.features.face_network import packaged_face_network, read_face_network
from valaro.media.crops import read_crop

Votes = np.ndarray
TEST, FOLDER = "PrivateTest", "FER2013Test"


def own_protocol(votes: Votes) -> np.ndarray:
    """Return what counts as right `[n 8]` in FERPlus' own majority protocol; a row without it is left out."""
    kept = np.where(votes > 1, votes, 0)
    lead = kept.max(axis=1, keepdims=True)
    is_clear = (lead[:, 0] > 0.5 * kept.sum(axis=1)) & (kept.argmax(axis=1) < len(EXPRESSIONS))
    return (kept[:, : len(EXPRESSIONS)] == lead) & is_clear[:, None]


def commonest(votes: Votes) -> np.ndarray:
    """Return what counts as right where an expression leads: it, or each of those that lead together."""
    expressions, others = votes[:, : len(EXPRESSIONS)], votes[:, len(EXPRESSIONS) :]
    lead = expressions.max(axis=1, keepdims=True)
    return (expressions == lead) & (lead > others.max(axis=1, keepdims=True))


def wilson(hits: int, count: int) -> str:
    """Return an accuracy with Wilson's 95 % interval, in percent."""
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return f"{100 * share:.2f} ({100 * (middle - half):.2f} to {100 * (middle + half):.2f})"


def main() -> None:
    """Print accuracy by protocol, recall by class and the confusion matrix."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--network", type=Path)
    options = parser.parse_args()
    if not (options.data / "fer2013new.csv").is_file():
        print(f"skipped: no FERPlus in '{options.data}'")
        sys.exit(0)
    names, votes = read_test_votes(options.data)
    crossing = crossing_copies(options.data)
    network = read_face_network(options.network) if options.network else packaged_face_network()
    crops = np.stack([read_crop(options.data / FOLDER / name) for name in names])
    said = network.probabilities(crops).argmax(axis=1)
    alone = np.array([name not in crossing for name in names])
    protocols: dict[str, tuple[Callable[[Votes], np.ndarray], np.ndarray]] = {
        "FERPlus' own majority": (own_protocol, np.ones(len(names), bool)),
        "commonest vote": (commonest, np.ones(len(names), bool)),
        "FERPlus' own majority, no copies across parts": (own_protocol, alone),
    }
    print("| protocol | pictures | accuracy, % | mean recall, % |\n|---|---|---|---|")
    for title, (rule, chosen) in protocols.items():
        right = rule(votes)
        counted = chosen & right.any(axis=1)
        hits = right[np.arange(len(said)), said][counted]
        truth = right.argmax(axis=1)[counted]
        recall = np.mean([hits[truth == k].mean() for k in np.unique(truth)])
        print(f"| {title} | {len(hits)} | {wilson(int(hits.sum()), len(hits))} | {100 * recall:.1f} |")
    right = own_protocol(votes)
    counted = right.any(axis=1)
    table = np.zeros((len(EXPRESSIONS), len(EXPRESSIONS)), int)
    np.add.at(table, (right.argmax(axis=1)[counted], said[counted]), 1)
    print("\nrows: what most voters saw; columns: what the network says (FERPlus' own majority)\n")
    print(f"| | {' | '.join(EXPRESSIONS)} | recall, % |\n|---|{'---|' * (len(EXPRESSIONS) + 1)}")
    for name, row in zip(EXPRESSIONS, table, strict=True):
        recall = f"{100 * row[EXPRESSIONS.index(name)] / row.sum():.0f}"
        print(f"| {name} | {' | '.join(map(str, row))} | {recall} |")


def read_test_votes(data: Path) -> tuple[list[str], Votes]:
    """Return the names and votes `[n 10]` of the test pictures there are; of a name that stands twice the first."""
    rows: dict[str, list[int]] = {}
    with (data / "fer2013new.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = row["Image name"]
            if row["Usage"] == TEST and name and (data / FOLDER / name).is_file():
                rows.setdefault(name, [int(row[column]) for column in (*EXPRESSIONS, *NOT_ONE)])
    return list(rows), np.array(list(rows.values()))


def crossing_copies(data: Path) -> frozenset[str]:
    """Return the test pictures of which another part has a copy, by duplicates.csv; none without that table."""
    file = data / "duplicates.csv"
    if not file.is_file():
        return frozenset()
    groups: dict[str, list[tuple[str, str]]] = {}
    with file.open(newline="", encoding="utf-8") as content:
        for row in csv.DictReader(content):
            groups.setdefault(row["group"], []).append((row["split"], row["image"]))
    crossing = [group for group in groups.values() if len({part for part, _ in group}) > 1]
    return frozenset(image for group in crossing for part, image in group if part == FOLDER)


if __name__ == "__main__":
    main()
