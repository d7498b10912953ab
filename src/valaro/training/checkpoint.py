"""A trained model on disk: weights and statistics as safetensors, everything else as JSON."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xxhash
from safetensors import SafetensorError
from safetensors.torch import load, save

from valaro.errors import StoreError
from valaro.features.face_network import NETWORK_FILE, FaceNetwork
from valaro.files import whole_folder
from valaro.networks.fusion import FusionClassifier
from valaro.networks.shapes import Modality, NetworkShape, Regularisation
from valaro.normalise import Statistics
from valaro.records import CorpusNote
from valaro.training.trained_model import TrainedModel

VERSION = 3


def save_model(model: TrainedModel, folder: Path) -> None:
    """Write the model to `folder`, whole or not at all."""
    tensors = {f"classifier.{name}": value.cpu().contiguous() for name, value in model.classifier.state_dict().items()}
    for name, statistics in model.scale.items():
        tensors[f"scale.{name}.mean"] = torch.from_numpy(statistics.mean)
        tensors[f"scale.{name}.deviation"] = torch.from_numpy(statistics.deviation)
    weights = save(tensors)
    facts = {
        "valaro_model": VERSION,
        "label": model.label,
        "dimension": model.dimension,
        "seen": model.seen,
        "features": model.features,
        "feature_versions": model.feature_versions,
        "normalise_speakers": model.normalise_speakers,
        "short": model.short,
        "acquainted": sorted(model.acquainted),
        "notes": [asdict(note) for note in model.notes],
        "shape": asdict(model.classifier.shape),
        "weights": xxhash.xxh3_64_hexdigest(weights),
        "network": None if model.network is None else model.network.checksum,
    }
    with whole_folder(folder) as aside:
        (aside / "weights.safetensors").write_bytes(weights)
        if model.network is not None:
            (aside / NETWORK_FILE).write_bytes(model.network.content)
        (aside / "model.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def load_model(folder: Path) -> TrainedModel:
    """Read a model that `save_model` wrote; nothing in the files is executed.

    Raises:
        StoreError: no model there, another version, damaged or foreign files.
    """
    try:
        facts: Any = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        data = (folder / "weights.safetensors").read_bytes()
    except OSError as error:
        raise StoreError(f"no model in '{folder}': expected model.json and weights.safetensors there") from error
    except ValueError as error:
        raise StoreError(f"'{folder / 'model.json'}' is damaged: expected JSON ({error})") from error
    if not isinstance(facts, dict) or facts.get("valaro_model") != VERSION:
        raise StoreError(f"'{folder / 'model.json'}' is not a valaro model of version {VERSION}")
    if xxhash.xxh3_64_hexdigest(data) != facts.get("weights"):
        raise StoreError(f"'{folder / 'weights.safetensors'}' does not match its checksum: copy the model again")
    network = _network(folder, facts.get("network"))
    try:
        tensors = load(data)
        return _model(facts, tensors, network)
    except (SafetensorError, KeyError, TypeError, RuntimeError) as error:
        raise StoreError(f"the model in '{folder}' is damaged or was made by another version: {error}") from error


def _network(folder: Path, checksum: str | None) -> FaceNetwork | None:
    """Return the network of faces that was saved with the model; models of before `dface` name none."""
    if checksum is None:
        return None
    from valaro.features.network_file import read_face_network

    network = read_face_network(folder / NETWORK_FILE)
    if network.checksum != checksum:
        raise StoreError(f"'{folder / NETWORK_FILE}' is not the network that the model was trained on: copy it again")
    return network


def _model(facts: dict[str, Any], tensors: dict[str, torch.Tensor], network: FaceNetwork | None) -> TrainedModel:
    shape = facts["shape"]
    classifier = FusionClassifier(
        NetworkShape(
            **shape
            | {
                "modalities": tuple(Modality(**modality) for modality in shape["modalities"]),
                "regularisation": Regularisation(**shape["regularisation"]),
            }
        ),
        generator=torch.Generator(),
    )
    prefix = "classifier."
    classifier.load_state_dict({n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})
    return TrainedModel(
        label=facts["label"],
        dimension=facts["dimension"],
        classifier=classifier,
        seen=facts["seen"],
        features=tuple(facts["features"]),
        feature_versions=tuple(facts["feature_versions"]),
        scale={
            name: Statistics(
                mean=_array(tensors[f"scale.{name}.mean"]), deviation=_array(tensors[f"scale.{name}.deviation"])
            )
            for name in facts["features"]
        },
        normalise_speakers=facts["normalise_speakers"],
        short=facts["short"],
        acquainted=frozenset(facts["acquainted"]),
        notes=tuple(CorpusNote(**note) for note in facts["notes"]),
        network=network,
    )


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.numpy().astype(np.float32)
