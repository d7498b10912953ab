"""Does the mouth move in the half of the picture where the speaker is said to sit?"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from valaro.checks.findings import Finding
from valaro.corpora.seats import LEFT, RIGHT, Region
from valaro.errors import MediaError, ValaroError
from valaro.media.decode import stream_clips
from valaro.media.faces import FaceTracker
from valaro.records import FaceTrack, Utterance

_MOUTH = (slice(42, 62), slice(16, 48))
_BROW = (slice(2, 22), slice(16, 48))
"""Rows and columns of a 64x64 crop: a head that moves moves both, speech the mouth alone."""

_LEAST = 10
"""Pairs of frames with a face, at least, for a movement to mean anything."""


def mouth_findings(utterances: Sequence[Utterance], *, each: int = 5) -> tuple[Finding, ...]:
    """Look at up to `each` utterances of every recording that shows two people side by side.

    A recording in most of whose utterances the mouth of the OTHER half moves more is a finding: the table of seats is
    wrong there, or the person is hardly seen.

    Raises:
        ValaroError: `each` is less than 1.
    """
    if each < 1:
        raise ValaroError(f"--mouths {each}: expected at least 1")
    by_media: dict[Path, list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        if utterance.face_region in {LEFT, RIGHT}:
            by_media[utterance.media].append(utterance)
    if not by_media:
        what = "Mouths that nobody could look at: no recording shows two people side by side"
        cases = (f"{len(utterances)} utterances, none of them with the region left or right",)
        return (Finding(what=what, cases=cases, is_fault=False),)
    swapped: list[str] = []
    unseen: list[str] = []
    for media, inside in sorted(by_media.items()):
        # Long turns tell most; of equal ones the first.
        longest = sorted(inside, key=lambda u: (-((u.end or np.inf) - u.start), u.id))[:each]
        looked = [seen for utterance in longest for seen in _compared(utterance)]
        if not looked:
            unseen.append(f"{media}: both faces are in none of {len(longest)} utterances")
        elif 2 * sum(looked) > len(looked):
            swapped.append(f"{media}: in {sum(looked)} of {len(looked)} utterances")
    found = (
        Finding(
            what="Recordings in which the mouth of the other half moves more", cases=tuple(swapped), is_fault=False
        ),
        Finding(what="Recordings whose mouths could not be compared", cases=tuple(unseen), is_fault=False),
    )
    return tuple(finding for finding in found if finding.cases)


def _compared(utterance: Utterance) -> Iterator[bool]:
    """Yield whether the other half's mouth moves more; nothing where a face is missing."""
    own = utterance.face_region
    assert own is not None
    here, there = (mouth_movement(utterance, region) for region in (own, RIGHT if own == LEFT else LEFT))
    if here is not None and there is not None:
        yield there > here


def mouth_movement(utterance: Utterance, region: Region) -> float | None:
    """Return how much more the mouth changes from frame to frame than the brow does (grey values, 0-255)."""
    tracker = FaceTracker()
    tracks: list[FaceTrack] = []
    try:
        clips = stream_clips(utterance.media, start=utterance.start, end=utterance.end, region=region, sound=False)
        tracks.extend(tracker.track(clip.frames, clip.times) for clip in clips if len(clip.frames))
    except MediaError:
        return None
    tracks.append(tracker.finish())
    crops = np.concatenate([track.crops for track in tracks]).astype(np.float32)
    found = np.concatenate([track.found for track in tracks])
    pairs = found[1:] & found[:-1]
    if pairs.sum() < _LEAST:
        return None
    changes = np.abs(np.diff(crops, axis=0))[pairs]
    return float(changes[:, *_MOUTH].mean() - changes[:, *_BROW].mean())
