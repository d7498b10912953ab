"""A trained model on disk: its weights and scale as safetensors, the rest as JSON, and the network as ONNX beside.

What is read are the weights, never the ONNX file, which is for other programs: the graph is built from them again, the
same to the last byte, so that nothing that somebody else put into a file is ever run.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from valaro.documents import read_json
from valaro.errors import StoreError, ValaroError, words_for
from valaro.features.face_network import NETWORK_FILE, FaceNetwork, read_face_network
from valaro.files import atomic_folder
from valaro.jsonfile import from_plain, write_record
from valaro.limits import LIMITS
from valaro.model import ExportedModel, ModelCard
from valaro.networks.shapes import shape_faults
from valaro.normalise import FeatureStats
from valaro.records import DIMENSIONS
from valaro.regular import read_regular
from valaro.tensorfile import TensorKind, parse_tensors, tensor_bytes
from valaro.windows import window_faults

VERSION = 5
WEIGHTS = TensorKind(name="weights", version="1", remedy="copy the model again")
MODELS = "models"
"""The folder of a run that holds a model for each dimension."""

GRAPH_FILE = "model.onnx"
_WEIGHTS, _CARD = "weights.safetensors", "model.json"
_CLASSIFIER, _SCALE = "classifier.", "scale."


@dataclass(frozen=True, kw_only=True)
class _CardFile(ModelCard):
    """What model.json says."""

    valaro_model: int
    weights: str
    """The checksum of the file of weights."""
    network: str | None = None
    """That of the network of faces."""


def save_model(model: ExportedModel, folder: Path) -> None:
    """Write the model to `folder`, whole or not at all."""
    arrays = {f"{_CLASSIFIER}{name}": value for name, value in model.weights.items()}
    for name, statistics in model.scale.items():
        arrays |= {f"{_SCALE}{name}.{part.name}": getattr(statistics, part.name) for part in fields(FeatureStats)}
    content, checksum = tensor_bytes(WEIGHTS, arrays)
    network = None if model.network is None else model.network.checksum
    card = _CardFile(valaro_model=VERSION, weights=checksum, network=network, **model.facts())
    with atomic_folder(folder) as aside:
        (aside / _WEIGHTS).write_bytes(content)
        (aside / GRAPH_FILE).write_bytes(model.graph)
        if model.network is not None:
            (aside / NETWORK_FILE).write_bytes(model.network.content)
        write_record(aside / _CARD, card)


def load_model(folder: Path) -> ExportedModel:
    """Read a model that `save_model` wrote.

    Raises:
        StoreError: no model there, another version, damaged or foreign files.
    """
    try:
        facts: Any = read_json(folder / _CARD)
        content = read_regular(folder / _WEIGHTS, LIMITS.most_weight_bytes)
    except OSError as error:
        raise StoreError(f"no model in '{folder}': expected {_CARD} and {_WEIGHTS} there") from error
    except ValueError as error:
        raise StoreError(f"'{folder / _CARD}' is damaged: expected JSON ({words_for(error)})") from error
    if not isinstance(facts, dict) or facts.get("valaro_model") != VERSION:
        why = f"is not a valaro model of version {VERSION}: train it again with this valaro"
        raise StoreError(f"'{folder / _CARD}' {why}")
    weights = parse_tensors(WEIGHTS, content, f"'{folder / _WEIGHTS}'")
    if weights.checksum != facts.get("weights"):
        raise StoreError(f"'{folder / _WEIGHTS}' is not that of '{_CARD}' beside it: {WEIGHTS.remedy}")
    try:
        card: _CardFile = from_plain(_CardFile, facts, "the model")
        return _checked(card, weights.arrays, _network(folder, card.network))
    except StoreError:
        raise
    except (KeyError, ValueError, ValaroError) as error:
        why = words_for(error)
        raise StoreError(f"the model in '{folder}' is damaged or was made by another version: {why}") from error


def load_models(run: Path) -> tuple[ExportedModel, ...]:
    """Read the models of a run of `valaro train`, one a dimension.

    Raises:
        ValaroError: there is none, or one cannot be read.
    """
    models = [load_model(run / MODELS / name) for name in DIMENSIONS if (run / MODELS / name).is_dir()]
    if models:
        return tuple(models)
    try:
        about: Any = read_json(run / "run.json")
    except (OSError, ValueError):
        about = {}
    if isinstance(about, dict) and about.get("kind") == "training":
        raise ValaroError(f"'{run}' is not finished: the same valaro train again goes on, and then it has a model")
    is_evaluation = (run / "results").is_dir() and any((run / "results").iterdir())
    but = " (this one is a cross-validation)" if is_evaluation else ""
    raise ValaroError(f"'{run}' holds no model: expected a run folder of valaro train{but}")


def _network(folder: Path, checksum: str | None) -> FaceNetwork | None:
    """Return the network of faces that was saved with the model."""
    if checksum is None:
        return None
    network = read_face_network(folder / NETWORK_FILE)
    if network.checksum != checksum:
        raise StoreError(f"'{folder / NETWORK_FILE}' is not the network that the model was trained on: copy it again")
    return network


def _checked(card: _CardFile, tensors: dict[str, np.ndarray], network: FaceNetwork | None) -> ExportedModel:
    if faults := [*shape_faults(card.shape), *window_faults(card.window)]:
        raise ValueError("; ".join(faults))
    weights = {n.removeprefix(_CLASSIFIER): tensor for n, tensor in tensors.items() if n.startswith(_CLASSIFIER)}
    scale = _scale(card, tensors)
    model = ExportedModel(weights=weights, scale=scale, network=network, **card.facts())
    # Building the graph looks at the kind and size of all weights.
    if not model.graph or not all(np.isfinite(value).all() for value in weights.values()):
        raise ValueError("its weights hold numbers that are not finite")
    return model


def _scale(card: ModelCard, tensors: dict[str, np.ndarray]) -> dict[str, FeatureStats]:
    dims = {modality.name: modality.dim for modality in card.shape.modalities}
    if sorted(card.features) != sorted(dims) or len(card.feature_versions) != len(card.features):
        raise ValueError(f"its features {', '.join(card.features)} are not those of its network, {', '.join(dims)}")
    scale: dict[str, FeatureStats] = {}
    for name in card.features:
        parts = {part.name: tensors[f"{_SCALE}{name}.{part.name}"].astype(np.float32) for part in fields(FeatureStats)}
        numbers = np.stack(list(parts.values()))
        scale[name] = FeatureStats(**parts)
        if numbers.shape != (2, dims[name]) or not np.isfinite(numbers).all() or not (numbers[1] > 0).all():
            raise ValueError(f"the scale of its feature '{name}' is not {dims[name]} means and deviations")
    return scale
