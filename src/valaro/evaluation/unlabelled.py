"""What a fold may learn from without labels: no held-out person, however a recording names or hides them."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from valaro.evaluation.folds import Fold, without_ratings
from valaro.records import ANYONE, Utterance

FEW = 20
"""Unlabelled utterances under which semi-supervised training has next to nothing to learn from."""

OF_HELD_OUT_SPEAKER = "of a held-out speaker"
OF_HELD_OUT_SESSION = "of a held-out session"
HELD_OUT_ITSELF = "held out for validation or test"
IN_HELD_OUT_RECORDING = "from the recording of a held-out speaker"
OF_HELD_OUT_PEOPLE = "without a speaker's name, of the same people as a held-out speaker"
BESIDE_HELD_OUT = "without a speaker's name, in one folder with a held-out speaker's recordings"
WITHOUT_NAME = frozenset({OF_HELD_OUT_PEOPLE, BESIDE_HELD_OUT})
"""Reasons that fall away where somebody says who speaks."""


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """Why unlabelled utterances are not learnt from, and how many for this reason."""

    reason: str
    count: int


@dataclass(frozen=True, kw_only=True)
class UnlabelledSet:
    """Unlabelled utterances that a fold may learn from, and those kept away because a held-out person speaks."""

    utterances: tuple[Utterance, ...]
    excluded: tuple[Utterance, ...]
    exclusions: tuple[Exclusion, ...] = ()
    """The excluded ones, counted by reason."""
    strangers: int = 0
    """How many of the utterances have no speaker's name: taken for other people than the held-out ones."""


@dataclass(frozen=True, kw_only=True)
class _HeldOut:
    """What the held-out utterances are known by; `speakers_in` a recording are all that anything says of it."""

    ids: frozenset[str]
    speakers: frozenset[str]
    sessions: frozenset[tuple[str, str]]
    files: frozenset[str]
    folders: frozenset[str]
    people: frozenset[str]
    speakers_in: Mapping[str, frozenset[str]]


def unlabelled_set(fold: Fold, unlabelled: Iterable[Utterance]) -> UnlabelledSet:
    """Part `unlabelled` into what the fold may learn from and what it may not; ratings are stripped off.

    Left out are the held-out speakers, the held-out sessions, every recording file that a held-out utterance is cut
    from, and the validation and test utterances themselves under whatever speaker they are listed. A recording of which
    nobody says who speaks is of those who speak in the same file elsewhere. If nothing says that, either, it could be
    anyone of its people, and where these are not said, anyone whose recordings lie in the same folder.
    """
    offered = tuple(unlabelled)
    held_out = _held_out(fold, offered)
    kept: list[Utterance] = []
    excluded: list[Utterance] = []
    reasons: Counter[str] = Counter()
    strangers = 0
    for utterance in offered:
        reason = _why_not(utterance, held_out)
        (excluded if reason else kept).append(without_ratings(utterance))
        reasons[reason] += 1
        strangers += not reason and not utterance.is_speaker_known and not _speakers_in(utterance, held_out)
    return UnlabelledSet(
        utterances=tuple(kept),
        excluded=tuple(excluded),
        exclusions=tuple(Exclusion(reason=reason, count=count) for reason, count in reasons.most_common() if reason),
        strangers=strangers,
    )


def _held_out(fold: Fold, unlabelled: Sequence[Utterance]) -> _HeldOut:
    held_out = (*fold.validation, *fold.test)
    speakers_in: dict[str, set[str]] = defaultdict(set)
    for utterance in (*fold.train, *held_out, *unlabelled):
        if utterance.is_speaker_known:
            for file in _files(utterance):
                speakers_in[file].add(utterance.speaker)
    files = frozenset(file for utterance in held_out for file in _files(utterance))
    return _HeldOut(
        ids=frozenset(utterance.id for utterance in held_out),
        speakers=fold.held_out_speakers,
        sessions=fold.held_out_sessions,
        files=files,
        folders=frozenset(map(os.path.dirname, files)),
        people=frozenset(utterance.people for utterance in held_out),
        speakers_in={file: frozenset(speakers) for file, speakers in speakers_in.items()},
    )


def _why_not(utterance: Utterance, held_out: _HeldOut) -> str:
    """Return why the utterance may not be learnt from; nothing if it may."""
    files, speakers = _files(utterance), _speakers_in(utterance, held_out)
    if utterance.speaker in held_out.speakers or not speakers.isdisjoint(held_out.speakers):
        return OF_HELD_OUT_SPEAKER
    if (utterance.corpus, utterance.session) in held_out.sessions:
        return OF_HELD_OUT_SESSION
    if utterance.id in held_out.ids:
        return HELD_OUT_ITSELF
    if not held_out.files.isdisjoint(files):
        return IN_HELD_OUT_RECORDING
    if utterance.is_speaker_known or speakers:
        return ""
    if utterance.people in held_out.people:
        return OF_HELD_OUT_PEOPLE
    is_beside = utterance.people == ANYONE and not held_out.folders.isdisjoint(map(os.path.dirname, files))
    return BESIDE_HELD_OUT if is_beside else ""


def _speakers_in(utterance: Utterance, held_out: _HeldOut) -> frozenset[str]:
    """Return who speaks in the recording of an utterance whose speaker is not named, as far as anything says it."""
    if utterance.is_speaker_known:
        return frozenset()
    return frozenset[str]().union(*(held_out.speakers_in.get(file, frozenset()) for file in _files(utterance)))


def _files(utterance: Utterance) -> tuple[str, ...]:
    files = (utterance.media,) if utterance.sound is None else (utterance.media, utterance.sound)
    return tuple(map(_real, files))


@lru_cache(maxsize=200_000)
def _real(file: Path) -> str:
    # A link to a recording is that recording.
    return os.path.realpath(file)
