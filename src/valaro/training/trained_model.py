"""A trained model in torch: scored on utterances of people it has never met, and exported for use."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from valaro.errors import ValaroError
from valaro.features.face_network import FaceNetwork
from valaro.labels.soft_labels import correct_levels, soft_labels_of
from valaro.model import ExportedModel, ModelCard
from valaro.networks.fusion import FusionClassifier
from valaro.normalise import Scale, speaker_scales
from valaro.records import Predictions, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.classify import classify
from valaro.training.crops import Recordings


@dataclass(frozen=True, kw_only=True)
class TrainedModel(ModelCard):
    """A classifier of one dimension, with what is known of it."""

    classifier: FusionClassifier
    scale: Scale
    network: FaceNetwork | None = None
    """The network of faces that computed `dface`, if that is among the features."""

    def exported(self) -> ExportedModel:
        """Return it as prediction and files take it."""
        weights = {name: value.cpu().numpy() for name, value in self.classifier.state_dict().items()}
        return ExportedModel(weights=weights, scale=self.scale, network=self.network, **self.facts())

    @classmethod
    def of(cls, model: ExportedModel) -> "TrainedModel":
        """Return a model in torch again, on the processor."""
        classifier = FusionClassifier(model.shape, generator=torch.Generator())
        classifier.load_state_dict({name: torch.from_numpy(value) for name, value in model.weights.items()})
        return cls(classifier=classifier, scale=model.scale, network=model.network, **model.facts())


def predict_utterances(model: TrainedModel, store: FeatureStore, utterances: Sequence[Utterance]) -> Predictions:
    """Return the model's answers on labelled utterances of people it has never met.

    Raises:
        ValaroError: there is none, one has no label, or one's speaker trained or chose the model.
    """
    met = sorted({utterance.speaker for utterance in utterances} & set(model.acquainted))
    if met:
        raise ValaroError(
            f"{model.label} cannot be tested on people it has met in training or validation: {', '.join(met)}"
        )
    return answer(model, store, utterances)


def answer(model: TrainedModel, store: FeatureStore, utterances: Sequence[Utterance]) -> Predictions:
    """Return the model's answers on labelled utterances of anybody (validation uses it; a test must not)."""
    if not utterances:
        raise ValaroError("no utterance to judge")
    correct = correct_levels(soft_labels_of(utterances, model.dimension))
    return classify(model.classifier, recordings_for(model, store, utterances), correct)


def recordings_for(model: TrainedModel, store: FeatureStore, utterances: Sequence[Utterance]) -> Recordings:
    """Return utterances as the model takes them, on its scale or on their own speakers'."""
    has_own = model.window.scaling == "speaker"
    speakers = speaker_scales(store, utterances, model.features) if has_own else {}
    return Recordings(
        store, utterances, model.features, lambda u: speakers.get(u.speaker, model.scale), window=model.window
    )
