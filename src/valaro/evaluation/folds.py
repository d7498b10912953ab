"""Folds in which no person and no session of the test part is ever learnt from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from valaro.errors import ValaroError, all_at_once
from valaro.labels.levels import level_of
from valaro.labels.soft_labels import soft_label_of
from valaro.records import LEVEL_SCORES, LEVELS, Dimension, TestHalf, Utterance
from valaro.rng import numpy_stream

Directions = Literal["coin", "both", "fixed"]
"""Who of a session tests: a seeded coin says it, each half in turn, or always the women (the first half)."""


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Training, validation and test utterances that share no speaker; training shares no session with the others.

    A fold that leaks cannot be made: the constructor refuses it, naming the speakers and sessions.
    """

    name: str
    train: tuple[Utterance, ...]
    validation: tuple[Utterance, ...]
    test: tuple[Utterance, ...] = ()
    session: str = ""
    """The session that is held out."""
    test_half: TestHalf = ""
    """The half of its speakers that tests."""

    def __post_init__(self) -> None:
        parts = {"training": self.train, "validation": self.validation, "test": self.test}
        faults = [
            f"speaker '{speaker}' is in both {first} and {second}"
            for first, second in (("training", "validation"), ("training", "test"), ("validation", "test"))
            for speaker in sorted(_speakers(parts[first]) & _speakers(parts[second]))
        ]
        faults += [
            f"session '{session}' of {corpus} is in both training and {part}"
            for part in ("validation", "test")
            for corpus, session in sorted(_sessions(self.train) & _sessions(parts[part]))
        ]
        faults += [f"no {part} utterances" for part in ("training", "validation") if not parts[part]]
        if faults:
            raise all_at_once(f"fold '{self.name}' would leak or is empty:", faults)

    @property
    def held_out_speakers(self) -> frozenset[str]:
        """Persons that training must never meet, with or without their labels."""
        return frozenset(_speakers(self.validation) | _speakers(self.test))

    @property
    def held_out_sessions(self) -> frozenset[tuple[str, str]]:
        """Sessions (corpus, name) of which training must never see a recording."""
        return frozenset(_sessions(self.validation) | _sessions(self.test))


def leave_one_session_out(
    utterances: Sequence[Utterance], *, seed: int = 0, directions: Directions = "coin"
) -> tuple[Fold, ...]:
    """Return a fold a session: it is held out, one gender for validation, the other for the test (section IV-C).

    Which gender tests is a seeded coin a fold; `directions` "both" gives each session twice, once in either direction,
    and "fixed" lets the women test.
    Only labelled utterances take part. A session without both genders is parted by speaker names instead.

    Raises:
        ValaroError: fewer than two sessions, a session with fewer than two speakers, a speaker in two sessions.
    """
    labelled, sessions = _labelled_sessions(utterances, "leave-one-session-out")
    several = len({corpus for corpus, _ in sessions}) > 1
    folds: list[Fold] = []
    for corpus, session in sessions:
        inside = [u for u in labelled if (u.corpus, u.session) == (corpus, session)]
        outside = tuple(u for u in labelled if (u.corpus, u.session) != (corpus, session))
        title = f"{corpus} {session}" if several else session
        halves = _halves(inside, title)
        coin = int(numpy_stream(seed, f"gender coin {corpus} {session}").integers(2))
        sides = {"coin": (coin,), "both": (coin, 1 - coin), "fixed": (0,)}
        for side in sides[directions]:
            (test_name, test), (_, validation) = halves[side], halves[1 - side]
            folds.append(
                Fold(
                    name=f"{title} test {test_name}",
                    train=outside,
                    validation=validation,
                    test=test,
                    session=title,
                    test_half=test_name,
                )
            )
    return tuple(folds)


def _labelled_sessions(utterances: Sequence[Utterance], what: str) -> tuple[list[Utterance], list[tuple[str, str]]]:
    labelled = [utterance for utterance in utterances if utterance.ratings]
    sessions = sorted(_sessions(labelled))
    if len(sessions) < 2:
        raise ValaroError(
            f"{what} needs at least two sessions of labelled utterances, found {len(sessions)}: "
            "fill the column 'session' (which speakers were recorded together)"
        )
    return labelled, sessions


def hold_out_for_validation(utterances: Sequence[Utterance], *, seed: int = 0) -> Fold:
    """Return a fold without a test part, for a model that is to be used: one session, drawn by `seed`, validates."""
    labelled, sessions = _labelled_sessions(utterances, "training")
    chosen = sessions[int(numpy_stream(seed, "validation session").integers(len(sessions)))]
    return Fold(
        name=f"validation {chosen[1]}",
        train=tuple(u for u in labelled if (u.corpus, u.session) != chosen),
        validation=tuple(u for u in labelled if (u.corpus, u.session) == chosen),
    )


def with_shuffled_labels(fold: Fold, dimension: Dimension, *, seed: int) -> Fold:
    """Return the fold with the ratings of `dimension` dealt out anew, in training and in validation apart, and renamed.

    Who learns from it learns nothing of the levels, and validation cannot tell either: whatever a test shows above
    chance got there by a leak. Each session that is held out has a shuffle of its own, and names of the levels that
    are dealt out, too: where most are medium, a model that says medium wherever many recordings lie would be above
    chance without having seen a label.
    """
    held_out = sorted(fold.held_out_sessions)
    names = numpy_stream(seed, f"renamed levels {dimension} {held_out}").permutation(len(LEVELS)).tolist()

    def dealt(utterances: tuple[Utterance, ...], part: str) -> tuple[Utterance, ...]:
        rated = [index for index, utterance in enumerate(utterances) if utterance.is_labelled(dimension)]
        # By the session: folds of one size would otherwise share one order, and all err in the same direction.
        dealer = numpy_stream(seed, f"shuffled labels {dimension} {part} {held_out}")
        givers = dict(zip(rated, dealer.permutation(rated).tolist(), strict=True))
        return tuple(
            _with_ratings_of(utterance, utterances[givers[index]], dimension, names) if index in givers else utterance
            for index, utterance in enumerate(utterances)
        )

    return replace(fold, train=dealt(fold.train, "training"), validation=dealt(fold.validation, "validation"))


def _with_ratings_of(utterance: Utterance, giver: Utterance, dimension: Dimension, names: Sequence[int]) -> Utterance:
    """Return the utterance with the giver's ratings of `dimension`, those of level k now of level `names[k]`."""
    kept = [rating for rating in utterance.ratings if rating.dimension != dimension]
    given = [
        replace(rating, score=LEVEL_SCORES[LEVELS[names[level_of(rating.score)]]])
        for rating in giver.ratings
        if rating.dimension == dimension
    ]
    return replace(utterance, ratings=(*kept, *given))


def few_labels(
    utterances: Sequence[Utterance], dimension: Dimension, *, per_level: int | None, seed: int
) -> tuple[tuple[Utterance, ...], tuple[Utterance, ...]]:
    """Return `per_level` labelled utterances a level and all others stripped of their ratings.

    A tied utterance stands for the lowest of its levels. A level with fewer gives all it has; None keeps every label.
    """
    labelled = [utterance for utterance in utterances if utterance.is_labelled(dimension)]
    rest = [without_ratings(u) for u in utterances if not u.is_labelled(dimension)]
    if per_level is None:
        return tuple(labelled), tuple(rest)
    rng = numpy_stream(seed, f"few labels {dimension}")
    levels = np.array([int(soft_label_of(utterance, dimension).argmax()) for utterance in labelled], dtype=int)
    chosen: set[int] = set()
    for level in range(len(LEVELS)):
        chosen.update(int(index) for index in rng.permutation(np.flatnonzero(levels == level))[:per_level])
    kept = tuple(utterance for index, utterance in enumerate(labelled) if index in chosen)
    rest += [without_ratings(utterance) for index, utterance in enumerate(labelled) if index not in chosen]
    return kept, tuple(rest)


def limited(utterances: Sequence[Utterance], most: int | None, *, seed: int) -> tuple[Utterance, ...]:
    """Return at most `most` of the utterances, in their order; of the same seed, more hold all that fewer held."""
    if most is None or most >= len(utterances):
        return tuple(utterances)
    drawn = numpy_stream(seed, "pool size").permutation(len(utterances))[:most]
    return tuple(utterances[index] for index in sorted(drawn.tolist()))


def without_ratings(utterance: Utterance) -> Utterance:
    """Return the utterance as an unlabelled one: what is not there cannot leak."""
    return replace(utterance, ratings=(), stated_means=())


def _halves(
    inside: Sequence[Utterance], session: str
) -> tuple[tuple[TestHalf, tuple[Utterance, ...]], tuple[TestHalf, tuple[Utterance, ...]]]:
    """Part a session's utterances into two named halves that share no speaker: by gender where both are there."""
    women = tuple(u for u in inside if u.gender == "F")
    men = tuple(u for u in inside if u.gender == "M")
    if women and men and len(women) + len(men) == len(inside):
        return ("F", women), ("M", men)
    speakers = sorted(_speakers(inside))
    if len(speakers) < 2:
        raise ValaroError(
            f"session '{session}' has one speaker only ('{speakers[0]}'): validation and test need different people. "
            "Give recordings of at least two speakers the same 'session'"
        )
    first = set(speakers[::2])
    return (
        ("A", tuple(u for u in inside if u.speaker in first)),
        ("B", tuple(u for u in inside if u.speaker not in first)),
    )


def _speakers(utterances: Iterable[Utterance]) -> set[str]:
    return {utterance.speaker for utterance in utterances}


def _sessions(utterances: Iterable[Utterance]) -> set[tuple[str, str]]:
    return {(utterance.corpus, utterance.session) for utterance in utterances}
