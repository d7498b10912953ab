"""The loop that trains a network of faces, and goes on where it was killed."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from valaro.dface.augmentation import augment_faces
from valaro.dface.best import BestNetwork, Epoch
from valaro.dface.config import FaceNetworkConfig
from valaro.dface.densenet import DenseNet
from valaro.dface.passes import passes_on
from valaro.dface.pictures import Faces
from valaro.dface.splits import FaceSplits
from valaro.rng import numpy_stream
from valaro.training.checkpointer import Checkpointer, CheckpointPaths
from valaro.training.ema import EMA
from valaro.training.loss_log import LossLog, broke_down
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context, device_called
from valaro.training.state import Part

OnStep = Callable[[int, int], None]
"""Is given the updates done and the updates in all."""
OnEpoch = Callable[[Sequence[Epoch], DenseNet | None], None]
"""Is given how the epochs so far were judged, with the network of the last one if it is the best."""

_ADVICE = "Lower the learning rate (--set lr=...)"


@dataclass(frozen=True, kw_only=True)
class FaceTraining:
    """The network that validation liked best, from which epoch it is, and how every epoch was judged."""

    network: DenseNet
    best_epoch: int
    history: tuple[Epoch, ...]


def fit_face_network(
    splits: FaceSplits,
    config: FaceNetworkConfig,
    *,
    seed: int,
    paths: CheckpointPaths,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
) -> FaceTraining:
    """Train; validation chooses the epoch. Killed and begun again with the same paths, it goes on.

    Raises:
        ValaroError: a loss is no finite number any more.
    """
    device = device_called(config.device)
    batches = _Batches(splits.train, config.batch_size, seed, device)
    training = _Training(splits, config, seed, paths, device)
    checkpointer = Checkpointer(paths.state("training"), seconds=paths.seconds)
    done, total = checkpointer.restore(training.parts), config.epochs * batches.per_epoch
    with compute_context("image", "auto", device):
        training.begin(batches.shapes)
        for crops, targets in batches.after(done, total):
            done += 1
            training.update(crops, targets, done, total)
            if done % batches.per_epoch == 0:
                is_best = training.evaluate(done, done // batches.per_epoch)
                if on_epoch is not None:
                    on_epoch(training.best.history, training.best_network() if is_best else None)
            checkpointer.save(done, training.parts)
            if on_step is not None:
                on_step(done, total)
    training.loss_log.flush()
    best = training.best
    return FaceTraining(network=training.best_network(), best_epoch=best.epoch, history=tuple(best.history))


class _Training:
    """The network with all that has state; `parts` names what a checkpoint holds."""

    def __init__(
        self, splits: FaceSplits, config: FaceNetworkConfig, seed: int, paths: CheckpointPaths, device: torch.device
    ) -> None:
        self._config, self._device = config, device
        mean, self._std = grey_statistics(splits.train.crops)
        generator = torch_stream(seed, "face network")
        self._network = DenseNet(
            config.shape, classes=len(splits.train.classes), mean=mean, std=self._std, generator=generator
        ).to(device)
        self._optimiser = torch.optim.SGD(
            self._network.parameters(), lr=config.lr, momentum=0.9, nesterov=True, weight_decay=config.weight_decay
        )
        self._rng = torch_stream(seed, "varied faces")
        self._ema = EMA(self._network, decay=config.ema_decay) if config.ema_decay else None
        self.best = BestNetwork(splits.validation)
        self.loss_log = LossLog(paths.losses("losses"), advice=_ADVICE)
        self.parts: dict[str, Part] = {
            "network": self._network,
            "optimiser": self._optimiser,
            "rng": self._rng,
            "best": self.best,
            "loss_log": self.loss_log,
            **({} if self._ema is None else {"ema": self._ema}),
        }

    def begin(self, shapes: Sequence[tuple[int, ...]]) -> None:
        """Prepare the passes for batches of these shapes, once the state is restored."""
        self._learn = passes_on(self._device, self._network, shapes, smoothing=self._config.label_smoothing)

    def update(self, crops: UInt8[Tensor, "n h w"], targets: Float32[Tensor, "n k"], step: int, total: int) -> None:
        augmented = augment_faces(crops, self._config.augmentation, std=self._std, generator=self._rng)
        loss = self._learn(augmented, targets)
        for group in self._optimiser.param_groups:
            group["lr"] = self._config.lr_at((step - 1) / total)
        self._optimiser.step()
        if self._ema is not None:
            self._ema.update(self._network)
        self.loss_log.log(step, {"cross-entropy": loss})

    def evaluate(self, step: int, epoch: int) -> bool:
        """Let validation judge the epoch; return whether its network is the best so far."""
        losses = self.loss_log.losses_since()["cross-entropy"]
        evaluated = self._network if self._ema is None else self._ema.classifier
        is_best = self.best.evaluate(evaluated, epoch, sum(losses) / len(losses))
        validation_loss = self.best.history[-1].validation_loss
        if not math.isfinite(validation_loss):
            self.loss_log.flush()
            raise broke_down(step, f"the validation loss is {validation_loss}", _ADVICE)
        return is_best

    def best_network(self) -> DenseNet:
        return self.best.network(self._network)


def grey_statistics(crops: UInt8[np.ndarray, "n 64 64"]) -> tuple[float, float]:
    """Return mean and standard deviation of all pixels, 0-255; that of flat pictures counts as 1.

    >>> grey_statistics(np.array([10, 30], np.uint8).repeat(4096).reshape(2, 64, 64))
    (20.0, 10.0)
    """
    # Counted, part by part: as floating-point numbers 30,000 pictures would take a gigabyte.
    counts = np.zeros(256)
    for first in range(0, len(crops), 1024):
        counts += np.bincount(crops[first : first + 1024].reshape(-1), minlength=256)
    values = np.arange(256)
    mean = float(counts @ values / counts.sum())
    std = float(np.sqrt(counts @ (values - mean) ** 2 / counts.sum()))
    return mean, max(std, 1.0)


class _Batches:
    """The training faces in another order each epoch; what is left over from whole batches has its turn in the next."""

    def __init__(self, faces: Faces, batch_size: int, seed: int, device: torch.device) -> None:
        self._crops, self._targets = (torch.from_numpy(x).to(device) for x in (faces.crops, faces.targets))
        self._size, self._seed = min(batch_size, len(faces)), seed
        self.per_epoch = len(faces) // self._size
        self.shapes = tuple((self._size, *x.shape[1:]) for x in (self._crops, self._targets))

    def after(self, done: int, total: int) -> Iterator[tuple[UInt8[Tensor, "n h w"], Float32[Tensor, "n k"]]]:
        """Yield the batches of the updates from `done` on."""
        for epoch in range(done // self.per_epoch, total // self.per_epoch):
            # An order for each epoch, by its number: a training that goes on needs no state for it.
            order = numpy_stream(self._seed, f"order of epoch {epoch}").permutation(len(self._crops))
            for index in range(max(0, done - epoch * self.per_epoch), self.per_epoch):
                rows = order[index * self._size : (index + 1) * self._size]
                chosen = torch.from_numpy(rows).to(self._crops.device)
                yield self._crops[chosen], self._targets[chosen]
