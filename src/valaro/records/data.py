"""What a corpus gives: utterances, votes, notes, and what went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from unicodedata import is_normalized, normalize

Dimension = Literal["valence", "arousal"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

LEVELS: tuple[str, str, str] = ("low", "medium", "high")

LEVEL_SCORES: dict[str, float] = {"low": 1.0, "medium": 3.0, "high": 5.0}
"""A label given as a level is the vote of one annotator at the middle of that level's part of the 1-5 scale."""

Half = Literal["left", "right", ""]
"""The half of a picture that shows two people side by side; empty: not known, or no such picture."""

ANYONE = "?"
"""The people of a recording of which nobody said to which people its speaker belongs."""


@dataclass(frozen=True, kw_only=True)
class Rating:
    """One annotator's vote on one dimension; `score` on the 1-5 scale, 1 lowest."""

    annotator: str
    dimension: Dimension
    score: float


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """A stretch of a recording in which one person speaks; without ratings it is unlabelled.

    Names are kept in one Unicode form (NFC): however a system spells José, he is one person.
    """

    id: str
    """Unique over all corpora (`corpus/name`)."""
    corpus: str
    session: str
    speaker: str
    """A PERSON over all corpora (`people/name`): a leak shows even where two corpora recorded the same people."""
    gender: str
    """`F`, `M` or empty."""
    media: Path
    face_region: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom as fractions of the picture."""
    start: float = 0.0
    """Seconds of `media`."""
    end: float | None = None
    """Seconds of `media`; None: to the end."""
    ratings: tuple[Rating, ...] = ()
    sound: Path | None = None
    """The voice, if it was recorded in a file of its own."""
    sound_start: float = 0.0
    """Seconds of `sound` at which it begins."""
    script: str = ""
    """Names what is said where several people say the same."""
    stated_means: tuple[Rating, ...] = ()
    """Means of all votes as the corpus gives them; not recomputed, since IEMOCAP's count entries that are no votes."""

    def __post_init__(self) -> None:
        for field_name in ("id", "corpus", "session", "speaker", "script"):
            text = getattr(self, field_name)
            if not is_normalized("NFC", text):
                object.__setattr__(self, field_name, normalize("NFC", text))

    @property
    def people(self) -> str:
        """The people that the speaker belongs to (ANYONE: not said); corpora of the same people may share speakers."""
        return self.speaker.partition("/")[0]

    @property
    def is_speaker_known(self) -> bool:
        """Readers name a speaker nobody stated `people/?utterance`: it could be anyone of these people."""
        return not self.speaker.partition("/")[2].startswith("?")

    @property
    def half(self) -> Half:
        """The half of the picture in which the person is; empty where no half is named."""
        if self.face_region is None:
            return ""
        left, _, right, _ = self.face_region
        return "left" if right <= 0.5 else "right" if left >= 0.5 else ""

    def is_labelled(self, dimension: Dimension) -> bool:
        return any(rating.dimension == dimension for rating in self.ratings)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An item of bulk work that failed: which one (an utterance's id, or a file), at which step, and why."""

    utterance: str
    where: str
    why: str
    is_remark: bool = False
    """Nothing failed and nothing is lost, but it should be known: it makes no exit code."""
    is_absence: bool = False
    """The recording never had `where`, its sound or picture: with a sound file nothing went wrong."""

    @classmethod
    def absence(cls, utterance: str, where: str) -> "Problem":
        """Return the problem of a recording that has no sound, or no picture."""
        return cls(utterance=utterance, where=where, why=f"the recording has no {where}", is_absence=True)

    @property
    def is_fault(self) -> bool:
        """Whether something went wrong, of which an exit code speaks; no remark, and no absence."""
        return not (self.is_remark or self.is_absence)


NoteKind = Literal["", "derived_labels", "synthetic", "shared_scripts"]
"""What a note warns of: levels that stand for categories, clips of no camera, words that several sessions say."""


@dataclass(frozen=True, kw_only=True)
class CorpusNote:
    """What every page made from a corpus must say about it (synthetic, labels derived from acted categories ...)."""

    corpus: str
    text: str
    kind: NoteKind = ""

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> "CorpusNote":
        """Return the note of a `row`."""
        corpus, text, *kind = row
        return cls(corpus=str(corpus), text=str(text), kind=kind[0] if kind else "")

    @property
    def row(self) -> list[str]:
        """The note as files hold it: corpus, text, and the kind if it has one."""
        return [self.corpus, self.text, *filter(None, [self.kind])]
