"""The same seeds give the same predictions and scores as when they were recorded, whatever changed inside since.

Three small studies with all eleven models: on features that numpy makes, with the default preset and with the terms and
layout of the paper's, and on real recordings. They go the public way: manifests, store and settings in, `valaro
cross-validate` and `valaro report` in a process of its own, the results' JSON and the table of scores out. What a
result's JSON calls its parts stands in `_of_result` alone, what settings are called in the three texts below.

A difference here means that a change was not only a change of form. Where it was meant to be more, record anew, look at
what `git diff` shows, and say in the commit why each of it differs:

    python tests/experiments/test_same_results.py --record

The recorded numbers are of one thread (workers of a study never have more) and of AVX2 instructions, which `SAME_SUMS`
asks for, so that a processor with wider ones adds up in the same order; without it probabilities moved by up to 1e-4.
The image layout computes in single precision here: by itself it takes bfloat16 on processors that have it.
"""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__)
RECORDED = HERE.with_name("same_results.json")

MADE_UP_TOLERANCE = 1e-6
"""Largest difference of a probability where features come from the store as they were written."""

REAL_TOLERANCE = 1e-6
"""The same where features are extracted from recordings, which need not be the same to the last bit on every machine.

The solver of the logistic regression, which stops when it is near enough, makes most of such a difference.
"""

SAME_SUMS = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "OMP_NUM_THREADS": "1",
}
"""torch, its libraries and numpy read these when they are first imported."""

# Few steps: what a term weighs must show all the same, so nothing waits for a ramp or for confidence.
DEFAULT_PRESET = """\
[data]
labelled = ["labelled.parquet"]
unlabelled = ["unlabelled.parquet"]
features = "features"
[study]
models = ["FSBase:fbank", "MFSBase", "SSBase:face", "SSGAN:fbank", "CT", "MeanTeacher", "SoftMatch", "ClassBalanced",
    "LR", "SVM", "MSSGAN"]
dimensions = ["valence"]
labels_per_class = 5
sessions = ["1"]
[network]
width = 0.125
[training]
steps = 8
batch_size = 6
learning_rate = 0.01
evaluate_every = 2
[self_training]
threshold = 0.4
rounds = 2
[losses]
ramp_up_steps = 4
"""
PAPER_PRESET = """\
[data]
labelled = ["labelled.parquet"]
unlabelled = ["unlabelled.parquet"]
features = "features"
[study]
preset = "paper"
votes = "mean"
models = ["FSBase:fbank", "MSSGAN"]
dimensions = ["arousal"]
directions = "coin"
sessions = ["1"]
control = false
[network]
width = 0.0625
[training]
steps = 4
batch_size = 4
evaluate_every = 2
precision = "single"
"""
REAL_RECORDINGS = """\
[data]
labelled = ["labelled.parquet"]
unlabelled = ["unlabelled.parquet"]
features = "features"
[study]
models = ["MFSBase", "SSBase:face", "MSSGAN", "CT", "LR", "SVM"]
dimensions = ["valence"]
sessions = ["1"]
control = false
[network]
width = 0.125
[training]
steps = 6
batch_size = 6
learning_rate = 0.01
evaluate_every = 3
[self_training]
threshold = 0.4
rounds = 2
[losses]
ramp_up_steps = 4
"""

LEARNT = {"neutral", "sad", "happy", "angry"}

Facts = dict[str, Any]


def test_made_up_features_give_the_recorded_predictions_and_scores(tmp_path: Path) -> None:
    _compare("made up", tmp_path, MADE_UP_TOLERANCE)


@pytest.mark.recordings
def test_real_recordings_give_the_recorded_predictions_and_scores(tmp_path: Path) -> None:
    if not all((_recordings(corpus) / "manifest.csv").is_file() for corpus in ("javanese_av", "grid_s1")):
        pytest.skip("javanese_av and grid_s1 are not beside the project")
    _compare("real recordings", tmp_path, REAL_TOLERANCE)


def _compare(corpus: str, folder: Path, tolerance: float) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    now = _measured(corpus, folder)
    differences = [
        line
        for study in (recorded[corpus].keys() | now.keys())
        for line in _differences(study, recorded[corpus].get(study, {}), now.get(study, {}), tolerance)
    ]
    assert not differences, (
        f"{len(differences)} differences to what was recorded with {recorded['environment']}:\n"
        + "\n".join(differences)
    )


def _differences(where: str, then: object, now: object, tolerance: float) -> list[str]:
    """Return a line each number or text that is another one; numbers with a fraction may differ by `tolerance`."""
    if isinstance(then, dict) and isinstance(now, dict):
        keys = [*then, *(key for key in now if key not in then)]
        return [
            line for key in keys for line in _differences(f"{where} / {key}", then.get(key), now.get(key), tolerance)
        ]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        furthest = max(abs(a - b) for a, b in zip(then, now, strict=True))
        return [] if furthest <= tolerance else [f"{where}: {then} is now {now}, up to {furthest:.2g} away"]
    return [] if then == now else [f"{where}: {then} is now {now}"]


def _measured(corpus: str, folder: Path) -> Facts:
    """Return what the studies on a corpus give, each in a process that this one's libraries have no say in."""
    called = [sys.executable, os.fspath(HERE), corpus, os.fspath(folder)]
    done = subprocess.run(called, env={**os.environ, **SAME_SUMS}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "facts.json").read_text(encoding="utf-8"))


def _run(corpus: str, folder: Path) -> None:
    """Make a corpus, run its studies and write what they gave: all in this process and the workers of `valaro`."""
    make, studies = {
        "made up": (_make_up, {"default preset": DEFAULT_PRESET, "paper preset": PAPER_PRESET}),
        "real recordings": (_extract_real, {"default preset": REAL_RECORDINGS}),
    }[corpus]
    make(folder)
    facts = {study: _facts_of(text, folder / study.replace(" ", "_")) for study, text in studies.items()}
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _facts_of(settings: str, run: Path) -> Facts:
    run.with_suffix(".toml").write_text(settings, encoding="utf-8")
    _valaro("cross-validate", run.with_suffix(".toml"), "--to", run)
    _valaro("report", run, "--to", run.with_suffix(".json"))
    results = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((run / "results").glob("*.json"))]
    scores = json.loads(run.with_suffix(".json").read_text(encoding="utf-8"))
    return {"results": dict(map(_of_result, results)), "scores": _printed(scores["rows"])}


def _of_result(result: Facts) -> tuple[str, Facts]:
    """Return a training's name and what it learnt from, when it was best, and its answers on the test speakers."""
    test = result["test"]
    return f"{result['dimension']}, {result['model']}, {result['fold']}, seed {result['seed']}", {
        "labelled": result["labelled"],
        "unlabelled": result["unlabelled"],
        "excluded": result["excluded"],
        "best step": result["best_step"],
        "validation UAR": ", ".join(f"{p['step']}: {100 * p['validation_uar']:.1f}" for p in result["history"]),
        "test": dict(zip(test["ids"], test["probabilities"], strict=True)),
    }


def _printed(rows: Sequence[Facts]) -> Facts:
    """Return the test scores of each training and, with intervals, of each model: percent as reports print them."""
    printed: dict[str, list[str]] = {}
    for row in rows:
        if row["part"] != "test":
            continue
        name = f"{row['dimension']}, {row['model']}, {row['fold']}, seed {row['seed']}"
        values = [row[column] for column in ("value", "low", "high", "deviation") if row[column] is not None]
        printed.setdefault(name, []).append(f"{row['metric']} {' '.join(f'{100 * value:.1f}' for value in values)}")
    return {name: ", ".join(values) for name, values in printed.items()}


def _valaro(*arguments: object) -> None:
    from valaro.cli.app import main

    sys.argv = ["valaro", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise


def _make_up(folder: Path) -> None:
    """Write utterances of three women and three men in three sessions, and those of strangers: patterns in noise.

    Each of the six has six utterances that three people voted on, and two that nobody did; some are shorter than a
    crop, some have several windows. The strangers' features lie elsewhere.
    """
    import numpy as np

    from helpers.features import an_utterance, make_store
    from valaro.records import Rating
    from valaro.store.manifest import write_manifest

    rng = np.random.default_rng(11)
    patterns = {name: rng.normal(size=(2, 3, dim)) for name, dim in (("fbank", 16), ("face", 12))}
    labelled, unlabelled, features = [], [], {}

    def add(utterances: list[Any], utterance: Any, levels: Sequence[int], offset: float) -> None:
        frames = int(rng.integers(70, 330))
        features[utterance.id] = {
            name: 0.3 * (pattern[0, levels[0]] + pattern[1, levels[1]])
            + offset
            + rng.normal(size=(frames, pattern.shape[2]))
            for name, pattern in patterns.items()
        }
        utterances.append(utterance)

    for speaker in range(6):
        for index in range(8):
            levels = (index % 3, (index + index // 3) % 3)
            utterance = an_utterance(
                f"{speaker}-{index}",
                speaker=f"{speaker}",
                session=f"{speaker // 2 + 1}",
                gender="FM"[speaker % 2],
                level=None,
            )
            ratings = tuple(
                Rating(
                    annotator=f"{annotator}",
                    dimension=dimension,
                    score=float(np.clip(2 * level + 1 + rng.integers(-1, 2), 1, 5)),
                )
                for dimension, level in zip(("valence", "arousal"), levels, strict=True)
                for annotator in range(3)
            )
            add(
                labelled,
                utterance if index >= 6 else type(utterance)(**{**vars(utterance), "ratings": ratings}),
                levels,
                0.0,
            )
    for index in range(12):
        stranger = an_utterance(f"{index}", corpus="strangers", speaker=f"{index // 3}", session="", level=None)
        add(unlabelled, stranger, (index % 3, index // 4), 1.5)
    write_manifest(folder / "labelled.parquet", labelled, [])
    write_manifest(folder / "unlabelled.parquet", unlabelled, [])
    make_store(folder / "features", features)


def _extract_real(folder: Path) -> None:
    """Read and extract 30 clips of six people, four of each with levels and one without, and three of a stranger."""
    rows = ["utterance,file,speaker,gender,session,valence,arousal"]
    with (_recordings("javanese_av") / "manifest.csv").open(encoding="utf-8", newline="") as table:
        for clip in csv.DictReader(table):
            what = [clip[column] for column in ("utterance", "file", "speaker", "gender", "session")]
            if clip["session"] != "4" and clip["sentence"] == "02" and clip["emotion"] in LEARNT:
                rows.append(",".join([*what, clip["valence"], clip["arousal"]]))
            elif clip["session"] != "4" and (clip["sentence"], clip["emotion"]) == ("03", "angry"):
                rows.append(",".join([*what, "", ""]))
    (folder / "labelled.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    _valaro(
        *("read", "table", folder / "labelled.csv", "--root", _recordings("javanese_av")),
        *("--corpus", "javanese", "--to", folder / "labelled.parquet"),
    )
    strange = sorted((_recordings("grid_s1") / "video").glob("*.mpg"))[:3]
    lines = ["utterance,file,speaker,gender", *(f"{path.stem},video/{path.name},s1,M" for path in strange)]
    (folder / "unlabelled.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _valaro(
        *("read", "table", folder / "unlabelled.csv", "--root", _recordings("grid_s1")),
        *("--corpus", "grid", "--to", folder / "unlabelled.parquet"),
    )
    manifests = (folder / "labelled.parquet", folder / "unlabelled.parquet")
    _valaro("extract", *manifests, "--features", "fbank,face", "--to", folder / "features")


def _recordings(corpus: str) -> Path:
    from helpers.media import real_recordings

    return real_recordings(corpus)


def _record() -> None:
    """Write the numbers of this code on this machine in the place of the recorded ones."""
    import tempfile

    from valaro.training.environment import environment

    facts: Facts = {"environment": {**environment(), "cpu instructions": SAME_SUMS["ATEN_CPU_CAPABILITY"]}}
    for corpus in ("made up", "real recordings"):
        with tempfile.TemporaryDirectory() as folder:
            facts[corpus] = _measured(corpus, Path(folder))
    text = json.dumps(facts, indent=1)
    # A line an utterance instead of one a number.
    text = re.sub(r"\[[^\[\]{}]*\]", lambda row: json.dumps(json.loads(row[0])), text)
    RECORDED.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(HERE.parents[1]))
    if sys.argv[1:] == ["--record"]:
        _record()
    else:
        _run(sys.argv[1], Path(sys.argv[2]))
