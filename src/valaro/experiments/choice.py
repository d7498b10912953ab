"""Model `auto`: of several candidates the one that validation speakers like best, a fold at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from valaro.evaluation.scores import score
from valaro.records import AUTO, FoldResult
from valaro.training.methods import AutoChoice

Model = TypeVar("Model")


@dataclass(frozen=True, kw_only=True)
class Choice(Generic[Model]):
    """The `winner` and its validation UAR (0-1), how far it lies above the next best (`margin`), and who that is."""

    winner: Model
    validation_uar: float
    margin: float
    next_best: Model


def most_liked(models: Sequence[tuple[Model, float]]) -> Choice[Model]:
    """Choose by validation UAR; of equal ones the first, which as a rule is the simplest.

    >>> choice = most_liked([("LR", 0.5), ("MFSBase", 0.625), ("MSSGAN", 0.625)])
    >>> choice.winner, choice.margin, choice.next_best
    ('MFSBase', 0.0, 'MSSGAN')
    """
    ranked = sorted(models, key=lambda model: -model[1])
    (winner, first), (next_best, second) = ranked[0], ranked[1] if len(ranked) > 1 else ranked[0]
    return Choice(winner=winner, validation_uar=first, margin=first - second, next_best=next_best)


def chosen_result(choice: AutoChoice, results: Sequence[FoldResult]) -> FoldResult:
    """Return the result of `auto` in one fold: that of the candidate with the highest validation UAR.

    No test answer is looked at; `seconds` are those of all candidates, for all of them had to be trained.
    """
    winner = most_liked([(result, score(result.validation).uar) for result in results]).winner
    return replace(
        winner,
        model=choice.label,
        unvaried=choice.unvaried or choice.label,
        varied=choice.varied,
        method=AUTO,
        chosen=winner.model,
        is_semi_supervised=any(result.is_semi_supervised for result in results),
        is_linear=False,
        history=(),
        seconds=sum(result.seconds for result in results),
        alarms=(),
        feature_map=None,
    )
