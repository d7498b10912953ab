"""Makes results of trainings by hand, for tests of what is said about them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from valaro.records import (
    CorpusNote,
    CorpusSummary,
    Coverage,
    Dimension,
    FeatureMap,
    FoldResult,
    HistoryPoint,
    Predictions,
    RunRecord,
)

UNLABELLED = ("SSBase", "SSGAN", "MSSGAN", "CT", "MeanTeacher", "SoftMatch", "ClassBalanced")
LINEAR = ("LR", "SVM")

PERFECT, GOOD, FAIR, POOR = [0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 0], [0, 0, 1, 0, 2, 0], [0, 1, 1, 0, 2, 0]
"""UAR 6/6, 5/6, 4/6, 3/6 on six utterances, two a level."""

WRONG = [1, 1, 2, 2, 0, 0]


def judged(speaker: str, predicted: list[int], *, prefix: str = "t") -> Predictions:
    """Six utterances of one speaker, two a level: low low medium medium high high."""
    return Predictions(
        ids=tuple(f"c/{speaker}-{prefix}{k}" for k in range(6)),
        speakers=(f"people/{speaker}",) * 6,
        probabilities=np.eye(3)[predicted] * 0.7 + 0.1,
        correct=np.eye(3, dtype=bool)[[0, 0, 1, 1, 2, 2]],
    )


def training(model: str, fold: str, seed: int, predicted: list[int], dimension: Dimension = "valence") -> FoldResult:
    """The test speaker is called like the fold; `model` is a method and, after a space, its features."""
    method, _, features = model.partition(" ")
    is_linear = method in LINEAR
    losses = {} if is_linear else {"labelled": 0.5, "real": 0.7}
    # A linear model counts strengths of its regularisation.
    history = tuple(
        HistoryPoint(step=step, losses=losses, validation_uar=step / 40)
        for step in ((1, 2, 3) if is_linear else (10, 20, 30))
    )
    return FoldResult(
        dimension=dimension,
        model=model,
        method=method,
        features=tuple((features or "fbank+face").split("+")),
        is_semi_supervised=method in UNLABELLED,
        is_linear=is_linear,
        fold=fold,
        session=fold.partition(" test ")[0],
        seed=seed,
        test=judged(fold, predicted),
        validation=judged(f"other-{fold}", [0, 0, 1, 1, 2, 0], prefix="v"),
        history=history,
        best_step=history[1].step,
        seconds=30.0,
        labelled=60,
        unlabelled=84,
        excluded=48,
    )


def a_run(results: Sequence[FoldResult]) -> RunRecord:
    return RunRecord(
        name="study",
        kind="cross-validation",
        settings="",
        environment={},
        fingerprint="",
        normalisation="auto",
        speaker_normalised=False,
        corpora=(),
        notes=(),
        results=tuple(results),
    )


def a_map(*, coverages: tuple[Coverage, ...] = ()) -> FeatureMap:
    """A low, a medium and a high sample in a row, two unlabelled ones, three generated, one of the test, high."""
    return FeatureMap(
        labelled=np.array([[-1.0, 0], [0, 0], [1, 0]]),
        levels=np.array([0, 1, 2]),
        unlabelled=np.array([[0.0, 0.5], [0, -0.5]]),
        generated=np.array([[0.25, 0.125], [0, 0], [9, -9]]),
        test=np.array([[1.0, 0.5]]),
        test_levels=np.array([2]),
        shares=(0.5, 0.125),
        step=30,
        coverages=coverages,
    )


def variant(model: str, setting: str, value: str, fold: str, predicted: list[int], **changes: object) -> FoldResult:
    """A training of a study that varies `setting`: its value stands in the label."""
    result = training(model, fold, 0, predicted)
    label = f"{model}, {setting.partition('.')[2]} {value}"
    return replace(result, model=label, unvaried=model, varied=((setting, value),), **changes)


def finished(results: Sequence[FoldResult], **changes: object) -> RunRecord:
    """A run with these results, on a corpus of four speakers whose labels are derived."""
    record = RunRecord(
        name="study",
        kind="cross-validation",
        settings='[study]\npreset = "default"\nlabels_per_class = 20\n',
        environment={"python": "3.11.7"},
        fingerprint="abc123",
        normalisation="combine",
        speaker_normalised=False,
        corpora=(
            CorpusSummary(
                corpus="c",
                utterances=12,
                labelled=12,
                speakers=4,
                sessions=2,
                seconds=75,
                levels={"valence": (4, 5, 3)},
            ),
        ),
        notes=(
            CorpusNote(
                corpus="c",
                text="Levels are derived from the acted category, they are not ratings.",
                kind="derived_labels",
            ),
        ),
        results=tuple(results),
    )
    return replace(record, **changes)
