"""The run folder of a network of faces: what it was trained on, how it learnt, and the best network so far."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from valaro.dface.config import FaceNetworkConfig, checked_config
from valaro.dface.densenet import DenseNet
from valaro.dface.export import export_network
from valaro.dface.fit import OnStep, fit_face_network
from valaro.dface.scores import Epoch, FaceScores, score_faces
from valaro.dface.splits import FaceSplits
from valaro.errors import StoreError, ValaroError, words_for
from valaro.features.face_network import NETWORK_FILE, read_face_network
from valaro.files import remove_partials, write_text
from valaro.jsonfile import read_record, write_record
from valaro.store.lock import exclusive_lock
from valaro.training.checkpointer import CheckpointPaths
from valaro.training.environment import environment

VERSION = 2
_DESCRIBED, _RESULT, _EPOCHS = "face_network.json", "result.json", "epochs.csv"


@dataclass(frozen=True, kw_only=True)
class FaceNetworkRun:
    """A finished training; what the validation faces say of the `best` epoch is optimistic, for they chose it."""

    network: Path
    best: Epoch
    test: FaceScores | None


@dataclass(frozen=True, kw_only=True)
class _Described:
    """What a run is about."""

    valaro_face_network: int
    classes: tuple[str, ...]
    pictures: dict[str, int]
    """How many of each part."""
    fingerprint: str
    """Of all pictures and targets."""
    config: FaceNetworkConfig
    seed: int
    environment: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class _Result:
    """How a run ended."""

    valaro_face_network: int
    network: str
    """The checksum of the network that was tested."""
    best: Epoch
    test: FaceScores | None


_Record = TypeVar("_Record", _Described, _Result)


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

            network, best = fit_face_network(
                splits, config, seed=seed, paths=paths, on_step=on_step, on_epoch=note_epoch
            )
            _write_result(splits, to, network, best.point)
            paths.forget_state()
        return _finished(to)


def begin_face_run(splits: FaceSplits, to: Path, config: FaceNetworkConfig, *, seed: int) -> None:
    """Write into `to` what the run is about, or see that what lies there is the same run.

    Raises:
        ValaroError: the folder holds another run, or something else; the settings make no sense.
    """
    described = _Described(
        valaro_face_network=VERSION,
        classes=splits.train.classes,
        pictures={name: len(faces) for name, faces in splits.named()},
        fingerprint=splits.fingerprint,
        config=checked_config(asdict(config)),
        seed=seed,
        environment=environment(),
    )
    file = to / _DESCRIBED
    if file.is_file():
        before = _read(file, _Described)
        names = [part.name for part in fields(_Described)]
        if differing := [name for name in names if getattr(before, name) != getattr(described, name)]:
            raise ValaroError(
                f"'{to}' holds a training with another {', another '.join(differing)}: "
                "give another folder with --to, or remove that one"
            )
        return
    if to.is_dir() and any(not path.name.startswith(".") for path in to.iterdir()):
        raise ValaroError(f"'{to}' is not empty and no run of train-face-network: give a new folder with --to")
    to.mkdir(parents=True, exist_ok=True)
    write_record(file, described)


def _write_result(splits: FaceSplits, to: Path, best: DenseNet, epoch: Epoch) -> None:
    """Test the best network, once, and finish the run."""
    network = export_network(best, splits.train.classes, splits.validation.crops, to / NETWORK_FILE)
    test = splits.test
    scores = None if test is None else score_faces(network.probabilities(test.crops), test.targets)
    result = _Result(valaro_face_network=VERSION, network=network.checksum, best=epoch, test=scores)
    write_record(to / _RESULT, result)


def _finished(to: Path) -> FaceNetworkRun:
    result, checksum = _read(to / _RESULT, _Result), read_face_network(to).checksum
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


def _read(file: Path, kind: type[_Record]) -> _Record:
    try:
        record: _Record = read_record(kind, file, "it")
    except (OSError, ValueError) as error:
        raise StoreError(
            f"'{file}' is damaged, or of another version of valaro ({words_for(error)}): remove it to begin anew"
        ) from None
    if record.valaro_face_network != VERSION:
        raise StoreError(f"'{file}' is not of version {VERSION} of valaro's networks of faces")
    return record
