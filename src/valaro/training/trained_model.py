"""A trained model: a classifier with all it needs to judge a recording."""

from collections.abc import Sequence
from dataclasses import dataclass

from valaro.errors import ValaroError
from valaro.features.face_network import FaceNetwork
from valaro.labels.soft_labels import correct_levels, soft_labels_of
from valaro.networks.fusion import FusionClassifier
from valaro.normalise import Scale, speaker_scales
from valaro.records import CorpusNote, Dimension, Predictions, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.classify import classify
from valaro.training.config import Seen, Short
from valaro.training.crops import Recordings


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A classifier of one dimension, what it sees of an utterance, the scale of its input, and whom it has met.

    `acquainted` are the speakers whose recordings trained it, labelled or not, or chose its checkpoint: it
    refuses to be scored on them. `notes` are what must be said of the corpora it
    learnt from; `short` says how a recording shorter than a crop is filled up; `network` is the one
    of faces that computed `dface`, if that is among the features.
    """

    label: str
    dimension: Dimension
    classifier: FusionClassifier
    seen: Seen
    features: tuple[str, ...]
    feature_versions: tuple[str, ...]
    scale: Scale
    normalise_speakers: bool
    acquainted: frozenset[str]
    short: Short = "repeat"
    notes: tuple[CorpusNote, ...] = ()
    network: FaceNetwork | None = None


def predict_utterances(model: TrainedModel, store: FeatureStore, utterances: Sequence[Utterance]) -> Predictions:
    """Return the model's answers on labelled utterances of people it has never met.

    Raises:
        ValaroError: there is none, one has no label, or one's speaker trained or chose the model.
    """
    met = sorted({utterance.speaker for utterance in utterances} & model.acquainted)
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
    return classify(model.classifier, recordings_for(model, store, utterances), correct, seen=model.seen)


def recordings_for(model: TrainedModel, store: FeatureStore, utterances: Sequence[Utterance]) -> Recordings:
    """Return utterances as the model takes them, on its scale or on their own speakers'."""
    speakers = speaker_scales(store, utterances, model.features) if model.normalise_speakers else {}
    return Recordings(
        store, utterances, model.features, lambda u: speakers.get(u.speaker, model.scale), short=model.short
    )
