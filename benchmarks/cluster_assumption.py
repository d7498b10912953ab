"""Do recordings of one level lie together, as learning from unlabelled ones assumes?

    python benchmarks/cluster_assumption.py FOLDER [--corpora emodb ...] [--labels 10] [--seeds 4]

FOLDER holds the manifests and stores that real_recordings.py makes. Each utterance is the mean and deviation of each
channel of `fbank`, normalised by its speaker; sessions are left out in turn, both directions counted, as everywhere.
Beside a logistic regression on the labels at hand stand what all labels would give (what there is to gain) and the
plainest ways to use the rest of the training speakers' recordings: label spreading over neighbours, pseudo-labels level
by level, whitening by what varies within an utterance. `neighbours` is the share of the seven nearest other utterances
of a training part that have the same level, the same speaker, and how many would by chance.
"""

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import LabelSpreading

from valaro.evaluation.folds import few_labels, leave_one_session_out
from valaro.experiments.data import load_data
from valaro.labels.soft_labels import soft_labels_of
from valaro.normalise import speaker_scales
from valaro.records import CROP_FRAMES, DIMENSIONS

NEIGHBOURS = 7
STRENGTH = 0.1


@dataclass(frozen=True)
class Task:
    """A fold as rows: statistics (standardised over the training part), levels, which rows are what."""

    statistics: np.ndarray
    levels: np.ndarray
    speakers: np.ndarray
    labelled: np.ndarray
    unlabelled: np.ndarray
    tests: tuple[np.ndarray, ...]
    within: np.ndarray

    @property
    def train(self) -> np.ndarray:
        return np.concatenate([self.labelled, self.unlabelled])


Method = Callable[[Task], np.ndarray]
"""A task -> the levels of all rows."""


def logistic(task: Task, rows: np.ndarray, levels: np.ndarray, statistics: np.ndarray | None = None) -> np.ndarray:
    """Return the probabilities that a regression on these rows gives all rows."""
    x = task.statistics if statistics is None else statistics
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=2000).fit(x[rows], levels)
    return model.predict_proba(x)


def labels_at_hand(task: Task) -> np.ndarray:
    """Use nothing but the labels."""
    return logistic(task, task.labelled, task.levels[task.labelled]).argmax(axis=1)


def all_labels(task: Task) -> np.ndarray:
    """Use the labels that are withheld: what there is to gain."""
    return logistic(task, task.train, task.levels[task.train]).argmax(axis=1)


def spreading(task: Task) -> np.ndarray:
    """Zhou et al. 2004, on the graph of nearest neighbours in the first 20 principal components."""
    x = PCA(20, random_state=0).fit(task.statistics[task.train]).transform(task.statistics)
    x = x / x[task.train].std()
    known = np.where(np.isin(task.train, task.labelled), task.levels[task.train], -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LabelSpreading(kernel="knn", n_neighbors=NEIGHBOURS, alpha=0.5).fit(x[task.train], known)
        return model.predict(x)


def pseudo_labels(task: Task) -> np.ndarray:
    """Five rounds; the surest of each level, growing to half of the unlabelled."""
    rows, levels = task.labelled, task.levels[task.labelled]
    for number in range(1, 6):
        answers = logistic(task, rows, levels)[task.unlabelled]
        count = int(len(task.unlabelled) * 0.5 * number / 5 / 3)
        chosen = [np.argsort(-answers[:, level])[:count] for level in range(3)]
        rows = np.concatenate([task.labelled, task.unlabelled[np.concatenate(chosen)]])
        levels = np.concatenate([task.levels[task.labelled], np.repeat(np.arange(3), count)])
    return logistic(task, rows, levels).argmax(axis=1)


def whitened(task: Task) -> np.ndarray:
    """Directions in which crops of one utterance differ count less (within-class covariance normalisation)."""
    values, vectors = np.linalg.eigh(task.within)
    x = task.statistics @ (vectors / np.sqrt(1 + values / values.mean()))
    return logistic(task, task.labelled, task.levels[task.labelled], x).argmax(axis=1)


METHODS: dict[str, Method] = {
    "labels at hand": labels_at_hand,
    "label spreading": spreading,
    "pseudo-labels": pseudo_labels,
    "whitened within utterances": whitened,
    "all labels": all_labels,
}


def moments(values: np.ndarray) -> np.ndarray:
    """Return mean and deviation of each channel over the frames."""
    return np.concatenate([values.mean(axis=0), np.sqrt(values.var(axis=0) + 1e-6)])


def tasks(folder: Path, corpus: str, *, labels: int, seeds: int) -> dict[str, list[Task]]:
    """Return a corpus' folds by dimension."""
    data = load_data([folder / f"{corpus}.parquet"], [], folder / "sound", ["fbank"])
    utterances = data.labelled
    scales = speaker_scales(data.store, utterances, ["fbank"])
    frames = []
    for utterance in utterances:
        scale = scales[utterance.speaker]["fbank"]
        frames.append((data.store.values(utterance.id, "fbank").astype(np.float32) - scale.mean) / scale.deviation)
    whole = np.stack([moments(values) for values in frames])
    starts = [range(0, max(len(values) - CROP_FRAMES, 0) + 1, CROP_FRAMES // 8) for values in frames]
    crops = [np.stack([moments(v[s : s + CROP_FRAMES]) for s in of]) for v, of in zip(frames, starts, strict=True)]
    place = {utterance.id: row for row, utterance in enumerate(utterances)}
    speakers = np.array([utterance.speaker for utterance in utterances])
    found: dict[str, list[Task]] = {}
    for dimension in DIMENSIONS:
        levels = soft_labels_of(utterances, dimension).argmax(axis=1)
        for seed in range(seeds):
            for fold in leave_one_session_out(utterances, seed=seed):
                kept, rest = few_labels(fold.train, dimension, per_level=labels, seed=seed)
                labelled, unlabelled = (np.array([place[u.id] for u in part]) for part in (kept, rest))
                train = np.concatenate([labelled, unlabelled])
                spread = whole[train].std(axis=0) + 1e-6
                apart = np.concatenate([(c - c.mean(axis=0)) / spread for c in (crops[row] for row in train)])
                task = Task(
                    statistics=(whole - whole[train].mean(axis=0)) / spread,
                    levels=levels,
                    speakers=speakers,
                    labelled=labelled,
                    unlabelled=unlabelled,
                    tests=tuple(np.array([place[u.id] for u in part]) for part in (fold.validation, fold.test)),
                    within=apart.T @ apart / len(apart),
                )
                found.setdefault(dimension, []).append(task)
    return found


def uar(task: Task, answers: np.ndarray) -> float:
    """Return the mean over both directions, in percent."""
    each = []
    for test in task.tests:
        right = answers[test] == task.levels[test]
        each.append(np.mean([right[task.levels[test] == level].mean() for level in np.unique(task.levels[test])]))
    return 100 * float(np.mean(each))


def neighbours(task: Task) -> tuple[float, float, float, float]:
    """Return in percent: same level, by chance; same speaker, by chance."""
    x, levels, speakers = (part[task.train] for part in (task.statistics, task.levels, task.speakers))
    near = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(x).kneighbors(x, return_distance=False)[:, 1:]
    found = []
    for names in (levels, speakers):
        found.append(100 * float((names[near] == names[:, None]).mean()))
        found.append(100 * float(np.mean([(names == name).mean() for name in names])))
    return found[0], found[1], found[2], found[3]


def main() -> None:
    """Print a table a corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--corpora", nargs="+", default=["emodb", "ravdess_audio", "javanese_audio"])
    parser.add_argument("--labels", type=int, default=10, help="a level")
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    for corpus in options.corpora:
        if not (options.folder / f"{corpus}.parquet").is_file():
            print(f"{corpus}: no manifest in {options.folder}, skipped")
            continue
        for dimension, each in tasks(options.folder, corpus, labels=options.labels, seeds=options.seeds).items():
            level, by_chance, speaker, speaker_by_chance = np.mean([neighbours(task) for task in each], axis=0)
            print(
                f"{corpus}, {dimension}, {options.labels} labels a level, {len(each)} folds and seeds\n"
                f"  neighbours of the same level {level:.0f} % (chance {by_chance:.0f}), "
                f"of the same speaker {speaker:.0f} % (chance {speaker_by_chance:.0f})"
            )
            base = np.array([uar(task, labels_at_hand(task)) for task in each])
            for name, method in METHODS.items():
                scores = np.array([uar(task, method(task)) for task in each])
                error = (scores - base).std(ddof=1) / len(each) ** 0.5
                print(f"  {name:28s} UAR {scores.mean():5.1f}  {(scores - base).mean():+5.1f} +- {error:.1f}")


if __name__ == "__main__":
    main()
