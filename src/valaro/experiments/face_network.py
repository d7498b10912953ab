"""The run folder of a network of faces: what it was trained on, how it learnt, and the best network so far."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from valaro.corpora.face_splits import FaceSplits
from valaro.documents import read_json
from valaro.errors import StoreError, ValaroError, words_for
from valaro.experiments.environment import environment
from valaro.features.face_network import NETWORK_FILE, read_face_network
from valaro.files import remove_partials, write_text
from valaro.networks.densenet import DenseNet
from valaro.store.lock import exclusive_lock
from valaro.training.checkpointer import CheckpointPaths
from valaro.training.faces.best import Epoch, FaceScores, score_faces
from valaro.training.faces.config import FacePlan
from valaro.training.faces.export import export_network
from valaro.training.faces.fit import fit_face_network

VERSION = 1
_DESCRIBED = "face_network.json"
_RESULT = "result.json"
_EPOCHS = "epochs.csv"


@dataclass(frozen=True, kw_only=True)
class FaceNetworkRun:
    """A finished training; what the validation faces say of the `best` epoch is optimistic, for they chose it."""

    network: Path
    best: Epoch
    test: FaceScores | None


def train_face_network(
    parts: FaceSplits,
    to: Path,
    config: FacePlan,
    *,
    seed: int,
    seconds: float = 30.0,
    on_step: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> FaceNetworkRun:
    """Train into the run folder `to`, or go on with what was begun there; a finished run is returned as it is.

    The network of the best epoch so far always lies there, checked against the one in training; the state is kept every
    `seconds`.

    Raises:
        ValaroError: the folder holds another run, or something else; another process trains into it.
    """
    begin_face_run(parts, to, config, seed=seed)
    with exclusive_lock(to, "trains"):
        remove_partials(to)
        if not (to / _RESULT).is_file():
            _train(
                parts,
                to,
                config,
                seed,
                CheckpointPaths(losses_in=to, state_in=to / "unfinished", seconds=seconds),
                on_step,
                on_epoch,
            )
        return _finished(to)


def _train(
    parts: FaceSplits,
    to: Path,
    config: FacePlan,
    seed: int,
    paths: CheckpointPaths,
    on_step: Callable[[int, int], None] | None,
    on_epoch: Callable[[Epoch], None] | None,
) -> None:
    classes, some = parts.train.classes, parts.validation.crops

    def told(history: Sequence[Epoch], best: DenseNet | None) -> None:
        _write_epochs(to / _EPOCHS, history)
        if best is not None:
            export_network(best, classes, some, to / NETWORK_FILE)
        if on_epoch is not None:
            on_epoch(history[-1])

    training = fit_face_network(
        parts.train, parts.validation, config, seed=seed, paths=paths, on_step=on_step, on_epoch=told
    )
    network = export_network(training.network, classes, some, to / NETWORK_FILE)
    test = None if parts.test is None else score_faces(network.probabilities(parts.test.crops), parts.test.targets)
    facts = {
        "valaro_face_network": VERSION,
        "network": network.checksum,
        "best": asdict(training.history[training.best_epoch - 1]),
        "test": None if test is None else asdict(test),
    }
    write_text(to / _RESULT, json.dumps(facts, indent=1) + "\n")
    paths.forget_state()


def _described(parts: FaceSplits, config: FacePlan, seed: int) -> dict[str, Any]:
    return {
        "valaro_face_network": VERSION,
        "classes": list(parts.train.classes),
        "pictures": {name: len(part) for name, part in parts.named()},
        "fingerprint": parts.fingerprint,
        "plan": asdict(config),
        "seed": seed,
        "environment": environment(),
    }


def begin_face_run(parts: FaceSplits, to: Path, config: FacePlan, *, seed: int) -> None:
    """Write into `to` what the run is about, or see that what lies there is the same run.

    Raises:
        ValaroError: the folder holds another run, or something else.
    """
    file, described = to / _DESCRIBED, _described(parts, config, seed)
    if file.is_file():
        before = _read(file)
        differing = [name for name, value in described.items() if before.get(name) != value]
        if differing:
            raise ValaroError(
                f"'{to}' holds a training with another {', another '.join(differing)}: "
                "give another folder with --to, or remove that one"
            )
        return
    if to.is_dir() and any(not path.name.startswith(".") for path in to.iterdir()):
        raise ValaroError(f"'{to}' is not empty and no run of train-face-network: give a new folder with --to")
    to.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps(described, indent=1) + "\n")


def _finished(to: Path) -> FaceNetworkRun:
    facts = _read(to / _RESULT)
    checksum = read_face_network(to).checksum
    try:
        test = facts["test"]
        if facts["network"] != checksum:
            raise StoreError(
                f"'{to / NETWORK_FILE}' is another network than the one tested: remove '{to / _RESULT}' to train again"
            )
        return FaceNetworkRun(
            network=to / NETWORK_FILE,
            best=Epoch(**facts["best"]),
            test=None if test is None else FaceScores(**test),
        )
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"'{to / _RESULT}' is damaged ({words_for(error)}): remove it to test the network again"
        ) from None


def _write_epochs(file: Path, history: Sequence[Epoch]) -> None:
    out = io.StringIO()
    rows = csv.DictWriter(out, [field.name for field in fields(Epoch)], lineterminator="\n")
    rows.writeheader()
    rows.writerows({name: _rounded(value) for name, value in asdict(epoch).items()} for epoch in history)
    write_text(file, out.getvalue())


def _rounded(value: float) -> str:
    return f"{value:.6g}"


def _read(file: Path) -> dict[str, Any]:
    try:
        facts: Any = read_json(file)
    except (OSError, ValueError) as error:
        raise StoreError(f"'{file}' is damaged: {words_for(error)}") from None
    if not isinstance(facts, dict) or facts.get("valaro_face_network") != VERSION:
        raise StoreError(f"'{file}' is not of version {VERSION} of valaro's networks of faces")
    return facts
