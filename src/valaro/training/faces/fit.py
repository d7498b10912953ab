"""The loop that trains a network of faces, and goes on where it was killed."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from valaro.corpora.faces import Faces
from valaro.networks.densenet import DenseNet
from valaro.rng import numpy_stream
from valaro.training.checkpointer import Checkpointer, CheckpointPaths
from valaro.training.ema import EMA
from valaro.training.faces.augmentation import varied
from valaro.training.faces.best import BestNetwork, Epoch
from valaro.training.faces.config import FacePlan
from valaro.training.faces.passes import passes_on
from valaro.training.loss_log import LossLog, broke_down
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context, device_called
from valaro.training.state import Part

_ADVICE = "Lower --rate"


@dataclass(frozen=True, kw_only=True)
class FaceTraining:
    """The network that validation liked best, from which epoch it is, and how every epoch was judged."""

    network: DenseNet
    best_epoch: int
    history: tuple[Epoch, ...]


def fit_face_network(
    train: Faces,
    validation: Faces,
    config: FacePlan,
    *,
    seed: int,
    paths: CheckpointPaths,
    on_step: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[Sequence[Epoch], DenseNet | None], None] | None = None,
) -> FaceTraining:
    """Train on `train`; `validation` chooses the epoch. Killed and begun again with the same trail, it goes on.

    `on_step` is told (updates done, updates in all), `on_epoch` how the epochs so far were judged, with the network of
    the last one if it is the best.

    Raises:
        ValaroError: a loss is no finite number any more.
    """
    mean, deviation = grey_statistics(train.crops)
    device = device_called(config.device)
    network = DenseNet(
        config.shape,
        classes=len(train.classes),
        mean=mean,
        std=deviation,
        generator=torch_stream(seed, "face network"),
    ).to(device)
    optimiser = torch.optim.SGD(
        network.parameters(), lr=config.rate, momentum=0.9, nesterov=True, weight_decay=config.weight_decay
    )
    looks = torch_stream(seed, "varied faces")
    best = BestNetwork(validation)
    loss_log = LossLog(paths.losses("losses"), advice=_ADVICE)
    checkpointer = Checkpointer(paths.state("training"), seconds=paths.seconds)
    parts: dict[str, Part] = {"network": network, "optimiser": optimiser, "looks": looks, "best": best}
    parts |= {"journal": loss_log}
    ema = EMA(network, decay=config.average) if config.average else None
    if ema is not None:
        parts["averages"] = ema
    judged = network if ema is None else ema.classifier
    done = checkpointer.restore(parts)
    batches = _Batches(train, config.batch, seed, device)
    total = config.epochs * batches.an_epoch
    with compute_context("image", "auto", device):
        learn = passes_on(device, network, batches.shapes, smoothing=config.smoothing)
        for crops, targets in batches.after(done, total):
            moved = varied(crops, config.variation, deviation=deviation, generator=looks)
            loss = learn(moved, targets)
            for group in optimiser.param_groups:
                group["lr"] = config.rate_at(done / total)
            optimiser.step()
            if ema is not None:
                ema.update(network)
            done += 1
            loss_log.log(done, {"cross-entropy": loss})
            if done % batches.an_epoch == 0:
                losses = loss_log.losses_since()["cross-entropy"]
                is_best = best.evaluate(judged, done // batches.an_epoch, sum(losses) / len(losses))
                validation_loss = best.history[-1].validation_loss
                if not math.isfinite(validation_loss):
                    loss_log.flush()
                    raise broke_down(done, f"the validation loss is {validation_loss}", _ADVICE)
                if on_epoch is not None:
                    on_epoch(best.history, best.network(network) if is_best else None)
            checkpointer.save(done, parts)
            if on_step is not None:
                on_step(done, total)
    loss_log.flush()
    return FaceTraining(network=best.network(network), best_epoch=best.epoch, history=tuple(best.history))


def grey_statistics(crops: UInt8[np.ndarray, "n 64 64"]) -> tuple[float, float]:
    """Return mean and deviation of all pixels, 0-255; the deviation of flat pictures counts as 1.

    >>> grey_statistics(np.array([10, 30], np.uint8).repeat(4096).reshape(2, 64, 64))
    (20.0, 10.0)
    """
    # Counted, part by part: as floating-point numbers 30,000 pictures would take a gigabyte.
    counts = np.zeros(256)
    for first in range(0, len(crops), 1024):
        counts += np.bincount(crops[first : first + 1024].reshape(-1), minlength=256)
    values = np.arange(256)
    mean = float(counts @ values / counts.sum())
    deviation = float(np.sqrt(counts @ (values - mean) ** 2 / counts.sum()))
    return mean, max(deviation, 1.0)


class _Batches:
    """The training faces in another order each epoch; what is left over from whole batches has its turn in the next."""

    def __init__(self, faces: Faces, batch: int, seed: int, device: torch.device) -> None:
        self._crops, self._targets = (torch.from_numpy(x).to(device) for x in (faces.crops, faces.targets))
        self._batch, self._seed = min(batch, len(faces)), seed
        self.an_epoch = len(faces) // self._batch
        self.shapes = tuple((self._batch, *x.shape[1:]) for x in (self._crops, self._targets))

    def after(self, done: int, total: int) -> Iterator[tuple[UInt8[Tensor, "n h w"], Float32[Tensor, "n k"]]]:
        """Yield the batches of the updates from `done` on."""
        for epoch in range(done // self.an_epoch, total // self.an_epoch):
            # An order an epoch, by its number: a training that goes on needs no state for it.
            order = numpy_stream(self._seed, f"order of epoch {epoch}").permutation(len(self._crops))
            first = max(0, done - epoch * self.an_epoch)
            for at in range(first, self.an_epoch):
                chosen = torch.from_numpy(order[at * self._batch : (at + 1) * self._batch]).to(self._crops.device)
                yield self._crops[chosen], self._targets[chosen]
