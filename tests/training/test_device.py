"""Training on a GPU: where none is, torch's device without numbers ("meta") stands for it."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from helpers.features import make_store, toy_corpus
from valaro.errors import ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.networks.fusion import FusionClassifier
from valaro.records import HistoryPoint
from valaro.training import adversarial, consistent, context, supervised, train
from valaro.training import classify as judging
from valaro.training.best_model import BestModel
from valaro.training.config import DEFAULT, PAPER, TrainConfig
from valaro.training.ema import EMA
from valaro.training.loop import TrainingLoop
from valaro.training.methods import METHODS, model_specs
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context, device_called
from valaro.training.trained_model import predict_utterances, recordings_for
from valaro.training.training_data import prepare

GPU = torch.device("meta")


class NoMixing(TorchDispatchMode):
    """Refuses an operation on tensors of both devices, as a GPU's kernels do; copies from one to the other are none."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        leaves, _ = tree_flatten((args, kwargs or {}))
        kinds = {leaf.device.type for leaf in leaves if isinstance(leaf, Tensor) and leaf.ndim}
        if len(kinds) > 1 and "copy" not in func.__name__:
            raise AssertionError(f"{func} meets tensors of {' and '.join(sorted(kinds))}")
        return func(*args, **(kwargs or {}))


class Devices(TrainingLoop[FusionClassifier]):
    """A loop of two steps that notes where everything lies; evaluation is left out, it needs real numbers."""

    losses: ClassVar[list[dict[str, torch.device]]] = []
    moved: ClassVar[set[torch.device]] = set()

    def steps(self) -> Iterator[int]:
        self.ema = EMA(self._network, decay=0.5)
        yield from range(2)
        optimisers = [part for part in self._parts.values() if isinstance(part, torch.optim.Optimizer)]
        Devices.moved = {
            value.device
            for optimiser in optimisers
            for state in optimiser.state.values()
            for name, value in state.items()
            if isinstance(value, Tensor) and name.startswith("exp_avg")
        }

    def after_step(self, losses: Mapping[str, Tensor], _: object = None) -> bool:
        self.ema.update()
        self.losses.append({name: loss.device for name, loss in losses.items()})
        return False


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("MSSGAN", PAPER),
        ("MSSGAN", DEFAULT),
        ("MFSBase", PAPER),
        ("CT", DEFAULT),
        ("MeanTeacher", PAPER),
    ],
    ids=["MSSGAN paper", "MSSGAN default", "MFSBase paper", "CT default", "MeanTeacher paper"],
)
def test_every_part_of_a_training_is_on_the_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: str, config: TrainConfig
) -> None:
    monkeypatch.setattr(train, "device_called", lambda _: GPU)
    # A device without numbers has no generator of random ones, and no fused optimiser.
    for module in (adversarial, consistent, supervised, context):
        monkeypatch.setattr(module, "torch_stream", lambda seed, name, _=None: torch_stream(seed, name))
    plain = torch.optim.AdamW
    monkeypatch.setattr(torch.optim, "AdamW", lambda groups, **named: plain(groups, **named | {"fused": None}))
    # Nothing may depend on numbers: features are not standardised, noise is drawn rather than banked.
    monkeypatch.setattr("valaro.networks.noise._BANK", 0)
    small = replace(
        config,
        width=1 / 64,
        averaged_bands=1,
        averaged_frames=1,
        standardised=False,
        # Nothing unlabelled is there, on purpose.
        max_unlabelled=0,
        schedule=replace(config.schedule, batch_size=4, grad_clip_norm=0.0, device="cuda"),
    )
    utterances, features = toy_corpus(per_level=3)
    store = make_store(tmp_path / "store", features)
    (spec,) = model_specs(model, ["fbank", "face"] if model.startswith("M") and model != "MeanTeacher" else ["fbank"])
    fold = leave_one_session_out(utterances)[0]
    data = prepare(spec, store, [fold], utterances, dimension="valence", seed=0, config=small)
    monkeypatch.setattr(train, "TrainingLoop", Devices)
    Devices.losses.clear()

    with NoMixing():
        made_up = train.build_context(METHODS[spec.method], data, seed=0, config=small)
        METHODS[spec.method].fit(made_up, small.self_training)
        assert {parameter.device for parameter in made_up.classifier.state_dict().values()} == {GPU}

    assert Devices.moved == {GPU}
    assert len(Devices.losses) == 2
    assert {device for losses in Devices.losses for device in losses.values()} == {GPU}


def test_a_finished_model_judges_on_the_device_where_it_learnt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=2)
    store = make_store(tmp_path / "store", features)
    (spec,) = model_specs("FSBase", ["fbank"])
    fold = leave_one_session_out(utterances)[0]
    config = replace(
        DEFAULT, averaged_bands=1, schedule=replace(DEFAULT.schedule, steps=1, batch_size=4, evaluate_every=1)
    )
    training = train.train_model(spec, store, fold, (), dimension="valence", seed=0, config=config)
    # As if it had learnt on the GPU: the weights that validation liked best are put into that network.
    embedding = deepcopy(training.model.classifier).to(GPU)
    held_out = recordings_for(training.model, store, fold.validation)
    best = BestModel(judging.evaluation_on(held_out, np.ones((len(held_out), 3), dtype=bool), "uar"), HistoryPoint)
    best.weights = embedding.state_dict()
    model = replace(training.model, classifier=best.network(embedding))
    asked: list[torch.device] = []

    def answer_from(classifier: FusionClassifier, inputs: Mapping[str, Tensor]) -> np.ndarray:
        asked.append(classifier.device)
        return np.full((len(inputs["fbank"]), 3), 1 / 3)

    monkeypatch.setattr(judging, "level_probabilities", answer_from)
    predict_utterances(model, store, fold.test)
    assert set(asked) == {GPU}


def test_without_a_gpu_the_setting_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValaroError, match=r"training.device = 'cuda'.*no GPU here"):
        device_called("cuda")
    assert device_called("cpu") == torch.device("cpu")


def test_the_image_layout_is_multiplied_in_bfloat16_where_the_gpu_can(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        torch, "autocast", lambda kind, *, dtype, enabled, cache_enabled: asked.append((kind, enabled)) or nullcontext()
    )
    for can in (False, True):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda can=can: can)
        for layout in ("image", "temporal"):
            with compute_context(layout, "auto", torch.device("cuda")):
                pass
    assert asked == [("cuda", False), ("cuda", False), ("cuda", True), ("cuda", False)]
