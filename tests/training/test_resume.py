"""A training that is interrupted and continued ends as an undisturbed one, bit for bit, or says what is wrong."""

import json
import os
import pickle  # noqa: TID251 - to make the bomb that must be refused
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from making_features import make_store, toy_corpus
from valaro.errors import StoreError, ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.networks import noise
from valaro.records import Alarm, HistoryPoint
from valaro.training import checkpointer
from valaro.training.checkpointer import Checkpointer, CheckpointPaths
from valaro.training.config import DEFAULT, SelfTraining, TrainConfig
from valaro.training.ema import EMA
from valaro.training.feature_maps import map_features
from valaro.training.methods import model_specs
from valaro.training.train import train_model

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
]


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
        training = train_model(
            model_specs(model, ["fbank", "face"])[0],
            self._store,
            fold,
            self._utterances,
            dimension="valence",
            seed=0,
            config=config,
            paths=CheckpointPaths(losses_in=_made(to / "losses"), state_in=to / "state", seconds=seconds),
        )
        found = map_features(training, fold.test, seed=0)
        return Ended(
            weights=save(training.model.classifier.state_dict()),
            history=training.history,
            alarms=training.alarms,
            best_step=training.best_step,
            losses={path.name: path.read_bytes() for path in (to / "losses").iterdir()},
            features=np.concatenate([found.labelled, found.unlabelled, found.generated, found.test]).tobytes(),
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


def _pointer(to: Path, stage: str = "training") -> str:
    return (to / "state" / stage / "latest").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("model", MODELS)
def test_an_interrupted_training_ends_as_an_undisturbed_one(
    corpus: Corpus, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Three stages of six updates in ClassBalanced, two in SSBase: the lives end in different ones.
    lives = (2, 1, 4, 3) if model.startswith(("SSBase", "ClassBalanced")) else (2, 0, 3)
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
    assert 0 < int(_pointer(tmp_path, stage).removeprefix("step-")) < 5
    assert _train_in_lives(corpus, model, tmp_path, monkeypatch, lives=(1,), seconds=3) == corpus.undisturbed(model)


@pytest.mark.parametrize(("kept", "before"), [(0, None), (3, "step-0000003")])
def test_the_pointer_moves_last(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int, before: str | None
) -> None:
    with monkeypatch.context() as during:
        _interrupt(during, checkpointer, "write_text", after=kept)
        with pytest.raises(KilledError):
            corpus.train("MSSGAN", tmp_path)
    state = tmp_path / "state" / "training"
    # The new state is whole, the pointer does not name it yet, and the one that it names still lies there.
    assert (state / f"step-{kept + 1:07d}" / "state.json").is_file()
    if before is None:
        assert not (state / "latest").exists()
    else:
        assert _pointer(tmp_path) == before
        assert (state / before / "state.json").is_file()
    assert corpus.train("MSSGAN", tmp_path) == corpus.undisturbed("MSSGAN")


@pytest.mark.parametrize("model", ["FSBase:fbank", "SSBase:fbank"])
def test_the_state_in_use_is_never_removed(
    corpus: Corpus, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = shutil.rmtree

    def watched(path: Path, *arguments: object, **named: object) -> None:
        pointer = Path(path).parent / "latest"
        assert not pointer.is_file() or pointer.read_text().strip() != Path(path).name, "a kill now would end it all"
        original(path, *arguments, **named)

    monkeypatch.setattr(shutil, "rmtree", watched)
    for _ in range(2):
        corpus.train(model, tmp_path)


def test_what_a_kill_left_half_written_is_swept_up(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as during:
        _interrupt(during, EMA, "update", after=3)
        with pytest.raises(KilledError):
            corpus.train("MSSGAN", tmp_path)
    state = tmp_path / "state" / "training"
    half = _made(state / ".step-0000004.abc123.part")
    (half / "state.safetensors").write_bytes(b"the first half of")
    (state / ".latest.abc123.part").write_text("step-00")
    _made(state / "step-0000001")
    assert corpus.train("MSSGAN", tmp_path) == corpus.undisturbed("MSSGAN")
    assert sorted(path.name for path in state.iterdir()) == ["latest", "step-0000006"]


@pytest.fixture
def kept(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the state after three updates of MSSGAN."""
    with monkeypatch.context() as during:
        _interrupt(during, EMA, "update", after=3)
        with pytest.raises(KilledError):
            corpus.train("MSSGAN", tmp_path)
    return tmp_path / "state" / "training" / _pointer(tmp_path)


@pytest.mark.parametrize("name", ["../elsewhere", "/etc", "step-", "step-1/../../elsewhere", ".", "step-\u0663"])
def test_a_pointer_that_names_anything_but_a_state_is_damage_and_is_not_followed(
    corpus: Corpus, kept: Path, name: str
) -> None:
    elsewhere = shutil.copytree(kept, kept.parents[1] / "elsewhere")
    (kept.parent / "latest").write_text(f"{name}\n", encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        corpus.train("MSSGAN", kept.parents[2])
    assert f"'latest' names '{name}', expected step- and a number" in str(caught.value)
    assert kept.is_dir()
    assert elsewhere.is_dir()


def _flip_last_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: _flip_last_byte(f / "state.safetensors"), "state.safetensors' does not match its checksum: remove"),
        (lambda f: os.truncate(f / "state.safetensors", 1000), "is damaged: remove it to begin anew"),
        (lambda f: (f / "state.safetensors").unlink(), "is damaged: remove it to begin anew"),
        (lambda f: os.truncate(f / "state.json", 100), "is damaged: remove it to begin anew"),
        (lambda f: (f / "state.json").write_text("[]"), "was kept by another version of valaro: remove"),
        (lambda f: _replace(f / "state.json", '"valaro_training": 1', '"valaro_training": 99'), "by another version"),
        (lambda f: _replace(f / "state.json", '"journal"', '"jorunal"'), "state.json' does not match its checksum"),
        (shutil.rmtree, "is damaged: remove it to begin anew"),
        (lambda f: _replace(f / "state.json", '"turn", "str", 0', '"turn", "str", 1'), "does not match its checksum"),
    ],
    ids=["byte", "cut", "gone", "JSON cut", "JSON foreign", "version", "part missing", "all gone", "number in JSON"],
)
def test_damage_is_named(
    corpus: Corpus, kept: Path, tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(kept)
    with pytest.raises(StoreError, match=words):
        corpus.train("MSSGAN", tmp_path)


def test_a_pickle_in_place_of_the_state_is_refused_and_not_run(corpus: Corpus, kept: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    (kept / "state.safetensors").write_bytes(pickle.dumps(Bomb()))
    facts = json.loads((kept / "state.json").read_text())
    facts["tensors"] = checkpointer._digest((kept / "state.safetensors").read_bytes())
    (kept / "state.json").write_text(json.dumps(facts))
    with pytest.raises(StoreError, match="is damaged: remove it to begin anew"):
        corpus.train("MSSGAN", tmp_path)
    assert not (tmp_path / "exploded").exists()


def test_the_state_of_another_model_is_refused(corpus: Corpus, kept: Path, tmp_path: Path) -> None:
    assert kept.is_dir()
    with pytest.raises(StoreError, match="does not fit this one: remove it to begin anew"):
        corpus.train("CT", tmp_path)


def test_a_state_with_a_number_that_is_none_is_not_kept(tmp_path: Path) -> None:
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.fill_(7)
    mine = Checkpointer(tmp_path / "state", seconds=0)
    mine.save(1, {"layer": layer})
    with torch.no_grad():
        layer.weight[0, 0] = torch.nan
    mine.save(2, {"layer": layer}, now=True)
    fresh = nn.Linear(2, 1)
    assert Checkpointer(tmp_path / "state").restore({"layer": fresh}) == 1
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
    state = tmp_path / "state" / "training" / _pointer(tmp_path)
    assert int(state.name.removeprefix("step-")) < broken
    tensors = load((state / "state.safetensors").read_bytes())
    assert all(np.isfinite(value.numpy()).all() for value in tensors.values() if value.is_floating_point())
    # The rows up to the one that broke are there to be looked at.
    rows = (tmp_path / "losses" / "training.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", *(str(step) for step in range(1, broken + 1))]
