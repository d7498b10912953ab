"""The network that the validation faces like best, and how every epoch was judged by them."""

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from valaro.dface.densenet import DenseNet
from valaro.dface.pictures import Faces

_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One epoch: the mean training loss, then cross-entropy, accuracy and mean recall (0-1) of the validation faces."""

    epoch: int
    training_loss: float
    validation_loss: float
    validation_accuracy: float
    validation_uar: float


@dataclass(frozen=True, kw_only=True)
class FaceScores:
    """How far answers agree with targets: cross-entropy, accuracy, mean recall of the classes present (0-1)."""

    loss: float
    accuracy: float
    uar: float


def score_faces(probabilities: Float32[np.ndarray, "n k"], targets: Float32[np.ndarray, "n k"]) -> FaceScores:
    """Compare; of several classes that lead a target equally each counts as right, the first is its class."""
    chosen = probabilities.argmax(axis=1)
    rows = np.arange(len(targets))
    hits = targets[rows, chosen] >= targets.max(axis=1)
    classes = targets.argmax(axis=1)
    recalls = [float(hits[classes == k].mean()) for k in np.unique(classes)]
    logs = np.log(np.maximum(probabilities.astype(np.float64), 1e-12))
    return FaceScores(
        loss=float(-(targets * logs).sum(axis=1).mean()), accuracy=float(hits.mean()), uar=float(np.mean(recalls))
    )


@torch.inference_mode()
def probabilities_of(network: DenseNet, faces: Faces) -> Float32[np.ndarray, "n k"]:
    """Return the network's answers in single precision, as in use; it is left in the mode it was in."""
    was_training = network.training
    network.eval()
    crops, device = torch.from_numpy(faces.crops), network.mean.device
    with torch.autocast(device.type, enabled=False):
        answers = [network(part.to(device))[1].softmax(dim=1) for part in crops.split(_AT_ONCE)]
    network.train(was_training)
    return torch.cat(answers).cpu().numpy()


class BestNetwork:
    """Judges a network after each epoch and keeps the weights with the highest accuracy, then the lowest loss."""

    def __init__(self, validation: Faces) -> None:
        self._validation = validation
        self._rank = (-math.inf, -math.inf)
        self.weights: dict[str, Tensor] = {}
        self.epoch = 0
        self.history: list[Epoch] = []

    def evaluate(self, network: DenseNet, epoch: int, training_loss: float) -> bool:
        """Take the epoch down; return whether its network is the best so far."""
        scores = score_faces(probabilities_of(network, self._validation), self._validation.targets)
        self.history.append(
            Epoch(
                epoch=epoch,
                training_loss=training_loss,
                validation_loss=scores.loss,
                validation_accuracy=scores.accuracy,
                validation_uar=scores.uar,
            )
        )
        rank = (scores.accuracy, -scores.loss)
        if rank <= self._rank:
            return False
        self._rank, self.epoch = rank, epoch
        self.weights = {name: value.clone() for name, value in network.state_dict().items()}
        return True

    def network(self, like: DenseNet) -> DenseNet:
        """Return the best network on the processor, ready for use; it has the shape of `like`."""
        best = deepcopy(like).cpu()
        best.load_state_dict(self.weights)
        return best.eval()

    def state_dict(self) -> dict[str, Any]:
        return {
            "rank": [value if math.isfinite(value) else None for value in self._rank],
            "weights": self.weights,
            "epoch": self.epoch,
            "history": [asdict(epoch) for epoch in self.history],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        accuracy, loss = (-math.inf if value is None else value for value in state["rank"])
        self._rank, self.epoch, self.weights = (accuracy, loss), state["epoch"], dict(state["weights"])
        self.history = [Epoch(**epoch) for epoch in state["history"]]
