"""What training and prediction give: answers, results, runs, timelines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from valaro.records.data import CorpusNote, Dimension, Problem
from valaro.records.media import FaceQuality

AUTO = "auto"
"""The method of a result that is that of whichever model validation chose."""

Normalisation = Literal["auto", "none", "self", "shift", "combine"]
"""How the unlabelled set is scaled (paper, Fig. 7): not at all; by its own statistics; by those of the labelled data;
both by joint ones. `auto`: shift within the labelled corpora, self for every other corpus."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """A model's answers on utterances: all that a score or a figure needs.

    `probabilities` sum to 1 over the levels; `correct` marks every level that counts as right (several on a tie);
    `speakers` are the persons behind the ids, for intervals that respect them.
    """

    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    probabilities: Float[np.ndarray, "n 3"]
    correct: Bool[np.ndarray, "n 3"]

    def of(self, ids: Sequence[str]) -> "Predictions":
        """Return the answers on the utterances `ids`, in that order."""
        row_of = {name: row for row, name in enumerate(self.ids)}
        rows = [row_of[name] for name in ids]
        return Predictions(
            ids=tuple(ids),
            speakers=tuple(self.speakers[row] for row in rows),
            probabilities=self.probabilities[rows],
            correct=self.correct[rows],
        )


@dataclass(frozen=True, kw_only=True)
class HistoryPoint:
    """One evaluation during training: the step, the mean losses since the last one by name, validation UAR (0-1)."""

    step: int
    losses: dict[str, float]
    validation_uar: float


AlarmKind = Literal[
    "fake_told_apart", "diverged", "generator_exploded", "features_flat", "one_level", "distant_corpus", "missing_level"
]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A sign of collapse seen at an evaluation of a training; `valaro.reports.alarms` has the words of each kind."""

    kind: AlarmKind
    step: int
    about: tuple[str, ...] = ()
    """What it concerns: whose features are flat, the level, or the corpus and the feature."""
    numbers: tuple[float, ...] = ()
    """What was measured: both losses; a loss and what guessing costs, or what it was first; a deviation; a count."""


TestHalf = Literal["F", "M", "A", "B", ""]
"""Which of a session's speakers test: the women, the men, or one of two halves by name; empty: not parted so."""

FeatureKind = Literal["learnt", "all"]
"""What a network's last layer sees: what encoders have learnt, or the statistics of the input beside it, too."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The share (0-1) of real recordings that have a `generated` sample as near as their `nearest`-th real neighbour.

    `possible` is that share with as many other real recordings in the generator's place; each of the three groups holds
    `samples`, looked at in some `features`.
    """

    features: FeatureKind
    generated: float
    possible: float
    samples: int
    nearest: int


@dataclass(frozen=True, kw_only=True)
class FeatureMap:
    """Where a network has samples, by the features that it has learnt.

    The two directions are those in which the real samples of training differ most, the unit their deviation along the
    first; `shares` of their variance (0-1) lie along each. A sample is one crop of a recording. `levels` are 0 low,
    1 medium, 2 high (on a tie the lower); `test` are recordings of held-out people. The weights are those of `step`.
    `coverages` are none without a generator, or with too few recordings.
    """

    labelled: Float[np.ndarray, "l 2"]
    levels: Int[np.ndarray, " l"]
    unlabelled: Float[np.ndarray, "u 2"]
    generated: Float[np.ndarray, "g 2"]
    test: Float[np.ndarray, "t 2"]
    test_levels: Int[np.ndarray, " t"]
    shares: tuple[float, float]
    step: int
    coverages: tuple[Coverage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FoldResult:
    """What one training of a cross-validation left: who was held out, what it predicted, how it learnt.

    `method`, `features`, `is_semi_supervised` and `is_linear` say what may be compared with what.
    """

    dimension: Dimension
    model: str
    """Its row in a table."""
    method: str
    features: tuple[str, ...]
    is_semi_supervised: bool
    """It learns from unlabelled recordings."""
    is_linear: bool
    """It has no network."""
    fold: str
    seed: int
    test: Predictions
    validation: Predictions
    history: tuple[HistoryPoint, ...]
    best_step: int
    seconds: float
    labelled: int
    unlabelled: int
    excluded: int
    """Recordings left out of the unlabelled set because their speaker is held out."""
    alarms: tuple[Alarm, ...] = ()
    varied: tuple[tuple[str, str], ...] = ()
    """The settings that tell it from the study's other variants, as (section.name, value)."""
    shuffled: bool = False
    """The control: labels to learn from and to validate with were dealt out at random, so it must be at chance."""
    chosen: str = ""
    """The model that validation chose, where that was asked for."""
    normalisation: str = ""
    """How its unlabelled recordings were scaled; empty where it used none."""
    feature_map: FeatureMap | None = None
    """Of one fold and seed a study alone: run folders stay small."""
    unvaried: str = ""
    """`model` without the values in `varied`."""
    session: str = ""
    """The session that the fold holds out."""
    test_half: TestHalf = ""
    """The half of that session's speakers that tests."""


@dataclass(frozen=True, kw_only=True)
class TimelineSegment:
    """What a model says about a stretch of a recording, `start` and `end` in seconds."""

    dimension: Dimension
    start: float
    end: float
    level: str
    probability: float
    probabilities: tuple[float, float, float]
    face_found: float = 0.0
    """Share of the stretch's video frames in which a face was found, 0-1."""
    expressions: tuple[float, ...] = ()
    """How likely each of the timeline's expressions is, the mean over its faces; empty: none asked for, or no face."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A recording's moments in order of time, with thumbnails of the face followed and what went wrong on the way."""

    recording: Path
    duration: float
    moments: tuple[TimelineSegment, ...]
    thumbnails: tuple["Thumbnail", ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[CorpusNote, ...] = ()
    model: str = ""
    expressions: tuple[str, ...] = ()
    """Names of the expressions that the moments tell of; empty: none were asked for."""


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A face as the network saw it at `time` seconds."""

    time: float
    crop: UInt8[np.ndarray, "64 64"]


@dataclass(frozen=True, kw_only=True)
class LevelTally:
    """How many utterances of a corpus are low, medium, high on a dimension, counted in two ways."""

    corpus: str
    dimension: Dimension
    utterances: int
    """That somebody rated on this dimension."""
    votes: int
    """Of all annotators together."""
    by_mean: tuple[int, int, int]
    """By the level of the annotators' mean."""
    by_soft_label: tuple[int, int, int]
    """By the level that most annotators' votes have; an utterance whose annotators tie counts in each of its levels."""
    ties: int
    """Utterances that count in several levels."""
    paper: tuple[int, int, int] | None = None
    """What the paper prints, by mean vote, where this is the whole corpus that it used."""


@dataclass(frozen=True, kw_only=True)
class CorpusSummary:
    """A row of a report's data table: what one corpus contributed, counts of utterances unless a unit is named."""

    corpus: str
    utterances: int
    labelled: int
    speakers: int
    sessions: int
    seconds: float
    levels: dict[str, tuple[int, int, int]] = field(default_factory=dict[str, tuple[int, int, int]])
    """Utterances a level (low, medium, high) by dimension; a tie is counted in each of its levels."""
    tallies: tuple[LevelTally, ...] = ()
    """Every way in which the levels are counted, a row a dimension that somebody rated."""


@dataclass(frozen=True, kw_only=True)
class RunAbout:
    """What a run is about, written before its first result."""

    kind: Literal["cross-validation", "training"]
    settings: str
    """The complete settings as TOML."""
    environment: dict[str, str]
    """Versions and machine."""
    fingerprint: str
    """Of manifests and store."""
    normalisation: str
    """That setting's value."""
    speaker_normalised: bool
    """Each speaker's own unlabelled recordings set the scale, test speakers included: reports name it by the score."""
    corpora: tuple[CorpusSummary, ...]
    notes: tuple[CorpusNote, ...]
    faces: tuple[FaceQuality, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What extraction could not do for its utterances."""
    paper: str = ""
    """The table or figure of the paper that the study is (`table_7`)."""
    stand_ins: dict[str, str] = field(default_factory=dict[str, str])
    """Features of the paper -> those that stand for them."""
    planned: tuple[str, ...] = ()
    """Names of the results that it has once it is finished."""


@dataclass(frozen=True, kw_only=True)
class RunRecord(RunAbout):
    """A run as a report needs it: what it is about, and what came out so far."""

    name: str
    results: tuple[FoldResult, ...]
    missing: tuple[str, ...] = ()
    """Names of planned results that are not there."""
    failures: tuple[Problem, ...] = ()
    """Why some are not."""
    damaged: tuple[Problem, ...] = ()
    """Results that are there and cannot be read."""

    @property
    def judged(self) -> tuple[FoldResult, ...]:
        """The results that are of interest in themselves: all but the control's."""
        return tuple(result for result in self.results if not result.shuffled)
