"""How a network of faces answers on faces that it has not learnt from, and how good that is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32

from valaro.dface.densenet import DenseNet
from valaro.dface.pictures import Faces
from valaro.training.best_model import Evaluate, Evaluation
from valaro.training.loss_log import broke_down

LOSS = "cross-entropy"
ADVICE = "Lower the learning rate (--set lr=...)"
"""What a user can do about a training that breaks down."""

_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """How one epoch went; its fields are the columns of epochs.csv."""

    epoch: int
    """From 1."""
    training_loss: float
    """Mean over the epoch's updates."""
    validation_loss: float
    """Cross-entropy of the validation faces."""
    validation_accuracy: float
    """0-1."""
    validation_uar: float
    """Mean recall of the classes, 0-1."""


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


def evaluation_on(faces: Faces, per_epoch: int) -> Evaluate[DenseNet, Epoch]:
    """Return what evaluates a network after each epoch of `per_epoch` updates: by accuracy, then by loss."""

    def evaluate(network: DenseNet, step: int, losses: Mapping[str, float]) -> Evaluation[Epoch]:
        scores = score_faces(probabilities_of(network, faces), faces.targets)
        if not math.isfinite(scores.loss):
            raise broke_down(step, f"the validation loss is {scores.loss}", ADVICE)
        epoch = Epoch(
            epoch=step // per_epoch,
            training_loss=losses[LOSS],
            validation_loss=scores.loss,
            validation_accuracy=scores.accuracy,
            validation_uar=scores.uar,
        )
        return Evaluation(point=epoch, rank=(scores.accuracy, -scores.loss))

    return evaluate
