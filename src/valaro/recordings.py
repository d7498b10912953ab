"""From a recording to feature rows: the one path that extraction and prediction share, so that they cannot drift."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from valaro.errors import MediaError, SoundError, unknown_name
from valaro.features.face_network import FaceNetwork
from valaro.features.face_rows import LONGEST_HOLD, FaceRows, Rows
from valaro.features.framing import Framer, Windows
from valaro.features.protocols import HOP, FaceFeature
from valaro.features.table import FACE_FEATURES, FEATURE_NAMES, SOUND_FEATURES
from valaro.media.decode import Voice, stream_clips
from valaro.media.faces import FaceTracker
from valaro.records import (
    GRID_RATE,
    Clip,
    Extracted,
    FaceQuality,
    FaceTrack,
    FeatureSequence,
    Problem,
    Utterance,
)


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """What is wanted of a recording."""

    start: float = 0.0
    """Seconds."""
    end: float | None = None
    """Seconds; None: to the end."""
    region: tuple[float, float, float, float] | None = None
    """The part of the picture: left, top, right, bottom as fractions of it; None: all of it."""
    voice: Voice | None = None
    """Where the sound is, if in another file."""


WHOLE = Excerpt()


@dataclass(frozen=True, kw_only=True)
class FeatureChunk:
    """What was added since the last stretch: the same number of rows for every feature, from `start` seconds on.

    `track` has the video frames before the last row's end; a feature whose modality the recording lacks is absent.
    """

    start: float
    features: tuple[FeatureSequence, ...]
    track: FaceTrack | None
    problems: tuple[Problem, ...] = ()


def stream_features(
    media: Path,
    names: Sequence[str],
    *,
    excerpt: Excerpt = WHOLE,
    stretch: float = 2.0,
    network: FaceNetwork | None = None,
) -> Iterator[FeatureChunk]:
    """Yield the features called `names` of a recording, about `stretch` seconds at a time, in constant memory.

    The rows do not depend on `stretch`, to the last bit. There are ceil(100 x duration) of them, sound and picture
    alike: silence or the last face stands in where one is shorter. `dface` is what `network` makes of the faces.

    Raises:
        MediaError: nothing of the excerpt can be decoded.
    """
    for name in names:
        if name not in FEATURE_NAMES:
            raise unknown_name("feature", name, FEATURE_NAMES)
    sound_names = [name for name in names if name in SOUND_FEATURES]
    faces = [FACE_FEATURES[name](network) for name in names if name in FACE_FEATURES]
    clips = stream_clips(
        media,
        start=excerpt.start,
        end=excerpt.end,
        stretch=stretch,
        region=excerpt.region,
        sound=bool(sound_names) and (excerpt.voice or True),
        picture=bool(faces),
    )
    line: _Line | None = None
    for clip in clips:
        if line is None:
            # The first clip tells what there is: a modality that the recording lacks has no size at all.
            has_picture = clip.frames.shape[1] > 0
            line = _Line(excerpt, sound_names if len(clip.samples) else (), faces if has_picture else ())
        yield from line.push(clip)
    if line is not None:
        yield line.finish(media)


class _Line:
    """The rows under way of one recording: each feature's are kept until all have as many."""

    def __init__(self, excerpt: Excerpt, sound_names: Sequence[str], faces: Sequence[FaceFeature]) -> None:
        self._start = self._last_frame = excerpt.start
        self._end = excerpt.end
        self._sound_names, self._face_names = sound_names, [feature.name for feature in faces]
        self._sounds = [SOUND_FEATURES[name]() for name in sound_names]
        self._framer = Framer()
        self._tracker = FaceTracker() if faces else None
        self._faces = FaceRows(faces, excerpt.start)
        self._ready: dict[str, list[Rows]] = {name: [] for name in (*sound_names, *self._face_names)}
        self._tracks: list[FaceTrack] = []
        self._problems: tuple[Problem, ...] = ()
        self._samples = self._given = self._frames = self._found = 0
        self._last_times = np.zeros(0)

    def push(self, clip: Clip) -> Iterator[FeatureChunk]:
        self._problems += clip.problems
        self._samples += len(clip.samples)
        self._sound(self._framer.push(clip.samples))
        if self._tracker is not None and len(clip.frames):
            self._last_times = np.concatenate([self._last_times, clip.times])[-2:]
            self._face(self._tracker.track(clip.frames, clip.times))
            self._last_frame = float(clip.times[-1])
        # A sample less, since sound is cut at whole ones.
        until = clip.start + (len(clip.samples) - 1) / clip.sample_rate
        if self._tracker is not None and until - self._last_frame > LONGEST_HOLD:
            # The sound goes on without new pictures: its rows must not wait for them in memory.
            self._face(self._tracker.hold(until))
            self._add_faces(self._faces.hold(until))
        count = min(sum(len(rows) for rows in parts) for parts in self._ready.values())
        if count:
            yield self._stretch(count, self._start + (self._given + count) / GRID_RATE)

    def finish(self, media: Path) -> FeatureChunk:
        self._sound(self._framer.finish())
        total = self._total()
        if self._tracker is not None:
            self._face(self._tracker.finish())
            self._add_faces(self._faces.finish(total))
            if not self._found:
                why = f"no face was found in any of {self._frames} frames"
                self._problems += (Problem(utterance=str(media), where="faces", why=why),)
            if self._tracker.is_upside_down:
                why = "the face is upside down: turn the recording by 180 degrees, its face features are of little use"
                self._problems += (Problem(utterance=str(media), where="faces", why=why),)
        return self._stretch(total - self._given, np.inf)

    def _total(self) -> int:
        if self._sound_names:
            return -(-self._samples // HOP)
        interval = float(np.diff(self._last_times)[-1]) if len(self._last_times) > 1 else 1 / GRID_RATE
        until = float(self._last_times[-1]) + interval
        # Rounded first: 2.96 + 0.04 s must not make a row more than 3 s.
        rows = int(np.ceil(round((until - self._start) * GRID_RATE, 3)))
        return rows if self._end is None else min(rows, int(np.ceil(round((self._end - self._start) * GRID_RATE, 3))))

    def _sound(self, blocks: list[Windows]) -> None:
        for windows in blocks:
            for name, feature in zip(self._sound_names, self._sounds, strict=True):
                self._ready[name].append(feature(windows))

    def _face(self, track: FaceTrack) -> None:
        self._frames += len(track.detected)
        self._found += int(track.detected.sum())
        self._tracks.append(track)
        self._add_faces(self._faces.push(track.crops, track.times))

    def _add_faces(self, features: list[Rows]) -> None:
        for name, rows in zip(self._face_names, features, strict=True):
            self._ready[name].append(rows)

    def _stretch(self, count: int, until: float) -> FeatureChunk:
        begin = self._start + self._given / GRID_RATE
        features: list[FeatureSequence] = []
        for name, parts in self._ready.items():
            rows = np.concatenate(parts)
            features.append(FeatureSequence(name=name, values=rows[:count]))
            self._ready[name] = [rows[count:]]
        problems, self._problems = self._problems, ()
        self._given += count
        return FeatureChunk(start=begin, features=tuple(features), track=self._track_before(until), problems=problems)

    def _track_before(self, until: float) -> FaceTrack | None:
        if not self._tracks:
            return None
        whole = join_tracks(self._tracks)
        split = int(np.searchsorted(whole.times, until))
        self._tracks = [_part(whole, slice(split, None))]
        return _part(whole, slice(0, split))


def join_tracks(tracks: Sequence[FaceTrack]) -> FaceTrack:
    """Return successive tracks as one."""
    names = [field.name for field in fields(FaceTrack)]
    return FaceTrack(**{name: np.concatenate([getattr(track, name) for track in tracks]) for name in names})


def _part(track: FaceTrack, rows: slice) -> FaceTrack:
    return FaceTrack(**{field.name: getattr(track, field.name)[rows] for field in fields(FaceTrack)})


def extract_utterance(utterance: Utterance, names: Sequence[str], network: FaceNetwork | None = None) -> Extracted:
    """Return the features called `names` of an utterance; what its recording lacks is a Problem, never an exception."""
    sound = utterance.sound
    try:
        excerpt = Excerpt(
            start=utterance.start,
            end=utterance.end,
            region=utterance.face_region,
            voice=None if sound is None else Voice(path=sound, start=utterance.sound_start),
        )
        stretches = list(stream_features(utterance.media, names, excerpt=excerpt, network=network))
    except MediaError as error:
        faces = [name for name in names if name in FACE_FEATURES]
        if isinstance(error, SoundError) and faces:
            return _without_sound(utterance, faces, network, str(error))
        return Extracted(features=(), problems=(Problem(utterance=utterance.id, where="recording", why=str(error)),))
    problems = tuple(replace(problem, utterance=utterance.id) for part in stretches for problem in part.problems)
    tracks = [part.track for part in stretches if part.track is not None]
    quality = _quality(utterance.id, join_tracks(tracks)) if tracks else None
    features = tuple(
        FeatureSequence(name=name, values=np.concatenate([part.features[index].values for part in stretches]))
        for index, name in enumerate(feature.name for feature in stretches[0].features)
        # Without a single face there is nothing to learn from; its Problem says so.
        if name not in FACE_FEATURES or (quality is not None and quality.detected)
    )
    return Extracted(features=features, quality=quality, problems=problems)


def _without_sound(utterance: Utterance, names: Sequence[str], network: FaceNetwork | None, why: str) -> Extracted:
    """Return what the picture alone gives, and why the sound gives nothing."""
    seen = extract_utterance(utterance, names, network)
    return replace(seen, problems=(Problem(utterance=utterance.id, where="sound", why=why), *seen.problems))


def _quality(utterance: str, track: FaceTrack) -> FaceQuality:
    turned = np.abs(track.yaw[track.detected])
    return FaceQuality(
        utterance=utterance,
        frames=len(track.detected),
        detected=int(track.detected.sum()),
        mean_absolute_yaw=float(turned.mean()) if len(turned) else 0.0,
    )
