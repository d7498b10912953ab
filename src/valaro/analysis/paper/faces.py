"""Test utterances parted by where the face looks, or by the half of the picture, as in the paper's Table VIII."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from valaro.evaluation.interval import Interval
from valaro.evaluation.parts import accuracy_difference
from valaro.evaluation.scores import confusion_matrix, join_predictions, metric_of
from valaro.records import FaceQuality, Predictions

BOUNDARY = 0.1
"""Mean |yaw| of a clip up to which its face counts as frontal: 9 degrees, since 1 is a quarter turn.

Of 192 clips (`javanese_av`) whose actors all face the camera, half lie below 0.05 and 86 % below 0.1: up to there a
face wobbles and the detector is unsure, beyond it a head is turned. The paper does not say where it drew the line.
"""


@dataclass(frozen=True, kw_only=True)
class FacePart:
    """One part of the test utterances: how many clips, judged right and wrong over all trainings.

    `uar` over the levels present, all trainings together; None where no utterance was judged.
    """

    clips: int
    right: int
    wrong: int
    uar: float | None

    @property
    def accuracy(self) -> float | None:
        judged = self.right + self.wrong
        return self.right / judged if judged else None


@dataclass(frozen=True, kw_only=True)
class FaceSplit:
    """Frontal against side faces, or the left half against the right; `difference` of the accuracies of both parts.

    None where one part is empty.
    """

    first: FacePart
    second: FacePart
    difference: Interval | None
    unknown: int
    """Test utterances of which no face is known."""


def split_by_yaw(tests: Sequence[Predictions], faces: Iterable[FaceQuality]) -> FaceSplit:
    """Part the utterances of `tests` at the boundary; a tied level counts as right, as in all scores."""
    yaw = {face.utterance: face.mean_absolute_yaw for face in faces if face.detected}
    judged = {name for test in tests for name in test.ids}
    frontal = {name for name in judged if yaw.get(name, 2.0) <= BOUNDARY}
    return _split(tests, frontal, judged & yaw.keys() - frontal, unknown=len(judged - yaw.keys()))


def split_by_half(tests: Sequence[Predictions], faces: Iterable[FaceQuality]) -> FaceSplit:
    """Part the utterances of `tests` by the half of the picture, left first; a tied level counts as right."""
    half = {face.utterance: face.half for face in faces if face.half}
    judged = {name for test in tests for name in test.ids}
    left, right = ({name for name in judged if half.get(name) == side} for side in ("left", "right"))
    return _split(tests, left, right, unknown=len(judged - left - right))


def _split(tests: Sequence[Predictions], first: Set[str], second: Set[str], *, unknown: int) -> FaceSplit:
    return FaceSplit(
        first=_part(tests, first),
        second=_part(tests, second),
        difference=accuracy_difference(tests, first, second) if first and second else None,
        unknown=unknown,
    )


def _part(tests: Sequence[Predictions], names: Set[str]) -> FacePart:
    chosen = [test.of([name for name in test.ids if name in names]) for test in tests]
    kept = [test for test in chosen if test.ids]
    if not kept:
        return FacePart(clips=0, right=0, wrong=0, uar=None)
    matrix = confusion_matrix(join_predictions(kept))
    right, count = round(float(matrix.trace())), sum(len(test.ids) for test in kept)
    uar = float(metric_of(matrix[None], "uar")[0])
    return FacePart(clips=len(names), right=right, wrong=count - right, uar=uar)
