"""The pairs of models whose difference answers a question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from valaro.evaluation.significance import Interval, Resamples, holm
from valaro.records import AUTO, FoldResult, Predictions
from valaro.reports.contenders import Contender

POOL = "Do unlabelled recordings pay?"
GENERATOR = "Does the generator pay?"
FUSION = "Does joining the modalities pay?"
NETWORK = "Does a network pay?"
CHOICE = "Does a choice by validation pay?"
VARIANT = "Does the varied setting matter?"
RUN = "Do the runs differ?"
BEST = "The highest UAR against the rest"
QUESTIONS = (POOL, GENERATOR, FUSION, NETWORK, CHOICE, VARIANT, RUN, BEST)
"""Every pair stands under the first of these that it answers, so that none is shown twice."""

LEVEL = 0.05
"""A corrected p-value below this shows a difference."""

_ADVERSARIAL = frozenset({"SSGAN", "MSSGAN"})
_WITHOUT_GENERATOR = "CT"
"""The terms of SSGAN and MSSGAN that need no generator."""


@dataclass(frozen=True, kw_only=True)
class _Leaders:
    """Who has the highest validation UAR: of the networks and of the linear models, and of a model's variants.

    Chosen by validation: the best of many on the test itself would have been chosen for its luck.
    """

    kinds: Mapping[tuple[int, tuple[str, ...], bool], Contender]
    variants: Mapping[tuple[int, str, tuple[str, ...]], Contender]

    @staticmethod
    def among(contenders: Sequence[Contender]) -> "_Leaders":
        ranked = sorted(contenders, key=lambda contender: -contender.validation_uar)
        # The last to come stays: that is the highest, and of equal ones the first.
        models = [one for one in reversed(ranked) if one.method != AUTO]
        return _Leaders(
            kinds={(one.run, one.features, one.is_linear): one for one in models},
            variants={(one.run, one.method, one.features): one for one in models},
        )


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What `first` scores above `second` on the test utterances that both judged in the same fold and seed.

    `p` is that of the difference of UAR, `corrected` the same for the number of all `pairs` beside it, itself included.
    """

    question: str
    first: str
    second: str
    uar: Interval
    f1: Interval
    shared: int
    colour: int
    p: float
    corrected: float = 1.0
    pairs: int = 1

    @property
    def is_shown(self) -> bool:
        """Whether a difference is shown: not by its own interval alone, but after correction for all pairs."""
        return not self.uar.holds_zero and self.corrected < LEVEL

    @property
    def name(self) -> str:
        return f"{self.first} − {self.second}"

    def seen_from(self, label: str) -> "Difference":
        """Return the same with the model called `label` as the first of the two."""
        if label == self.first:
            return self
        return replace(self, first=self.second, second=self.first, uar=_turned(self.uar), f1=_turned(self.f1))


def differences(contenders: Sequence[Contender]) -> tuple[Difference, ...]:
    """Return the pairs that answer a question, question by question; `contenders` come the highest UAR first.

    The model that the question is about is the first of its pair: a positive difference means yes.
    """
    leaders = _Leaders.among(contenders)
    found: list[Difference] = []
    for higher, lower in combinations(contenders, 2):
        first, second, question = higher, lower, _question(higher, lower, leaders)
        if not question:
            first, second, question = lower, higher, _question(lower, higher, leaders)
        if not question and higher is contenders[0]:
            first, second, question = higher, lower, BEST
        difference = difference_between(first, second, question) if question else None
        if difference:
            found.append(difference)
    corrected = holm([difference.p for difference in found])
    found = [replace(one, corrected=p, pairs=len(found)) for one, p in zip(found, corrected, strict=True)]
    return tuple(sorted(found, key=lambda difference: QUESTIONS.index(difference.question)))


def difference_between(first: Contender, second: Contender, question: str) -> Difference | None:
    """Return what `first` scores above `second`; None where they judged nothing in the same fold and seed."""
    pairs = _shared_tests(first.results, second.results)
    return _difference(question, first, second, pairs) if pairs else None


def _question(asking: Contender, asked: Contender, leaders: _Leaders) -> str:
    """Return what `asking` against `asked` answers: both the same but for one thing; empty if it is nothing."""
    if asking.run != asked.run:
        return RUN if asking.model == asked.model else ""
    if AUTO in (asking.method, asked.method):
        return CHOICE if asking.method == AUTO and asked.method != AUTO else ""
    if asking.varied and asked.varied and asking.varied != asked.varied:
        alike = (asking.method, asking.features) == (asked.method, asked.features)
        return VARIANT if alike and leaders.variants[asking.run, asking.method, asking.features] is asking else ""
    if asking.features != asked.features:
        both = {asking.method, asked.method} <= _ADVERSARIAL
        return FUSION if both and set(asking.features) > set(asked.features) else ""
    if asking.uses_pool and not asked.uses_pool and not asked.is_linear:
        return POOL
    if asking.method in _ADVERSARIAL and asked.method == _WITHOUT_GENERATOR:
        return GENERATOR
    lead = all(leaders.kinds[one.run, one.features, one.is_linear] is one for one in (asking, asked))
    return NETWORK if lead and asked.is_linear and not asking.is_linear else ""


def _difference(
    question: str, first: Contender, second: Contender, pairs: Sequence[tuple[Predictions, Predictions]]
) -> Difference:
    ours, theirs = _resampled(first, [a for a, _ in pairs]), _resampled(second, [b for _, b in pairs])
    return Difference(
        question=question,
        first=first.label,
        second=second.label,
        uar=ours.above(theirs, "uar"),
        f1=ours.above(theirs, "f1"),
        shared=len(pairs),
        colour=first.colour,
        p=ours.p_above(theirs, "uar"),
    )


def _resampled(contender: Contender, shared: Sequence[Predictions]) -> Resamples:
    """Resample what both of a pair judged: all of a contender's tests as a rule, for which that is done already."""
    whole = [result.test for result in contender.results]
    if [part.ids for part in shared] == [part.ids for part in whole]:
        return contender.resamples
    return Resamples(shared)


def _turned(interval: Interval) -> Interval:
    return Interval(value=-interval.value, low=-interval.high, high=-interval.low)


def _shared_tests(first: Sequence[FoldResult], second: Sequence[FoldResult]) -> list[tuple[Predictions, Predictions]]:
    """Pair the tests of the same fold and seed, on the utterances that both judged."""
    theirs = {(result.fold, result.seed): result.test for result in second}
    pairs: list[tuple[Predictions, Predictions]] = []
    for result in first:
        other = theirs.get((result.fold, result.seed))
        known = set(other.ids) if other else set[str]()
        shared = [name for name in result.test.ids if name in known]
        if other and shared:
            pairs.append((_only(result.test, shared), _only(other, shared)))
    return pairs


def _only(predictions: Predictions, ids: Sequence[str]) -> Predictions:
    place = {name: row for row, name in enumerate(predictions.ids)}
    rows = [place[name] for name in ids]
    return Predictions(
        ids=tuple(ids),
        speakers=tuple(predictions.speakers[row] for row in rows),
        probabilities=predictions.probabilities[rows],
        correct=predictions.correct[rows],
    )
