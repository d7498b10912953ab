"""A trained model as prediction runs it: its weights as arrays, computed by ONNX Runtime."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float, Float32

from valaro.features.face_network import FaceNetwork
from valaro.networks.shapes import PROBABILITIES, NetworkShape
from valaro.normalise import Scale
from valaro.records import CorpusNote, Dimension
from valaro.windows import WindowSpec

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What is known of a trained model beside its numbers."""

    label: str
    dimension: Dimension
    shape: NetworkShape
    features: tuple[str, ...]
    feature_versions: tuple[str, ...]
    window: WindowSpec
    """How an utterance or a recording is cut, padded, scaled and weighed for it."""
    acquainted: tuple[str, ...]
    """The speakers whose recordings trained it, labelled or not, or chose its checkpoint: no test for it."""
    notes: tuple[CorpusNote, ...] = ()
    """What must be said of the corpora it learnt from."""
    temperature: Annotated[float, Ge(0.01), Le(100)] = 1.0
    """By which logits are divided, so that probabilities are calibrated; 1: they are as they were learnt."""

    def facts(self) -> dict[str, Any]:
        """Return these fields by name, for another form of the same model."""
        return {part.name: getattr(self, part.name) for part in fields(ModelCard)}


@dataclass(frozen=True, kw_only=True)
class ExportedModel(ModelCard):
    """A model that needs no torch."""

    weights: Mapping[str, np.ndarray]
    """Arrays by the names of `networks.graph.Weights`."""
    scale: Scale
    network: FaceNetwork | None = None
    """The network of faces that computed `dface`, if that is among the features."""

    @cached_property
    def graph(self) -> bytes:
        """The network as an ONNX file."""
        from valaro.networks.graph import onnx_graph

        return onnx_graph(self.shape, self.weights, temperature=self.temperature)

    @cached_property
    def _session(self) -> "InferenceSession":
        from valaro.onnx_builder import open_session

        return open_session(self.graph)

    def probabilities(self, inputs: Mapping[str, Float32[np.ndarray, "n dim rows"]]) -> Float[np.ndarray, "n 3"]:
        """Return the probabilities of low, medium and high for n windows, scaled rows of each feature."""
        (values,) = self._session.run([PROBABILITIES], {name: inputs[name] for name in self.features})
        return np.asarray(values, np.float64)
