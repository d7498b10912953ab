"""Training a network of faces on pictures that are changed a little each time; validation chooses the best epoch."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from valaro.dface.augmentation import augment_faces
from valaro.dface.config import FaceNetworkConfig
from valaro.dface.densenet import DenseNet
from valaro.dface.passes import passes_on
from valaro.dface.pictures import Faces
from valaro.dface.scores import ADVICE, LOSS, Epoch, evaluation_on
from valaro.dface.splits import FaceSplits
from valaro.rng import numpy_stream
from valaro.training.best_model import BestModel
from valaro.training.checkpointer import CheckpointPaths
from valaro.training.loop import TrainingLoop
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context, device_called

BestNetwork = BestModel[DenseNet, Epoch]
OnStep = Callable[[int, int], None]
"""Is given the updates done and the updates in all."""
OnEpoch = Callable[[Sequence[Epoch], DenseNet | None], None]
"""Is given how the epochs so far were judged, with the network of the last one, on the processor, if it is the best."""


def fit_face_network(
    splits: FaceSplits,
    config: FaceNetworkConfig,
    *,
    seed: int,
    paths: CheckpointPaths,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
) -> tuple[DenseNet, BestNetwork]:
    """Train and return the best network, on the processor, and how it was chosen.

    Killed and begun again with the same paths, it goes on.

    Raises:
        ValaroError: a loss is no finite number any more.
    """
    device = device_called(config.device)
    batches = _Batches(splits.train, config.batch_size, seed, device)
    total = config.epochs * batches.per_epoch
    mean, std = grey_statistics(splits.train.crops)
    weights = torch_stream(seed, "face network")
    classes = len(splits.train.classes)
    network = DenseNet(config.shape, classes=classes, mean=mean, std=std, generator=weights).to(device)
    loop = TrainingLoop(
        network,
        steps=total,
        evaluate_every=batches.per_epoch,
        ema_decay=config.ema_decay,
        stage="losses",
        paths=paths,
        advice=ADVICE,
    )
    best = loop.validate(BestModel(evaluation_on(splits.validation, batches.per_epoch), Epoch))
    augment_rng = loop.register("augmentation", torch_stream(seed, "varied faces"))
    optimiser = loop.register(
        "optimiser",
        torch.optim.SGD(
            network.parameters(), lr=config.lr, momentum=0.9, nesterov=True, weight_decay=config.weight_decay
        ),
    )
    with compute_context("image", "auto", device):
        learn = passes_on(device, network, batches.shapes, smoothing=config.label_smoothing)
        for step in loop.steps():
            crops, targets = batches.of_step(step)
            loss = learn(augment_faces(crops, config.augmentation, std=std, generator=augment_rng), targets)
            for group in optimiser.param_groups:
                group["lr"] = config.lr_at(step / total)
            optimiser.step()
            is_epoch = loop.after_step({LOSS: loss})
            if is_epoch and on_epoch is not None:
                on_epoch(best.history, best.network(network).cpu().eval() if best.step == step + 1 else None)
            if on_step is not None:
                on_step(step + 1, total)
    return best.network(network).cpu().eval(), best


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
        self._epoch, self._order = -1, np.zeros(0, np.int64)
        self.per_epoch = len(faces) // self._size
        self.shapes = tuple((self._size, *x.shape[1:]) for x in (self._crops, self._targets))

    def of_step(self, step: int) -> tuple[UInt8[Tensor, "n h w"], Float32[Tensor, "n k"]]:
        """Return the batch of update `step` (from 0): by its number, so that a training that goes on needs no state."""
        epoch, index = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = numpy_stream(self._seed, f"order of epoch {epoch}").permutation(len(self._crops))
        rows = torch.from_numpy(self._order[index * self._size : (index + 1) * self._size]).to(self._crops.device)
        return self._crops[rows], self._targets[rows]
