"""What became of a job: a value, or the words for why there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from valaro.errors import words_for

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[Result]):
    """The `value` of the job at `index`, or its `error` (empty: none); `died`: it took its processes with it."""

    index: int
    value: Result | None = None
    error: str = ""
    died: bool = False


def attempt(function: Callable[[Job], Result], job: Job, index: int) -> Outcome[Result]:
    """Do one job; whatever goes wrong in it becomes words."""
    try:
        return Outcome(index=index, value=function(job))
    except Exception as error:  # noqa: BLE001  (one job's fault of any kind must not cost the others)
        return Outcome(index=index, error=words_for(error))
