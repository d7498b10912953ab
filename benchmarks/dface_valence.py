"""How much valence is in `dface`, and how much in `face`? A linear probe says.

    python benchmarks/dface_valence.py DATA --to FOLDER [--network RUN] [--workers 1]

DATA is the corpus javanese_av (manifest.csv and clips), FOLDER keeps the features. RUN is a run of `valaro
train-face-network`; without it the packaged network is probed. A logistic regression sees mean and deviation of each
feature over a clip and is tested on a session (a woman and a man) that it has not met, in turn; the session after the
tested one chooses its strength. Levels are DERIVED from the acted category. Intervals are 95 %, over speakers.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from valaro.corpora.options import TableOptions
from valaro.corpora.table import read_table
from valaro.evaluation.interval import Interval
from valaro.evaluation.scores import score
from valaro.evaluation.significance import Resamples
from valaro.extraction.extract import ExtractOptions, extract
from valaro.labels.soft_labels import correct_levels, soft_labels_of
from valaro.records import Predictions, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.linear import STRENGTHS, logistic_regression

NAMES = ("face", "dface")


def summary(store: FeatureStore, utterances: Sequence[Utterance], name: str) -> np.ndarray:
    """Return mean and deviation of each feature, a row a clip."""
    rows = [np.asarray(store.values(utterance.id, name), np.float64) for utterance in utterances]
    return np.stack([np.concatenate([one.mean(axis=0), one.std(axis=0)]) for one in rows])


def answers(values: np.ndarray, levels: np.ndarray, train: np.ndarray, strength: float) -> np.ndarray:
    """Fit on the rows `train` and return the probabilities of all rows."""
    centre, spread = values[train].mean(axis=0), np.maximum(values[train].std(axis=0), 1e-6)
    scaled = (values - centre) / spread
    model = logistic_regression(strength).fit(scaled[train], levels[train])
    probabilities = np.zeros((len(values), 3))
    probabilities[:, model.classes_] = model.predict_proba(scaled)
    return probabilities


def probe(store: FeatureStore, utterances: Sequence[Utterance], name: str) -> list[Predictions]:
    """Return what the probe says of each session."""
    values = summary(store, utterances, name)
    correct = correct_levels(soft_labels_of(utterances, "valence"))
    levels, sessions = correct.argmax(axis=1), np.array([utterance.session for utterance in utterances])
    names = sorted(set(sessions))

    def predictions(rows: np.ndarray, probabilities: np.ndarray) -> Predictions:
        chosen = [utterances[row] for row in np.flatnonzero(rows).tolist()]
        return Predictions(
            ids=tuple(one.id for one in chosen),
            speakers=tuple(one.speaker for one in chosen),
            probabilities=probabilities[rows],
            correct=correct[rows],
        )

    told: list[Predictions] = []
    for place, tested in enumerate(names):
        validating = names[(place + 1) % len(names)]
        is_test, is_validation = sessions == tested, sessions == validating
        tried = [answers(values, levels, ~is_test & ~is_validation, strength) for strength in STRENGTHS]
        best = int(np.argmax([score(predictions(is_validation, one)).uar for one in tried]))
        told.append(predictions(is_test, tried[best]))
    return told


def words(interval: Interval) -> str:
    """Return an interval in percent."""
    return f"{100 * interval.value:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def main() -> None:
    """Extract, probe, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    utterances = read_table(asked.data / "manifest.csv", TableOptions(corpus="javanese_av")).utterances

    def told(done: int, of: int, _failed: int = 0) -> None:
        print(f"{done} of {of} clips", file=sys.stderr, flush=True)

    options = ExtractOptions(on_progress=told)
    extract(utterances, NAMES, to=asked.to, workers=asked.workers, network=asked.network, options=options)
    store = FeatureStore.open(asked.to)
    seen = [utterance for utterance in utterances if not store.missing([utterance.id], NAMES)]
    by_name = {name: probe(store, seen, name) for name in NAMES}
    print(f"{len(seen)} of {len(utterances)} clips with a face; network {store.version('dface')}\n")
    print("| features | numbers | UAR of valence, % | against `face`, points |\n|---|---|---|---|")
    for name, groups in by_name.items():
        against = "" if name == "face" else words(Resamples(groups).above(Resamples(by_name["face"]), "uar"))
        print(f"| `{name}` | {store.dim(name)} | {words(Resamples(groups).interval('uar'))} | {against} |")


if __name__ == "__main__":
    main()
