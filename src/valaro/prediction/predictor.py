"""From a recording to what models say about it, in memory that does not grow with its length."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from valaro.errors import MediaError, ValaroError
from valaro.features.face_network import FaceNetwork
from valaro.features.table import FACE_FEATURES, feature_by_name
from valaro.media.decode import probe
from valaro.normalise import FeatureStats, Scale, statistics_of
from valaro.prediction.thumbnails import Thumbnails
from valaro.prediction.windows import Segment, SlidingWindowPredictor
from valaro.recordings import FeatureChunk, stream_features
from valaro.records import GRID_RATE, LEVELS, FaceTrack, Problem, Timeline, TimelineSegment
from valaro.training.trained_model import TrainedModel


class RecordingPredictor:
    """Follows one recording with several models at once; `problems` and `thumbnails` fill while it is read."""

    def __init__(self, models: Sequence[TrainedModel], recording: Path) -> None:
        if not models:
            raise ValaroError("no model to predict with")
        for model in models:
            _check_features(model)
        self.models = tuple(models)
        self.recording = recording
        self.problems: list[Problem] = []
        self.thumbnails = Thumbnails()
        self._names = tuple(dict.fromkeys(name for model in models for name in model.features))
        self._network = _common_network(models)
        self._found = _FoundFrames()

    def moments(self, on_progress: Callable[[float], None] | None = None) -> Iterator[TimelineSegment]:
        """Yield the moments in order of time, of each model from where the recording first gives what it looks at.

        `on_progress` is told the seconds read so far.

        Raises:
            MediaError: nothing of the recording can be read, or nothing in it is for any of the models.
        """
        judges = [SlidingWindowPredictor(model, self._scale(model)) for model in self.models]
        rows = 0
        given: set[str] = set()
        for stretch in stream_features(self.recording, self._names, network=self._network):
            self.problems.extend(stretch.problems)
            if stretch.track is not None:
                self._found.add(stretch.track)
                self.thumbnails.add(stretch.track)
            values = {sequence.name: sequence.values for sequence in stretch.features}
            count = max((len(one) for one in values.values()), default=0)
            if not self._found.ever:
                # As in extraction: without a face there are no face features, not features of an empty picture.
                values = {name: rows for name, rows in values.items() if name not in FACE_FEATURES}
            rows += count
            given |= {name for name, sequence in values.items() if len(sequence)}
            yield from self._in_order([judge.push(values, count) for judge in judges])
            if on_progress is not None:
                on_progress(rows / GRID_RATE)
        if not given:
            reasons = "; ".join(problem.why for problem in self.problems) or "neither sound nor faces"
            raise MediaError(f"nothing to judge in '{self.recording}': {reasons}")
        self.problems.extend(self._judged_by_part(model, given) for model in self.models if set(model.features) - given)
        yield from self._in_order([judge.finish() for judge in judges])

    def _judged_by_part(self, model: TrainedModel, given: set[str]) -> Problem:
        """Say that a model had to do without one of its features, or without all of them."""
        absent = " and ".join(name for name in model.features if name not in given)
        left = " and ".join(name for name in model.features if name in given)
        why = (
            f"{model.label} joins {' and '.join(model.features)}; without {absent} its answers rest on {left} alone"
            if left
            else f"{model.label} looks at {absent} alone, of which the recording has nothing: it gives no answers"
        )
        return Problem(utterance=str(self.recording), where=model.dimension, why=why, is_remark=True)

    def _in_order(self, told: Sequence[list[Segment]]) -> Iterator[TimelineSegment]:
        each = [(segment, model) for model, segments in zip(self.models, told, strict=True) for segment in segments]
        for segment, model in sorted(each, key=lambda pair: pair[0].first):
            yield self._moment(model, segment)

    def _moment(self, model: TrainedModel, segment: Segment) -> TimelineSegment:
        best = int(segment.probabilities.argmax())
        low, medium, high = segment.probabilities.tolist()
        start, end = segment.first / GRID_RATE, segment.last / GRID_RATE
        return TimelineSegment(
            dimension=model.dimension,
            start=start,
            end=end,
            level=LEVELS[best],
            probability=float(segment.probabilities[best]),
            probabilities=(low, medium, high),
            face_found=self._found.share(start, end),
        )

    def _scale(self, model: TrainedModel) -> Scale:
        """Return the model's scale, or the recording's own where the model was trained speaker-wise."""
        if not model.normalise_speakers:
            return model.scale
        # A first pass measures, the second judges: twice the time, but no recording has to fit into memory.
        return {name: self._own_statistics(name, model.scale[name]) for name in model.features}

    def _own_statistics(self, name: str, otherwise: FeatureStats) -> FeatureStats:
        stretches = stream_features(self.recording, [name], network=self._network)
        try:
            return statistics_of(chain.from_iterable(_values(stretch, name) for stretch in stretches), name)
        except ValaroError:
            # Without this modality nothing is scaled by it; whether anything can be read the second pass tells.
            return otherwise


def predict_stream(model: TrainedModel, recording: str | Path) -> Iterator[TimelineSegment]:
    """Yield what `model` says about a recording of any length, one moment each 0.64 s."""
    return RecordingPredictor([model], Path(recording)).moments()


def make_timeline(
    models: Sequence[TrainedModel], recording: Path, *, on_progress: Callable[[float, float], None] | None = None
) -> Timeline:
    """Judge a whole recording; `on_progress` is told the seconds done and the duration."""
    info = probe(recording)
    watcher = RecordingPredictor(models, recording)

    def report(done: float) -> None:
        if on_progress is not None:
            on_progress(done, info.duration)

    moments = tuple(watcher.moments(report))
    return Timeline(
        recording=recording,
        duration=max(info.duration, moments[-1].end),
        moments=moments,
        thumbnails=watcher.thumbnails.kept(),
        problems=tuple(watcher.problems),
        notes=tuple(dict.fromkeys(note for model in models for note in model.notes)),
        model=", ".join(dict.fromkeys(model.label for model in models)),
    )


class _FoundFrames:
    """Whether a face was found, by time, for the little while until the moment is told."""

    def __init__(self) -> None:
        self._times = np.zeros(0)
        self._found = np.zeros(0, dtype=bool)
        self.ever = False

    def add(self, track: FaceTrack) -> None:
        self.ever = self.ever or bool(track.found.any())
        self._times = np.concatenate([self._times, track.times])
        self._found = np.concatenate([self._found, track.found])

    def share(self, start: float, end: float) -> float:
        inside = (self._times >= start) & (self._times < end)
        share = float(self._found[inside].mean()) if inside.any() else 0.0
        # Moments come in order of time, several dimensions at the same one: what lies before `start` is done with.
        keep = self._times >= start
        self._times, self._found = self._times[keep], self._found[keep]
        return share


def _values(stretch: FeatureChunk, name: str) -> list[np.ndarray]:
    return [sequence.values for sequence in stretch.features if sequence.name == name]


def _common_network(models: Sequence[TrainedModel]) -> FaceNetwork | None:
    """Return the one network of faces behind the models' features."""
    networks = {model.network.checksum: model.network for model in models if model.network is not None}
    if len(networks) > 1:
        raise ValaroError(
            f"the models' 'dface' comes from {len(networks)} different networks, expected one: train them on one store"
        )
    return next(iter(networks.values()), None)


def _check_features(model: TrainedModel) -> None:
    for name, version in zip(model.features, model.feature_versions, strict=True):
        now = str(feature_by_name(name, model.network).version)
        if now != version:
            raise ValaroError(
                f"{model.label} was trained on version {version} of feature '{name}', this valaro computes {now}: "
                "extract and train again"
            )
    for modality in model.classifier.shape.modalities:
        dim = feature_by_name(modality.name, model.network).dim
        if dim != modality.dim:
            raise ValaroError(f"{model.label} takes {modality.dim} numbers of '{modality.name}', this valaro has {dim}")
