"""The run folder of a network of faces: what it was trained on, how it learnt, and the best network so far."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from valaro.dface.best import Epoch, FaceScores, score_faces
from valaro.dface.config import FaceNetworkConfig, checked_config
from valaro.dface.densenet import DenseNet
from valaro.dface.export import export_network
from valaro.dface.fit import OnStep, fit_face_network
from valaro.dface.splits import FaceSplits
from valaro.documents import read_json
from valaro.errors import StoreError, ValaroError, words_for
from valaro.experiments.environment import environment
from valaro.features.face_network import NETWORK_FILE, read_face_network
from valaro.files import remove_partials, write_text
from valaro.store.lock import exclusive_lock
from valaro.training.checkpointer import CheckpointPaths
from valaro.typed import typed

VERSION = 2
_DESCRIBED, _RESULT, _EPOCHS = "face_network.json", "result.json", "epochs.csv"


@dataclass(frozen=True, kw_only=True)
class FaceNetworkRun:
    """A finished training; what the validation faces say of the `best` epoch is optimistic, for they chose it."""

    network: Path
    best: Epoch
    test: FaceScores | None


@dataclass(frozen=True, kw_only=True)
class _Result:
    valaro_face_network: int
    network: str
    best: Epoch
    test: FaceScores | None


def train_face_network(
    splits: FaceSplits,
    to: Path,
    config: FaceNetworkConfig,
    *,
    seed: int,
    seconds: float = 30.0,
    on_step: OnStep | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> FaceNetworkRun:
    """Train into the run folder `to`, or go on with what was begun there; a finished run is returned as it is.

    The network of the best epoch so far always lies there, checked against the one in training; the state is kept every
    `seconds`.

    Raises:
        ValaroError: the folder holds another run, or something else; another process trains into it.
    """
    begin_face_run(splits, to, config, seed=seed)
    with exclusive_lock(to, "trains"):
        remove_partials(to)
        if not (to / _RESULT).is_file():
            paths = CheckpointPaths(losses_in=to, state_in=to / "unfinished", seconds=seconds)

            def note_epoch(history: Sequence[Epoch], best: DenseNet | None) -> None:
                _write_epochs(to / _EPOCHS, history)
                if best is not None:
                    export_network(best, splits.train.classes, splits.validation.crops, to / NETWORK_FILE)
                if on_epoch is not None:
                    on_epoch(history[-1])

            training = fit_face_network(splits, config, seed=seed, paths=paths, on_step=on_step, on_epoch=note_epoch)
            _write_result(splits, to, training.network, training.history[training.best_epoch - 1])
            paths.forget_state()
        return _finished(to)


def begin_face_run(splits: FaceSplits, to: Path, config: FaceNetworkConfig, *, seed: int) -> None:
    """Write into `to` what the run is about, or see that what lies there is the same run.

    Raises:
        ValaroError: the folder holds another run, or something else; the settings make no sense.
    """
    file, described = to / _DESCRIBED, _described(splits, checked_config(asdict(config)), seed)
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


def _described(splits: FaceSplits, config: FaceNetworkConfig, seed: int) -> dict[str, Any]:
    return {
        "valaro_face_network": VERSION,
        "classes": list(splits.train.classes),
        "pictures": {name: len(faces) for name, faces in splits.named()},
        "fingerprint": splits.fingerprint,
        "config": asdict(config),
        "seed": seed,
        "environment": environment(),
    }


def _write_result(splits: FaceSplits, to: Path, best: DenseNet, epoch: Epoch) -> None:
    """Test the best network, once, and finish the run."""
    network = export_network(best, splits.train.classes, splits.validation.crops, to / NETWORK_FILE)
    test = splits.test
    scores = None if test is None else score_faces(network.probabilities(test.crops), test.targets)
    result = _Result(valaro_face_network=VERSION, network=network.checksum, best=epoch, test=scores)
    write_text(to / _RESULT, json.dumps(asdict(result), indent=1) + "\n")


def _finished(to: Path) -> FaceNetworkRun:
    facts, checksum = _read(to / _RESULT), read_face_network(to).checksum
    try:
        result = typed(_Result, facts)
    except ValueError as error:
        raise StoreError(
            f"'{to / _RESULT}' is damaged ({words_for(error)}): remove it to test the network again"
        ) from None
    if result.network != checksum:
        raise StoreError(
            f"'{to / NETWORK_FILE}' is another network than the one tested: remove '{to / _RESULT}' to train again"
        )
    return FaceNetworkRun(network=to / NETWORK_FILE, best=result.best, test=result.test)


def _write_epochs(file: Path, history: Sequence[Epoch]) -> None:
    out = io.StringIO()
    rows = csv.DictWriter(out, [field.name for field in fields(Epoch)], lineterminator="\n")
    rows.writeheader()
    rows.writerows({name: f"{value:.6g}" for name, value in asdict(epoch).items()} for epoch in history)
    write_text(file, out.getvalue())


def _read(file: Path) -> dict[str, Any]:
    try:
        facts: Any = read_json(file)
    except (OSError, ValueError) as error:
        raise StoreError(f"'{file}' is damaged: {words_for(error)}") from None
    if not isinstance(facts, dict) or facts.get("valaro_face_network") != VERSION:
        raise StoreError(f"'{file}' is not of version {VERSION} of valaro's networks of faces")
    return facts
