"""Everything in a training that moves is in its checkpoint: what was forgotten is found by moving it."""

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_resume import MODELS, PLAN
from torch import Tensor, nn

from helpers.faces import some_faces
from helpers.features import make_store, toy_corpus
from valaro.dface.fit import fit_face_network
from valaro.dface.splits import FaceSplits
from valaro.errors import StoreError
from valaro.evaluation.folds import leave_one_session_out
from valaro.networks import noise as noise_module
from valaro.rng import numpy_stream
from valaro.tensorfile import tensor_bytes
from valaro.training.checkpointer import CHECKPOINT, Checkpointer, CheckpointPaths
from valaro.training.loop import TrainingLoop
from valaro.training.methods import METHODS, model_specs
from valaro.training.rng import torch_stream
from valaro.training.state import split, state_of
from valaro.training.train import train_folds
from valaro.training.training_data import prepare

OURS = "valaro.training", "valaro.networks", "valaro.dface"


class EndError(Exception):
    """Ends a training once it has been looked at."""


class Watch:
    """Looks at a training after the fifth update of its last stage; the first one showed where everything began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stages = 1
        self.forgotten: set[str] = set()
        self.looked_at: set[str] = set()
        self._old = {id(item) for item in gc.get_objects()}
        self._streams: list[tuple[str, torch.Generator | np.random.Generator]] = []
        self._begin: dict[tuple[str, int], bytes] = {}
        for name, stream in (("torch_stream", torch_stream), ("numpy_stream", numpy_stream)):
            for module in [module for key, module in sys.modules.items() if key.startswith(OURS)]:
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, self._noting(stream))
        original = TrainingLoop.after_step

        def after_step(loop: TrainingLoop[Any], *arguments: Any) -> bool:
            answer = original(loop, *arguments)
            if loop._earlier >= PLAN.schedule.steps * (self.stages - 1):
                if loop._done == 0:
                    self._begin = {(what, id(item)): value() for what, item, value, _ in self._stateful()}
                elif loop._done == 4:
                    self._look(loop)
                    raise EndError
            return answer

        monkeypatch.setattr(TrainingLoop, "after_step", after_step)

    def _noting(self, stream: Callable[..., Any]) -> Callable[..., Any]:
        def noted(seed: int, name: str, *device: Any) -> Any:
            self._streams.append((name, stream(seed, name, *device)))
            return self._streams[-1][1]

        return noted

    def _look(self, loop: TrainingLoop[Any]) -> None:
        """Move each thing that has moved once more, by itself; its checkpoint must not stay as it was."""
        for what, item, value, move in self._stateful():
            if value() == self._begin.get((what, id(item))):
                continue
            self.looked_at.add(what)
            before = _content(loop)
            move()
            if _content(loop) == before:
                self.forgotten.add(what)

    def _stateful(self) -> Iterator[tuple[str, object, Callable[[], bytes], Callable[[], object]]]:
        """Yield what is alive and may move: its name, itself, how it stands, and how it is moved."""
        for name, stream in self._streams:
            yield f"stream {name}", stream, partial(_position, stream), partial(_draw, stream)
        alive = [item for item in gc.get_objects() if id(item) not in self._old]
        for item in alive:
            kind = type(item)
            if isinstance(item, torch.optim.Optimizer):
                for name, value in ((name, v) for state in item.state.values() for name, v in state.items()):
                    yield f"{kind.__name__}.{name}", value, partial(_bytes, value), partial(value.add_, 1)
            elif isinstance(item, nn.Module):
                for name, value in chain(item.named_parameters(recurse=False), item.named_buffers(recurse=False)):
                    yield f"{kind.__name__}.{name}", value, partial(_bytes, value), partial(value.data.add_, 1)
            elif kind.__module__.startswith(OURS) and not isinstance(item, type):
                for name, value in list(getattr(item, "__dict__", {}).items()):
                    if type(value) in {int, float}:
                        move = partial(object.__setattr__, item, name, value + 1)
                        yield f"{kind.__name__}.{name}", item, partial(_number, item, name), move


def _content(loop: TrainingLoop[Any]) -> bytes:
    arrays, plain = split(state_of(loop._parts))
    return tensor_bytes(CHECKPOINT, arrays, {"state": plain})[0]


def _bytes(value: Tensor) -> bytes:
    return value.detach().numpy().tobytes()


def _number(item: object, name: str) -> bytes:
    return repr(getattr(item, name)).encode()


def _position(stream: torch.Generator | np.random.Generator) -> bytes:
    if isinstance(stream, torch.Generator):
        return stream.get_state().numpy().tobytes()
    return repr(stream.bit_generator.state).encode()


def _draw(stream: torch.Generator | np.random.Generator) -> None:
    if isinstance(stream, torch.Generator):
        torch.rand(1, generator=stream)
    else:
        stream.random()


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setattr(noise_module, "_BANK", 1 << 13)
    gc.collect()
    return Watch(monkeypatch)


def _train(model: str, folder: Path) -> None:
    utterances, features = toy_corpus(sessions=2, per_level=2, unlabelled=2)
    store, fold = make_store(folder / "store", features), leave_one_session_out(utterances)[0]
    spec = model_specs(model, ["fbank", "face"])[0]
    data = prepare(spec, store, [fold], utterances, dimension="valence", seed=0, config=PLAN)
    with pytest.raises(EndError):
        train_folds(spec, data, seed=0, config=PLAN)


@pytest.mark.parametrize("model", [model for model in MODELS if model not in {"LR", "SVM"}])
def test_all_that_moves_in_a_training_is_in_its_checkpoint(model: str, tmp_path: Path, watch: Watch) -> None:
    method = METHODS[model.partition(":")[0]]
    watch.stages = 1 if method.is_shared else 2
    _train(model, tmp_path)
    assert not watch.forgotten
    streams = {"stream crops", "stream masks", "stream noise"} | ({"stream z"} if method.is_adversarial else set())
    assert streams <= watch.looked_at
    assert {"AdamW.exp_avg", "Layer.weight", "TrainingLoop._done", "EMA._steps", "BestModel.step"} <= watch.looked_at
    assert ("BatchNorm1d.running_mean" in watch.looked_at) == method.is_adversarial
    assert ("SoftWeights._mean" in watch.looked_at) == (method.name == "SoftMatch")


def test_all_that_moves_in_the_training_of_a_network_of_faces_is_in_its_checkpoint(watch: Watch) -> None:
    from dface.test_training_faces import CONFIG

    splits = FaceSplits(train=some_faces(18), validation=some_faces(6, seed=1), test=None)
    with pytest.raises(EndError):
        fit_face_network(splits, CONFIG, seed=0, paths=CheckpointPaths())
    # An epoch's order follows from its number, and the epoch from the number of updates.
    assert watch.forgotten <= {"_Batches._epoch", "stream order of epoch 1"}
    expected = {"stream varied faces", "SGD.momentum_buffer", "BatchNorm2d.running_var", "Conv2d.weight", "EMA._steps"}
    assert expected <= watch.looked_at


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("z", "stream z"),
        ("noise", "stream noise"),
        ("generator", "BatchNorm1d.running_mean"),
        ("g_steps", "AdamW.exp_avg"),
        ("batches", "stream crops"),
        ("ema", "EMA._steps"),
    ],
)
def test_a_part_that_is_not_registered_is_found(
    name: str, found: str, tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TrainingLoop.register

    def register(loop: TrainingLoop[Any], key: str, part: Any) -> Any:
        return part if key == name else original(loop, key, part)

    monkeypatch.setattr(TrainingLoop, "register", register)
    _train("MSSGAN", tmp_path)
    assert found in watch.forgotten


def test_a_part_cannot_be_registered_twice_or_too_late() -> None:
    loop = TrainingLoop(nn.Linear(1, 1), steps=2, evaluate_every=1, ema_decay=0.5)
    with pytest.raises(RuntimeError, match="'network' is registered twice"):
        loop.register("network", nn.Linear(1, 1))
    next(loop.steps())
    with pytest.raises(RuntimeError, match="'late' is registered after the first update"):
        loop.register("late", torch.Generator())


@pytest.mark.parametrize(("before", "after"), [("a", "ab"), ("ab", "a"), ("ab", "ac")])
def test_a_checkpoint_of_other_parts_is_refused(tmp_path: Path, before: str, after: str) -> None:
    def parts(names: str) -> Mapping[str, torch.Generator]:
        return {name: torch.Generator().manual_seed(1) for name in names}

    Checkpointer(tmp_path / "state.safetensors", seconds=0).save(parts(before))
    fresh = parts(after)
    drawn: dict[str, Tensor] = {name: torch.rand(1, generator=part) for name, part in fresh.items()}
    assert drawn
    states = {name: part.get_state() for name, part in fresh.items()}
    with pytest.raises(StoreError, match=f"only one of them has: {', '.join(sorted(set(before) ^ set(after)))}"):
        Checkpointer(tmp_path / "state.safetensors").restore(fresh)
    # Nothing of it was given back.
    assert all(torch.equal(part.get_state(), states[name]) for name, part in fresh.items())
