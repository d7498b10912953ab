"""How much more the mouth in one half of a picture moves with the sound than that in the other half."""

import numpy as np
from jaxtyping import Bool, Float

from valaro.corpora.speaker_positions import LEFT, RIGHT, Region
from valaro.errors import MediaError
from valaro.media.decode import Voice, stream_clips
from valaro.media.faces import FaceTracker
from valaro.recordings import join_tracks
from valaro.records import FaceTrack, Utterance

MOUTH = (slice(42, 62), slice(16, 48))
"""Rows and columns of a 64x64 crop."""

_LEAST = 1.0
"""Seconds with both faces, at least, for a correlation to mean anything."""

_SMOOTH = 0.17
"""Seconds over which both are averaged: about a syllable."""

_BEFORE, _AFTER = 0.1, 0.034
"""Seconds by which the mouth may move before the sound, or after it."""

_FLOOR = 1e-4
"""The part of the loudest moment's power below which all is silence."""

Series = Float[np.ndarray, " t"]


def sound_against_mouths(utterance: Utterance) -> float | None:
    """Return the correlation (-1 to 1) of the sound with the mouth of the utterance's half, less that of the other.

    A listener may move as much as the speaker, or more, but not when the voice is loud and still when it is not: what
    counts is not how much a mouth moves but when. None where a face or the sound is missing, or too little is there.
    """
    own = utterance.face_region
    assert own is not None
    try:
        own_face, power = _watched(utterance, own, sound=True)
        other_face, _ = _watched(utterance, RIGHT if own == LEFT else LEFT, sound=False)
    except MediaError:
        return None
    seen = _both(own_face.detected, other_face.detected)
    times = own_face.times
    length = float(times[-1] - times[0]) if len(times) > 1 else 0.0
    if not length or seen.mean() * length < _LEAST or power is None or not power.max() > 0:
        return None
    rate = (len(times) - 1) / length
    loudness = np.log10(power / power.max() + _FLOOR)[1:]
    mouths = [_smooth(_movement(track, seen), rate) for track in (own_face, other_face)]
    return _correlation(_standard(mouths[0]) - _standard(mouths[1]), _smooth(loudness, rate), rate)


def _watched(utterance: Utterance, region: Region, *, sound: bool) -> tuple[FaceTrack, Series | None]:
    """Return the face of a half, and the power of the sound around each of its frames.

    Raises:
        MediaError: nothing of it can be decoded.
    """
    voice = None if utterance.sound is None else Voice(path=utterance.sound, start=utterance.sound_start)
    tracker = FaceTracker()
    tracks: list[FaceTrack] = []
    samples: list[np.ndarray] = []
    rate, start = 0, utterance.start
    clips = stream_clips(
        utterance.media, start=utterance.start, end=utterance.end, region=region, sound=sound and (voice or True)
    )
    for clip in clips:
        samples.append(clip.samples)
        rate = clip.sample_rate or rate
        if len(clip.frames):
            tracks.append(tracker.track(clip.frames, clip.times))
    tracks.append(tracker.finish())
    track = join_tracks(tracks)
    heard = np.concatenate(samples) if sound and samples else np.zeros(0, np.float32)
    return track, _power(heard, rate, track.times - start) if len(heard) else None


def _power(samples: np.ndarray, rate: int, times: Series) -> Series:
    """Return the mean power of 80 ms around each time."""
    sums = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    first, last = (np.clip(((times + shift) * rate).astype(int), 0, len(samples)) for shift in (-0.02, 0.06))
    return (sums[last] - sums[first]) / np.maximum(last - first, 1)


def _both(first: Bool[np.ndarray, " t"], second: Bool[np.ndarray, " t"]) -> Bool[np.ndarray, " u"]:
    """Return whether two frames in succession show both faces, for each frame but the first."""
    shown = first[: len(second)] & second[: len(first)]
    return shown[1:] & shown[:-1] if len(shown) > 1 else np.zeros(1, bool)


def _movement(track: FaceTrack, seen: Bool[np.ndarray, " t"]) -> Series:
    """Return the logarithm of how much the mouth changes from frame to frame (grey values), its mean where unseen."""
    mouths = track.crops[: len(seen) + 1, *MOUTH].astype(np.float32)
    changes = np.log(np.abs(np.diff(mouths, axis=0)).mean(axis=(1, 2)) + 0.5)
    return np.where(seen, changes, changes[seen].mean()).astype(np.float64)


def _smooth(values: Series, rate: float) -> Series:
    width = max(round(_SMOOTH * rate), 1)
    return np.convolve(values, np.ones(width) / width, "same")


def _standard(values: Series) -> Series:
    deviation = float(values.std())
    return (values - values.mean()) / deviation if deviation > 1e-9 else np.zeros_like(values)


def _correlation(movement: Series, loudness: Series, rate: float) -> float | None:
    """Return the strongest correlation over the delays that a voice may have behind its mouth."""
    count = min(len(movement), len(loudness))
    movement, loudness = movement[:count], loudness[:count]
    delays = range(-round(_AFTER * rate), round(_BEFORE * rate) + 1)
    pairs = (
        (movement[max(0, -d) : count - max(0, d)], loudness[max(0, d) : count - max(0, -d)])
        for d in delays
        if count - abs(d) > 1
    )
    strengths = [float(np.mean(_standard(m) * _standard(s))) for m, s in pairs]
    return max(strengths, key=abs) if any(strengths) else None
