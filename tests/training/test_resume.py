"""A training that is interrupted and continued ends as an undisturbed one, bit for bit, or says what is wrong."""

import os
import pickle  # noqa: TID251 - to make the bomb that must be refused
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import nn

from helpers.features import make_store, toy_corpus
from valaro.errors import StoreError, ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.networks import noise
from valaro.records import Alarm, HistoryPoint
from valaro.tensorfile import TensorFile, parse_tensors
from valaro.training import checkpointer
from valaro.training.best_model import BestModel
from valaro.training.checkpointer import CHECKPOINT, Checkpointer, CheckpointPaths
from valaro.training.config import DEFAULT, SelfTraining, TrainConfig
from valaro.training.ema import EMA
from valaro.training.feature_maps import map_features
from valaro.training.methods import METHODS, model_specs
from valaro.training.state import join
from valaro.training.train import train_folds
from valaro.training.training_data import prepare

# Everything that draws random numbers is on: two views, masks, dropout, lost modalities.
PLAN = replace(
    DEFAULT,
    width=0.125,
    averaged_bands=1,
    regularisation=replace(DEFAULT.regularisation, dropout=0.1, modality_dropout=0.2, head_noise=0.1),
    schedule=replace(DEFAULT.schedule, steps=6, batch_size=6, evaluate_every=2),
    terms=replace(DEFAULT.terms, ramp_up_steps=4),
    sampling=replace(DEFAULT.sampling, views=2, spec_augment=True),
    self_training=SelfTraining(threshold=0.4, lr_fraction=0.5, rounds=2),
)
MODELS = [
    "FSBase:fbank",
    "SSBase:fbank",
    "SSGAN:fbank",
    "MSSGAN",
    "CT",
    "MeanTeacher",
    "SoftMatch",
    "ClassBalanced",
    "LR",
    "SVM",
]


LOSSES = 1
"""Files that a training puts into place before its first state: that of its losses."""


class KilledError(BaseException):
    """Stands for the kill: nothing in the package catches it."""


@dataclass(frozen=True)
class Ended:
    """All that a training leaves behind."""

    weights: bytes
    history: tuple[HistoryPoint, ...]
    alarms: tuple[Alarm, ...]
    best_step: int
    losses: dict[str, bytes]
    features: bytes
    """Of the map of what the network sees."""


class Corpus:
    """A small corpus in a store, to be trained on time and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._utterances, features = toy_corpus(sessions=2, per_level=2, unlabelled=2)
        self._store = make_store(folder / "store", features)
        self._undisturbed: dict[tuple[str, TrainConfig], Ended] = {}

    def train(self, model: str, to: Path, *, config: TrainConfig = PLAN, seconds: float = 0.0) -> Ended:
        """Train with a trail in `to`; what lies there already is gone on with."""
        fold = leave_one_session_out(self._utterances)[0]
        spec = model_specs(model, ["fbank", "face"])[0]
        data = prepare(spec, self._store, [fold], self._utterances, dimension="valence", seed=0, config=config)
        paths = CheckpointPaths(losses_in=_made(to / "losses"), state_in=to / "state", seconds=seconds)
        (training,) = train_folds(spec, data, seed=0, config=config, paths=paths)
        points: list[np.ndarray] = []
        if not METHODS[spec.method].is_linear:
            seen = map_features(training, fold.test, seed=0)
            points = [seen.labelled, seen.unlabelled, seen.generated, seen.test]
        return Ended(
            weights=save(training.model.classifier.state_dict()),
            history=training.history,
            alarms=training.alarms,
            best_step=training.best_step,
            losses={path.name: path.read_bytes() for path in (to / "losses").iterdir()},
            features=b"".join(part.tobytes() for part in points),
        )

    def undisturbed(self, model: str, config: TrainConfig = PLAN) -> Ended:
        if (model, config) not in self._undisturbed:
            # A trail that keeps no state on the way: keeping must not change the result either.
            to = self._folder / str(len(self._undisturbed))
            self._undisturbed[model, config] = self.train(model, to, config=config, seconds=3600)
        return self._undisturbed[model, config]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Drawing the bank would be most of a training as short as these; and half of their tensors now go round it.
    monkeypatch.setattr(noise, "_BANK", 1 << 13)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _interrupt(monkeypatch: pytest.MonkeyPatch, where: object, name: str, *, after: int) -> None:
    """Let the method or function `name` work `after` times, then be interrupted before it does anything."""
    original: Callable[..., object] = getattr(where, name)
    calls = count()

    def interrupted(*arguments: object, **named: object) -> object:
        if next(calls) == after:
            raise KilledError
        return original(*arguments, **named)

    monkeypatch.setattr(where, name, interrupted)


def _train_in_lives(
    corpus: Corpus,
    model: str,
    to: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    lives: tuple[int, ...],
    config: TrainConfig = PLAN,
    seconds: float = 0,
) -> Ended:
    """Train; each life ends in the middle of an update, after as many whole ones; the last one is not interrupted."""
    for updates in lives:
        with monkeypatch.context() as during:
            # By then the weights have moved, their average has not, and nothing is noted.
            _interrupt(during, EMA, "update", after=updates)
            with pytest.raises(KilledError):
                corpus.train(model, to, config=config, seconds=seconds)
    return corpus.train(model, to, config=config, seconds=seconds)


def _steps(to: Path, stage: str = "training") -> int:
    """Return after how many updates the state was saved."""
    saved = _saved(to / "state" / f"{stage}.safetensors")
    return join(saved.facts["state"], saved.arrays)["updates"]["done"]


def _saved(file: Path) -> TensorFile:
    return parse_tensors(CHECKPOINT, file.read_bytes(), "the state")


@pytest.mark.parametrize("model", MODELS)
def test_an_interrupted_training_ends_as_an_undisturbed_one(
    corpus: Corpus, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Three stages of six updates in ClassBalanced, two in SSBase: the lives end in different ones.
    lives = (2, 1, 4, 3) if model.startswith(("SSBase", "ClassBalanced")) else (2, 0, 3)
    if model in {"LR", "SVM"}:
        # Fitted at once: a strength that is not tried to the end is tried again, with all the others.
        with monkeypatch.context() as during:
            _interrupt(during, BestModel, "evaluate", after=3)
            with pytest.raises(KilledError):
                corpus.train(model, tmp_path)
        lives = ()
    assert _train_in_lives(corpus, model, tmp_path, monkeypatch, lives=lives) == corpus.undisturbed(model)


def test_an_interruption_in_every_update_changes_nothing(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(PLAN, sampling=replace(PLAN.sampling, balanced=True))
    found = _train_in_lives(corpus, "MSSGAN", tmp_path, monkeypatch, lives=(0, 1, 1, 1, 1, 1), config=config)
    assert found == corpus.undisturbed("MSSGAN", config)


def test_a_generator_of_inputs_goes_on_as_one_of_features(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(PLAN, generates="inputs", terms=replace(PLAN.terms, covariance=0.0, resample_for_g=True))
    found = _train_in_lives(corpus, "MSSGAN", tmp_path, monkeypatch, lives=(2, 0, 3), config=config)
    assert found == corpus.undisturbed("MSSGAN", config)
    assert found.weights != corpus.undisturbed("MSSGAN").weights


@pytest.mark.parametrize("model", ["SSBase:fbank", "SSGAN:fbank"])
def test_updates_since_the_last_state_are_made_again(
    corpus: Corpus, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that ticks once a look: at 3 ticks a state is kept every third update.
    ticks = count()
    monkeypatch.setattr(checkpointer, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    with monkeypatch.context() as during:
        _interrupt(during, EMA, "update", after=5)
        with pytest.raises(KilledError):
            corpus.train(model, tmp_path, seconds=3)
    stage = "labelled" if model.startswith("SSBase") else "training"
    assert 0 < _steps(tmp_path, stage) < 5
    assert _train_in_lives(corpus, model, tmp_path, monkeypatch, lives=(1,), seconds=3) == corpus.undisturbed(model)


@pytest.mark.parametrize("whole", [0, 3])
def test_a_state_is_replaced_whole_or_not_at_all(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: int
) -> None:
    with monkeypatch.context() as during:
        # The bytes of the next state are there, under a name of their own, and have not taken the old one's place.
        _interrupt(during, Path, "replace", after=whole + LOSSES)
        with pytest.raises(KilledError):
            corpus.train("MSSGAN", tmp_path)
    state = tmp_path / "state" / "training.safetensors"
    assert state.exists() == (whole > 0)
    assert not whole or _steps(tmp_path) == whole
    assert corpus.train("MSSGAN", tmp_path) == corpus.undisturbed("MSSGAN")


def test_what_a_kill_left_half_written_is_swept_up(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as during:
        _interrupt(during, EMA, "update", after=3)
        with pytest.raises(KilledError):
            corpus.train("MSSGAN", tmp_path)
    (tmp_path / "state" / ".training.safetensors.abc123.part").write_bytes(b"the first half of")
    assert corpus.train("MSSGAN", tmp_path) == corpus.undisturbed("MSSGAN")
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["training.safetensors"]


@pytest.fixture
def kept(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of the state after three updates of MSSGAN."""
    with monkeypatch.context() as during:
        _interrupt(during, EMA, "update", after=3)
        with pytest.raises(KilledError):
            corpus.train("MSSGAN", tmp_path)
    return tmp_path / "state" / "training.safetensors"


def _flip_last_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def _replace(file: Path, old: bytes, new: bytes) -> None:
    data = file.read_bytes()
    assert old in data
    file.write_bytes(data.replace(old, new, 1))


def _as_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _by_the_first_version(file: Path) -> None:
    file.unlink()
    _made(file.with_suffix("") / "step-0000003")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_flip_last_byte, "training.safetensors' does not match its checksum"),
        (lambda f: os.truncate(f, 100_000), "no safetensors file, or a damaged one"),
        (lambda f: os.truncate(f, 100), "no safetensors file, or a damaged one"),
        (lambda f: f.write_bytes(save({})), "a file without the notes of valaro"),
        (lambda f: _replace(f, b'version\\": \\"2', b'version\\": \\"9'), "of version '9', expected '2'"),
        (lambda f: _replace(f, b"losses", b"lossse"), "does not match its checksum"),
        (lambda f: _replace(f, b'turn\\", \\"str\\", 0', b'turn\\", \\"str\\", 1'), "does not match its checksum"),
        (_as_a_pipe, "cannot be read .it is a pipe"),
        (_by_the_first_version, "was kept by another version of valaro"),
    ],
    ids=["byte", "cut", "facts cut", "foreign", "version", "part missing", "number", "pipe", "first version"],
)
def test_damage_is_named(
    corpus: Corpus, kept: Path, tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(kept)
    with pytest.raises(StoreError, match=f"{words}.*: remove it to begin anew"):
        corpus.train("MSSGAN", tmp_path)


def test_a_pickle_in_place_of_the_state_is_refused_and_not_run(corpus: Corpus, kept: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    kept.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(StoreError, match=r"a damaged one .*: remove it to begin anew"):
        corpus.train("MSSGAN", tmp_path)
    assert not (tmp_path / "exploded").exists()


def test_the_state_of_another_model_is_refused(corpus: Corpus, kept: Path, tmp_path: Path) -> None:
    assert kept.is_file()
    with pytest.raises(
        StoreError,
        match=r"does not fit this one: remove it to begin anew .only one of them has: "
        r"d_steps, g_steps, generator, memory, optimiser, z.",
    ):
        corpus.train("CT", tmp_path)


def test_a_state_with_a_number_that_is_none_is_not_kept(tmp_path: Path) -> None:
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.fill_(7)
    mine = Checkpointer(tmp_path / "state.safetensors", seconds=0)
    mine.save({"layer": layer})
    with torch.no_grad():
        layer.weight[0, 0] = torch.nan
    mine.save({"layer": layer}, now=True)
    fresh = nn.Linear(2, 1)
    Checkpointer(tmp_path / "state.safetensors").restore({"layer": fresh})
    assert fresh.weight.tolist() == [[7, 7]]


WILD = replace(
    PLAN,
    regularisation=replace(PLAN.regularisation, weight_norm=False),
    schedule=replace(PLAN.schedule, learning_rate=1e25, grad_clip_norm=0.0),
)


def test_weights_that_break_in_the_last_update_before_a_look_are_named_too(corpus: Corpus, tmp_path: Path) -> None:
    wild = replace(WILD, schedule=replace(WILD.schedule, evaluate_every=1))
    with pytest.raises(ValaroError, match=r"broke down at step \d+: the weights are not finite .*learning_rate"):
        corpus.train("FSBase:fbank", tmp_path, config=wild)


def test_the_last_good_state_outlives_a_training_that_breaks_down(corpus: Corpus, tmp_path: Path) -> None:
    wild = replace(WILD, schedule=replace(WILD.schedule, evaluate_every=6))
    with pytest.raises(ValaroError, match=r"broke down at step \d+: the \w+ loss is (nan|inf)") as raised:
        corpus.train("FSBase:fbank", tmp_path, config=wild)
    broken = int(str(raised.value).split("at step ")[1].split(":")[0])
    assert _steps(tmp_path) < broken
    arrays = _saved(tmp_path / "state" / "training.safetensors").arrays
    assert all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f")
    # The rows up to the one that broke are there to be looked at.
    rows = (tmp_path / "losses" / "training.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", *(str(step) for step in range(1, broken + 1))]
