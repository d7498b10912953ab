"""What a check brings home: what is not as it should be, and the facts that people want to see of their data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from valaro.evaluation.unlabelled import Exclusion
from valaro.records import CorpusNote, CorpusSummary, Dimension, FaceQuality


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that should not be so, and every case of it; not a `fault` if it may be right and is worth a look."""

    what: str
    cases: tuple[str, ...]
    is_fault: bool = True


def finding(what: str, cases: Iterable[str]) -> Finding:
    """Return what is wrong."""
    return Finding(what=what, cases=tuple(cases))


def look(what: str, cases: Iterable[str]) -> Finding:
    """Return what may be right and is worth a look."""
    return Finding(what=what, cases=tuple(cases), is_fault=False)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far the annotators of a corpus agree on a dimension: Krippendorff's alpha of scores and of levels."""

    corpus: str
    dimension: Dimension
    rated: int
    votes: int
    ties: int
    alpha: float | None
    alpha_of_levels: float | None


@dataclass(frozen=True, kw_only=True)
class SpeakerFacts:
    """A person's share of the data; `levels` are counts of low, medium, high by dimension, a tie in each of its levels.

    `loudness` is the median and the quartiles over their utterances in dB below or above the median of all; `face` the
    share of video frames with a face. None where there is no such feature.
    """

    speaker: str
    corpus: str
    gender: str
    session: str
    utterances: int
    labelled: int
    seconds: float
    levels: Mapping[str, tuple[int, int, int]] = field(default_factory=dict[str, tuple[int, int, int]])
    loudness: tuple[float, float, float] | None = None
    face: float | None = None


@dataclass(frozen=True, kw_only=True)
class FoldUse:
    """What a training may use while one session is held out, in utterances."""

    dimension: Dimension
    fold: str
    labelled: int
    """To learn from, with their labels."""
    held_out: int
    """Labelled ones that validate and test."""
    unlabelled: int
    """To learn from, without labels."""
    exclusions: tuple[Exclusion, ...]
    """Unlabelled ones that are not learnt from, by reason."""
    strangers: int
    """Of the unlabelled to learn from, those whose speaker nobody names."""


@dataclass(frozen=True, kw_only=True)
class CheckRecord:
    """All that a check found; `seconds` are the durations that are known, utterance by utterance."""

    manifests: tuple[str, ...]
    store: str
    notes: tuple[CorpusNote, ...]
    corpora: tuple[CorpusSummary, ...]
    speakers: tuple[SpeakerFacts, ...]
    agreements: tuple[Agreement, ...]
    seconds: tuple[float, ...]
    faces: tuple[FaceQuality, ...]
    findings: tuple[Finding, ...]
    folds: tuple[FoldUse, ...] = ()

    @property
    def faults(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_fault)
