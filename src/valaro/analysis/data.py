"""From runs to the rows that describe their data: corpora, faces, problems, what each training saw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from valaro.records import CorpusNote, CorpusSummary, FaceQuality, FoldResult, RunRecord, TestHalf

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class FaceTable:
    """Faces over all clips with video frames, the worst clip first."""

    clips: tuple[FaceQuality, ...]
    frames: int
    detected: int
    below_half: int
    without: int


@dataclass(frozen=True, kw_only=True)
class ProblemKind:
    """Problems of one step with one reason."""

    where: str
    why: str
    utterances: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How test data was kept apart, counted over all trainings."""

    trainings: int
    test_speakers: int
    shared: tuple[FoldResult, ...]
    """Trainings with a speaker in both validation and test."""
    labelled: tuple[int, int]
    unlabelled: tuple[int, int]
    excluded: tuple[int, int]
    halves: frozenset[TestHalf]
    """The halves of sessions that test: F and M by gender, A and B by speakers' names."""


def corpora(runs: Sequence[RunRecord]) -> tuple[CorpusSummary, ...]:
    """Return each distinct corpus row of the runs once, in order of appearance."""
    return _once(corpus for run in runs for corpus in run.corpora)


def notes(runs: Sequence[RunRecord]) -> tuple[CorpusNote, ...]:
    """Return what the page must say about its corpora, each note once."""
    return _once(note for run in runs for note in run.notes)


def faces(runs: Sequence[RunRecord]) -> FaceTable | None:
    """Return the faces of every clip of the runs, None where no clip has video frames."""
    return face_table(_once(face for run in runs for face in run.faces))


def face_table(faces: Iterable[FaceQuality]) -> FaceTable | None:
    """Return the faces of clips, None where none has video frames."""
    clips = sorted((face for face in faces if face.frames > 0), key=lambda face: (share(face), face.utterance))
    if not clips:
        return None
    return FaceTable(
        clips=tuple(clips),
        frames=sum(face.frames for face in clips),
        detected=sum(face.detected for face in clips),
        below_half=sum(share(face) < 0.5 for face in clips),
        without=sum(face.detected == 0 for face in clips),
    )


def share(face: FaceQuality) -> float:
    """Return the share of a clip's video frames with a face found, 0-1."""
    return face.detected / face.frames


def problems(runs: Sequence[RunRecord]) -> tuple[ProblemKind, ...]:
    """Return the problems grouped by step and reason, the most frequent first."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for problem in _once(problem for run in runs for problem in run.problems):
        kinds.setdefault((problem.where, problem.why), []).append(problem.utterance)
    grouped = [ProblemKind(where=where, why=why, utterances=tuple(names)) for (where, why), names in kinds.items()]
    return tuple(sorted(grouped, key=lambda kind: (-len(kind.utterances), kind.where, kind.why)))


def separation(runs: Sequence[RunRecord]) -> Separation | None:
    """Return how far test speakers were kept apart, checked on the stored predictions; None without a training."""
    results = [result for run in runs for result in run.results]
    if not results:
        return None
    return Separation(
        trainings=len(results),
        test_speakers=len({speaker for result in results for speaker in result.test.speakers}),
        shared=tuple(result for result in results if set(result.test.speakers) & set(result.validation.speakers)),
        labelled=_range(r.labelled for r in results),
        unlabelled=_range(r.unlabelled for r in results),
        excluded=_range(r.excluded for r in results),
        halves=frozenset(result.test_half for result in results),
    )


def _range(counts: Iterable[int]) -> tuple[int, int]:
    kept = tuple(counts)
    return min(kept), max(kept)


def _once(items: Iterable[Item]) -> tuple[Item, ...]:
    # By text, since a corpus row holds a dictionary and cannot be hashed; first come, first kept.
    return tuple({repr(item): item for item in items}.values())
