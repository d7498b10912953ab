"""From a recording to what models say about it, in memory that does not grow with its length."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from valaro.errors import MediaError, ValaroError
from valaro.features.face_network import Expressions, FaceNetwork, packaged_face_network
from valaro.features.table import FACE_FEATURES, feature_by_name
from valaro.media.decode import probe
from valaro.model import ExportedModel
from valaro.normalise import FeatureStats, Scale, statistics_of
from valaro.prediction.faces import SeenExpressions, SeenFaces
from valaro.prediction.windows import Segment, SlidingWindowPredictor
from valaro.recordings import stream_features
from valaro.records import GRID_RATE, LEVELS, FeatureSequence, Problem, Timeline, TimelineSegment


class RecordingPredictor:
    """Follows one recording with several models at once; `problems` and `faces` fill while it is read.

    With `expressions` the segments tell of them, too: of the models' own network of faces, else of the packaged one.
    """

    def __init__(self, models: Sequence[ExportedModel], recording: Path, *, expressions: bool = False) -> None:
        if not models:
            raise ValaroError("no model to predict with")
        for model in models:
            _check_features(model)
        self.models = tuple(models)
        self.recording = recording
        self.problems: list[Problem] = []
        self.faces = SeenFaces()
        self._names = tuple(dict.fromkeys(name for model in models for name in model.features))
        self._network = _common_network(models)
        self.expressions: tuple[str, ...] = ()
        """Their names, in the order of a segment's; empty: none were asked for."""
        self._seen = SeenExpressions()
        if expressions:
            self._network = self._network or packaged_face_network()
            self.expressions = self._network.classes
            self._names = tuple(dict.fromkeys((*self._names, Expressions.name)))

    def segments(self, on_progress: Callable[[float], None] | None = None) -> Iterator[TimelineSegment]:
        """Yield the segments in order of time, of each model from where the recording first gives what it looks at.

        `on_progress` is called with the seconds read so far.

        Raises:
            MediaError: nothing of the recording can be read, or nothing in it is for any of the models.
        """
        predictors = [SlidingWindowPredictor(model, self._scale(model)) for model in self.models]
        rows = 0
        given: set[str] = set()
        for chunk in stream_features(self.recording, self._names, network=self._network):
            self.problems.extend(chunk.problems)
            if chunk.track is not None:
                self.faces.add(chunk.track)
            values = {sequence.name: sequence.values for sequence in chunk.features}
            count = max(map(len, values.values()), default=0)
            if self.expressions and Expressions.name in values:
                self._seen.add(values[Expressions.name], chunk.start, chunk.track)
            if not self.faces.thumbnails:
                # As in extraction: without a face there are no face features, not features of an empty picture.
                values = {name: part for name, part in values.items() if name not in FACE_FEATURES}
            rows += count
            given |= {name for name, part in values.items() if len(part)}
            yield from self._in_order([predictor.push(values, count) for predictor in predictors])
            if on_progress is not None:
                on_progress(rows / GRID_RATE)
        if not given:
            reasons = "; ".join(problem.why for problem in self.problems) or "neither sound nor faces"
            raise MediaError(f"nothing to judge in '{self.recording}': {reasons}")
        for model in self.models:
            remarks = [*_without_some(model, given), *_not_as_scored(model, rows)]
            self.problems += [self._remark(model, why) for why in remarks]
        yield from self._in_order([predictor.finish() for predictor in predictors])

    def _remark(self, model: ExportedModel, why: str) -> Problem:
        return Problem(utterance=str(self.recording), where=model.dimension, why=why, is_remark=True)

    def _in_order(self, emitted: Sequence[list[Segment]]) -> Iterator[TimelineSegment]:
        pairs = [(segment, model) for model, segments in zip(self.models, emitted, strict=True) for segment in segments]
        for segment, model in sorted(pairs, key=lambda pair: pair[0].first):
            low, medium, high = segment.probabilities.tolist()
            start, end = segment.first / GRID_RATE, segment.last / GRID_RATE
            yield TimelineSegment(
                dimension=model.dimension,
                start=start,
                end=end,
                level=LEVELS[int(segment.probabilities.argmax())],
                probability=max(low, medium, high),
                probabilities=(low, medium, high),
                face_found=self.faces.share(start, end),
                expressions=self._seen.mean(segment.first, segment.last),
            )

    def _scale(self, model: ExportedModel) -> Scale:
        """Return the model's scale, or the recording's own where the model was trained speaker-wise."""
        if model.window.scaling == "training":
            return model.scale
        # A first pass measures, the second judges: twice the time, but no recording has to fit into memory.
        return {name: self._own_statistics(name, model.scale[name]) for name in model.features}

    def _own_statistics(self, name: str, otherwise: FeatureStats) -> FeatureStats:
        chunks = stream_features(self.recording, [name], network=self._network)
        try:
            return statistics_of(chain.from_iterable(_values(chunk.features) for chunk in chunks), name)
        except ValaroError:
            # Without this modality nothing is scaled by it; whether anything can be read the second pass tells.
            return otherwise


def predict_stream(model: ExportedModel, recording: Path) -> Iterator[TimelineSegment]:
    """Yield what `model` says about a recording of any length, a segment for each 0.64 s."""
    return RecordingPredictor([model], recording).segments()


def make_timeline(
    models: Sequence[ExportedModel],
    recording: Path,
    *,
    expressions: bool = False,
    on_progress: Callable[[float, float], None] | None = None,
) -> Timeline:
    """Judge a whole recording; `on_progress` is called with the seconds done and the duration.

    With `expressions` the moments tell of the faces' expressions, too.
    """
    duration = probe(recording).duration
    predictor = RecordingPredictor(models, recording, expressions=expressions)
    moments = tuple(predictor.segments(None if on_progress is None else lambda done: on_progress(done, duration)))
    return Timeline(
        recording=recording,
        duration=max(duration, moments[-1].end),
        moments=moments,
        thumbnails=predictor.faces.thumbnails,
        problems=tuple(predictor.problems),
        notes=tuple(dict.fromkeys(note for model in models for note in model.notes)),
        model=", ".join(dict.fromkeys(model.label for model in models)),
        expressions=predictor.expressions,
    )


def _values(features: Sequence[FeatureSequence]) -> list[np.ndarray]:
    return [sequence.values for sequence in features]


def _without_some(model: ExportedModel, given: set[str]) -> list[str]:
    """Say that a model had to do without one of its features, or without all of them."""
    absent = " and ".join(name for name in model.features if name not in given)
    left = " and ".join(name for name in model.features if name in given)
    if not absent:
        return []
    if left:
        return [
            f"{model.label} joins {' and '.join(model.features)}; without {absent} its answers rest on {left} alone"
        ]
    return [f"{model.label} looks at {absent} alone, of which the recording has nothing: it gives no answers"]


def _not_as_scored(model: ExportedModel, rows: int) -> list[str]:
    """Say where a recording cannot be judged as the model's utterances were when it was scored."""
    spec, remarks = model.window, list[str]()
    seconds = f"{spec.length / GRID_RATE:.2f} s"
    if rows > spec.length and spec.weighting == "whole":
        why = f"was scored on whole utterances; here it judges windows of {seconds}, the median of what it learnt from"
        remarks.append(f"{model.label} {why}")
    if rows > spec.length and spec.weighting == "centre":
        why = f"was scored on the middle {seconds} of each utterance; here it judges windows all over the recording"
        remarks.append(f"{model.label} {why}")
    if spec.scaling == "speaker":
        why = "was scored with features scaled over all that a speaker said; here they are scaled over this recording"
        remarks.append(f"{model.label} {why}")
    return remarks


def _common_network(models: Sequence[ExportedModel]) -> FaceNetwork | None:
    """Return the one network of faces behind the models' features."""
    networks = {model.network.checksum: model.network for model in models if model.network is not None}
    if len(networks) > 1:
        raise ValaroError(
            f"the models' 'dface' comes from {len(networks)} different networks, expected one: train them on one store"
        )
    return next(iter(networks.values()), None)


def _check_features(model: ExportedModel) -> None:
    features = {name: feature_by_name(name, model.network) for name in model.features}
    for name, version in zip(model.features, model.feature_versions, strict=True):
        now = str(features[name].version)
        if now != version:
            raise ValaroError(
                f"{model.label} was trained on version {version} of feature '{name}', this valaro computes {now}: "
                "extract and train again"
            )
    for modality in model.shape.modalities:
        dim = features[modality.name].dim
        if dim != modality.dim:
            raise ValaroError(f"{model.label} takes {modality.dim} numbers of '{modality.name}', this valaro has {dim}")
