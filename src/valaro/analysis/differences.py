"""The pairs of models whose difference answers a question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal, get_args

import numpy as np

from valaro.analysis.model_results import ModelResult
from valaro.evaluation.interval import Interval
from valaro.evaluation.significance import Resamples, holm
from valaro.records import AUTO, FoldResult, Predictions

Question = Literal["unlabelled", "generator", "fusion", "network", "choice", "variant", "run", "best"]
"""What a pair answers: unlabelled recordings, the generator, joining modalities, a network, a choice by validation, the
varied setting; what two runs differ by; how the highest UAR stands against the rest."""

QUESTIONS: tuple[Question, ...] = get_args(Question)
"""Every pair stands under the first of these that it answers, so that none is shown twice."""

UNLABELLED, GENERATOR, FUSION, NETWORK, CHOICE, VARIANT, RUN, BEST = QUESTIONS

LEVEL = 0.05
"""A corrected p-value below this shows a difference."""

_ADVERSARIAL = frozenset({"SSGAN", "MSSGAN"})
_WITHOUT_GENERATOR = "CT"
"""The terms of SSGAN and MSSGAN that need no generator."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What `first` scores above `second` on the test utterances that both judged in the same fold and seed.

    `p` is that of the difference of UAR, `corrected` the same for the number of `pairs` that it could have been: of all
    that answer a question, or, where its first is the highest UAR of all, of every pair of models.
    """

    question: Question | None
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
        """Whether a difference is shown: not by its own interval alone, but after correction for many pairs."""
        return not self.uar.includes_zero and self.corrected < LEVEL

    def seen_from(self, label: str) -> "Difference":
        """Return the same with the model called `label` as the first of the two."""
        if label == self.first:
            return self
        return replace(self, first=self.second, second=self.first, uar=_turned(self.uar), f1=_turned(self.f1))


def differences(models: Sequence[ModelResult]) -> tuple[Difference, ...]:
    """Return the pairs that answer a question, question by question; `models` come the highest UAR first.

    The model that the question is about is the first of its pair: a positive difference means yes. Which pairs answer a
    question is known without the test. Which model is the highest is not: its pairs are corrected for all pairs.
    """
    answers: list[Difference] = []
    for higher, lower in combinations(models, 2):
        first, second, question = higher, lower, _question(higher, lower, models)
        if not question:
            first, second, question = lower, higher, _question(lower, higher, models)
        if not question and higher is models[0]:
            first, second, question = higher, lower, BEST
        difference = difference_between(first, second, question) if question else None
        if difference:
            answers.append(difference)
    asked = [difference for difference in answers if difference.question != BEST]
    best = [difference for difference in answers if difference.question == BEST]
    answers = [*_corrected(asked, len(asked)), *_corrected(best, len(models) * (len(models) - 1) // 2)]
    return tuple(sorted(answers, key=lambda difference: QUESTIONS.index(difference.question or BEST)))


def _corrected(some: Sequence[Difference], pairs: int) -> list[Difference]:
    corrected = holm([difference.p for difference in some], of=pairs)
    return [replace(difference, corrected=p, pairs=pairs) for difference, p in zip(some, corrected, strict=True)]


def difference_between(first: ModelResult, second: ModelResult, question: Question | None = None) -> Difference | None:
    """Return what `first` scores above `second`; None where they judged nothing in the same fold and seed."""
    pairs = _shared_tests(first.results, second.results)
    return _difference(question, first, second, pairs) if pairs else None


def _question(asking: ModelResult, asked: ModelResult, everyone: Sequence[ModelResult]) -> Question | None:
    """Return what `asking` against `asked` answers: both the same but for one thing; None if it is nothing."""
    common = set(asking.runs) & set(asked.runs)
    if not common:
        return RUN if asking.model == asked.model else None
    if AUTO in (asking.method, asked.method):
        return CHOICE if asking.method == AUTO and asked.method != AUTO else None
    if not _agree(asking, asked):
        alike = (asking.method, asking.features) == (asked.method, asked.features)
        leads = alike and any(asking is _leader(_models(everyone, run, like=asking), _alike(asking)) for run in common)
        return VARIANT if leads else None
    if asking.features != asked.features:
        both = {asking.method, asked.method} <= _ADVERSARIAL
        return FUSION if both and set(asking.features) > set(asked.features) else None
    if asking.is_semi_supervised and not asked.is_semi_supervised and not asked.is_linear:
        return UNLABELLED
    if asking.method in _ADVERSARIAL and asked.method == _WITHOUT_GENERATOR:
        return GENERATOR
    if asking.is_linear or not asked.is_linear:
        return None
    return NETWORK if any(_both_lead(asking, asked, _models(everyone, run, like=asked)) for run in common) else None


def _both_lead(network: ModelResult, linear: ModelResult, models: Sequence[ModelResult]) -> bool:
    """Whether of their kind they have the highest validation UAR, among the variants that can be compared."""
    best_network = _leader(models, lambda model: not model.is_linear and _agree(model, linear))
    best_linear = _leader(models, lambda model: model.is_linear and model.varied == linear.varied)
    return network is best_network and linear is best_linear


def _models(everyone: Sequence[ModelResult], run: int, *, like: ModelResult) -> list[ModelResult]:
    """Return the models of a run on the features of `like`; `auto` is a choice among them."""
    return [
        model for model in everyone if run in model.runs and model.method != AUTO and model.features == like.features
    ]


def _alike(model_result: ModelResult) -> Callable[[ModelResult], bool]:
    return lambda model: model.method == model_result.method


def _leader(models: Sequence[ModelResult], is_meant: Callable[[ModelResult], bool]) -> ModelResult:
    """Return who has the highest validation UAR; the best of many on the test itself would be chosen for its luck."""
    return min(filter(is_meant, models), key=lambda model: (-model.validation_uar, model.label))


def _agree(first: ModelResult, second: ModelResult) -> bool:
    """Whether no setting that both vary has two values."""
    theirs = dict(second.varied)
    return all(theirs.get(name, value) == value for name, value in first.varied)


def _difference(
    question: Question | None, first: ModelResult, second: ModelResult, pairs: Sequence[tuple[Predictions, Predictions]]
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


def _resampled(model_result: ModelResult, shared: Sequence[Predictions]) -> Resamples:
    """Resample what both of a pair judged: all of a model's tests as a rule, for which that is done already."""
    whole = [result.test for result in model_result.results]
    if [part.ids for part in shared] == [part.ids for part in whole]:
        return model_result.resamples
    return Resamples(shared)


def _turned(interval: Interval) -> Interval:
    return Interval(value=-interval.value, low=-interval.high, high=-interval.low)


def _shared_tests(first: Sequence[FoldResult], second: Sequence[FoldResult]) -> list[tuple[Predictions, Predictions]]:
    """Pair the tests of the same fold and seed, on the utterances that both judged.

    Where these have other labels for one than for the other, they are other utterances of the same names, or the votes
    were read otherwise: either way the two were not asked the same.
    """
    theirs = {(result.fold, result.seed): result.test for result in second}
    pairs: list[tuple[Predictions, Predictions]] = []
    for result in first:
        other = theirs.get((result.fold, result.seed))
        known = set(other.ids) if other else set[str]()
        shared = [name for name in result.test.ids if name in known]
        if other and shared:
            pair = result.test.of(shared), other.of(shared)
            if np.array_equal(pair[0].correct, pair[1].correct):
                pairs.append(pair)
    return pairs
