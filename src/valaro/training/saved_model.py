"""A trained model on disk: weights and statistics as safetensors, everything else as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xxhash
from safetensors import SafetensorError
from safetensors.torch import load, save

from valaro.documents import read_json
from valaro.errors import StoreError, ValaroError, words_for
from valaro.features.face_network import NETWORK_FILE, FaceNetwork, read_face_network
from valaro.files import atomic_folder
from valaro.limits import LIMITS
from valaro.networks.fusion import FusionClassifier
from valaro.networks.shapes import NetworkShape, shape_faults
from valaro.normalise import FeatureStats, Scale
from valaro.records import CorpusNote, Dimension
from valaro.regular import read_regular
from valaro.training.config import Seen, Short
from valaro.training.trained_model import TrainedModel
from valaro.typed import typed

VERSION = 3
_WEIGHTS, _FACTS = "weights.safetensors", "model.json"
_PREFIX = "classifier."


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What model.json says; `weights` and `network` are checksums of the files beside it."""

    valaro_model: int
    label: str
    dimension: Dimension
    seen: Seen
    features: tuple[str, ...]
    feature_versions: tuple[str, ...]
    normalise_speakers: bool
    short: Short
    acquainted: tuple[str, ...]
    notes: tuple[CorpusNote, ...]
    shape: NetworkShape
    weights: str
    network: str | None = None


def save_model(model: TrainedModel, folder: Path) -> None:
    """Write the model to `folder`, whole or not at all."""
    tensors = {f"{_PREFIX}{name}": value.cpu().contiguous() for name, value in model.classifier.state_dict().items()}
    for name, statistics in model.scale.items():
        tensors[f"scale.{name}.mean"] = torch.from_numpy(statistics.mean)
        tensors[f"scale.{name}.deviation"] = torch.from_numpy(statistics.deviation)
    weights = save(tensors)
    facts = _Facts(
        valaro_model=VERSION,
        label=model.label,
        dimension=model.dimension,
        seen=model.seen,
        features=model.features,
        feature_versions=model.feature_versions,
        normalise_speakers=model.normalise_speakers,
        short=model.short,
        acquainted=tuple(sorted(model.acquainted)),
        notes=model.notes,
        shape=model.classifier.shape,
        weights=xxhash.xxh3_64_hexdigest(weights),
        network=None if model.network is None else model.network.checksum,
    )
    with atomic_folder(folder) as aside:
        (aside / _WEIGHTS).write_bytes(weights)
        if model.network is not None:
            (aside / NETWORK_FILE).write_bytes(model.network.content)
        (aside / _FACTS).write_text(json.dumps(asdict(facts), indent=1) + "\n", encoding="utf-8")


def load_model(folder: Path) -> TrainedModel:
    """Read a model that `save_model` wrote; nothing in the files is executed, nothing is made larger than they are.

    Raises:
        StoreError: no model there, another version, damaged or foreign files.
    """
    try:
        facts: Any = read_json(folder / _FACTS)
        data = read_regular(folder / _WEIGHTS, LIMITS.most_weight_bytes)
    except OSError as error:
        raise StoreError(f"no model in '{folder}': expected {_FACTS} and {_WEIGHTS} there") from error
    except ValueError as error:
        raise StoreError(f"'{folder / _FACTS}' is damaged: expected JSON ({words_for(error)})") from error
    if not isinstance(facts, dict) or facts.get("valaro_model") != VERSION:
        raise StoreError(f"'{folder / _FACTS}' is not a valaro model of version {VERSION}")
    if xxhash.xxh3_64_hexdigest(data) != facts.get("weights"):
        raise StoreError(f"'{folder / _WEIGHTS}' does not match its checksum: copy the model again")
    try:
        known = typed(_Facts, facts, "the model")
        network = _network(folder, known.network)
        return _model(known, load(data), network)
    except StoreError:
        raise
    except (SafetensorError, KeyError, ValueError, RuntimeError, ValaroError) as error:
        why = words_for(error)
        raise StoreError(f"the model in '{folder}' is damaged or was made by another version: {why}") from error


def _network(folder: Path, checksum: str | None) -> FaceNetwork | None:
    """Return the network of faces that was saved with the model; models of before `dface` name none."""
    if checksum is None:
        return None
    network = read_face_network(folder / NETWORK_FILE)
    if network.checksum != checksum:
        raise StoreError(f"'{folder / NETWORK_FILE}' is not the network that the model was trained on: copy it again")
    return network


def _model(facts: _Facts, tensors: dict[str, torch.Tensor], network: FaceNetwork | None) -> TrainedModel:
    weights = {n.removeprefix(_PREFIX): tensor for n, tensor in tensors.items() if n.startswith(_PREFIX)}
    return TrainedModel(
        label=facts.label,
        dimension=facts.dimension,
        classifier=_classifier(facts.shape, weights),
        seen=facts.seen,
        features=facts.features,
        feature_versions=facts.feature_versions,
        scale=_scale(facts, tensors),
        normalise_speakers=facts.normalise_speakers,
        short=facts.short,
        acquainted=frozenset(facts.acquainted),
        notes=facts.notes,
        network=network,
    )


def _classifier(shape: NetworkShape, weights: dict[str, torch.Tensor]) -> FusionClassifier:
    """Return the network of a shape with these weights, once it is known that they fit."""
    faults = shape_faults(shape)
    if faults:
        raise ValueError("; ".join(faults))
    # Built without memory first: what is then built for good is as large as the weights that are there.
    with torch.device("meta"):
        wanted = FusionClassifier(shape, generator=torch.Generator("cpu")).state_dict()
    if {name: value.shape for name, value in wanted.items()} != {name: value.shape for name, value in weights.items()}:
        raise ValueError("its weights are not those of the network that it describes")
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise ValueError("its weights hold numbers that are not finite")
    classifier = FusionClassifier(shape, generator=torch.Generator())
    classifier.load_state_dict(weights)
    return classifier


def _scale(facts: _Facts, tensors: dict[str, torch.Tensor]) -> Scale:
    dims = {modality.name: modality.dim for modality in facts.shape.modalities}
    if sorted(facts.features) != sorted(dims) or len(facts.feature_versions) != len(facts.features):
        raise ValueError(f"its features {', '.join(facts.features)} are not those of its network, {', '.join(dims)}")
    scale = {
        name: FeatureStats(
            mean=_array(tensors[f"scale.{name}.mean"]), deviation=_array(tensors[f"scale.{name}.deviation"])
        )
        for name in facts.features
    }
    for name, statistics in scale.items():
        numbers = np.stack([statistics.mean, statistics.deviation])
        if numbers.shape != (2, dims[name]) or not np.isfinite(numbers).all() or not (statistics.deviation > 0).all():
            raise ValueError(f"the scale of its feature '{name}' is not {dims[name]} means and deviations")
    return scale


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.numpy().astype(np.float32)
