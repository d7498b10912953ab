"""Does the mouth that moves with the sound sit in the half of the picture where the speaker is said to sit?"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from valaro.checks.findings import Finding, look
from valaro.checks.mouth_movement import sound_against_mouths
from valaro.corpora.speaker_positions import LEFT, RIGHT
from valaro.errors import ValaroError
from valaro.records import Utterance

MARGIN = 0.25
"""Of the correlation in one utterance, at which a half is believed; for the mean of n, it is divided by their root.

Measured by benchmarks/mouths.py: the wrong half is rarely believed, and where neither is, that is said.
"""


def side_by_side(utterances: Sequence[Utterance]) -> Mapping[Path, Sequence[Utterance]]:
    """Return the recordings that show two people side by side, each with its utterances."""
    by_media: dict[Path, list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        if utterance.face_region in {LEFT, RIGHT}:
            by_media[utterance.media].append(utterance)
    return by_media


def mouth_findings(
    utterances: Sequence[Utterance], *, each: int = 5, on_looked: Callable[[], None] | None = None
) -> tuple[Finding, ...]:
    """Look at up to `each` utterances of every recording that shows two people side by side.

    A recording in which the mouth of the OTHER half moves with the sound is a finding: the table of seats is wrong
    there. So is one that cannot tell. `on_looked` is called after each recording.

    Raises:
        ValaroError: `each` is less than 1.
    """
    if each < 1:
        raise ValaroError(f"--mouths {each}: expected at least 1")
    by_media = side_by_side(utterances)
    if not by_media:
        what = "Mouths that nobody could look at: no recording shows two people side by side"
        cases = (f"{len(utterances)} utterances, none of them with the region left or right",)
        return (look(what, cases),)
    evidence: dict[Path, list[float | None]] = {}
    for media, inside in sorted(by_media.items()):
        evidence[media] = _evidence(inside, each)
        if on_looked is not None:
            on_looked()
    return _findings(evidence)


def _evidence(utterances: Sequence[Utterance], each: int) -> list[float | None]:
    """Return how much more sound and mouth move together in the own half; None for an utterance that cannot tell."""
    # Long turns tell most; of equal ones the first.
    longest = sorted(utterances, key=lambda u: (-((u.end or np.inf) - u.start), u.id))[:each]
    return [sound_against_mouths(utterance) for utterance in longest]


def is_own_half(evidence: Sequence[float]) -> bool | None:
    """Return whether the half is the speaker's by the utterances' evidence; None: they cannot tell.

    >>> is_own_half([0.2]), is_own_half([0.2, 0.2]), is_own_half([-0.5, 0.1])
    (None, True, False)
    """
    if not evidence:
        return None
    mean = float(np.mean(evidence))
    return mean > 0 if abs(mean) >= MARGIN / np.sqrt(len(evidence)) else None


def _findings(evidence: Mapping[Path, Sequence[float | None]]) -> tuple[Finding, ...]:
    swapped: list[str] = []
    unclear: list[str] = []
    unseen: list[str] = []
    for media, looked in evidence.items():
        heard = [value for value in looked if value is not None]
        is_own = is_own_half(heard)
        words = f"{media}: {len(heard)} utterances, sound and mouth correlate {np.mean(heard or [0]):+.2f} more here"
        if not heard:
            unseen.append(f"{media}: two faces and a sound that varies are in none of {len(looked)} utterances")
        elif is_own is None:
            unclear.append(words)
        elif not is_own:
            swapped.append(words)
    findings = (
        look("Recordings in which the mouth of the other half moves with the sound", swapped),
        look("Recordings whose mouths cannot tell who speaks: look at them yourself", unclear),
        look("Recordings whose mouths could not be compared", unseen),
    )
    return tuple(result for result in findings if result.cases)
