"""Does every score of finished runs equal scikit-learn's on their stored predictions?

    python benchmarks/scores_against_scikit.py RUN [RUN ...]

RUN are run folders of `valaro cross-validate`. The scores and the predictions are those that `valaro report` writes as
scores.csv and predictions.csv; trainings with a tie are left out and counted, for scikit-learn knows none. Exits with 1
if a UAR, MAP, F1 (Eq. 8) or macro F1 is off by more than 1e-12.
"""

import argparse
import csv
import io
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score

from valaro.experiments.run_folder import read_run
from valaro.reports.score_files import predictions_csv, scores_csv

KEY = ("run", "dimension", "model", "fold", "seed")


def expected(truth: list[str], predicted: list[str]) -> dict[str, float]:
    """Return what scikit-learn says."""
    # scikit-learn declares no types: a type checker believes that zero_division is a text, as its default is.
    macro: dict[str, Any] = {"average": "macro", "zero_division": 0}
    uar = balanced_accuracy_score(truth, predicted)
    mean_precision = precision_score(truth, predicted, **macro)
    return {
        "uar": uar,
        "map": mean_precision,
        "f1": 2 * uar * mean_precision / (uar + mean_precision) if uar + mean_precision else 0.0,
        "macro_f1": f1_score(truth, predicted, **macro),
    }


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    runs = [read_run(folder) for folder in parser.parse_args().runs]
    answers: dict[tuple[str, ...], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    tied: set[tuple[str, ...]] = set()
    for row in csv.DictReader(io.StringIO(predictions_csv(runs))):
        key = tuple(row[name] for name in KEY)
        right = row["right"].split()
        if len(right) > 1:
            tied.add(key)
        answers[key][0].append(right[0])
        answers[key][1].append(row["predicted"])
    compared, worst = 0, 0.0
    for row in csv.DictReader(io.StringIO(scores_csv(runs))):
        key = tuple(row[name] for name in KEY)
        if row["part"] != "test" or key not in answers or key in tied:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a level that nobody has or nobody says is a case of its own, not a fault
            scikit = expected(*answers[key])
        if row["metric"] in scikit:
            compared += 1
            worst = max(worst, abs(float(row["value"]) - scikit[row["metric"]]))
    print(f"{len(answers)} trainings, {len(tied)} of them with ties")
    print(f"{compared} scores compared, the farthest off by {worst:.1e}")
    return int(worst > 1e-12 or compared == 0)


if __name__ == "__main__":
    sys.exit(main())
