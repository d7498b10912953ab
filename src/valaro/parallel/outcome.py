"""What a worker says of a job: parts of the result as they come, and at the end a value or why there is none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from valaro.errors import words_for

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of the result of the job at `index`, which goes on."""

    index: int
    value: Any


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[Result]):
    """How the job at `index` ended."""

    index: int
    value: Result | None = None
    error: str = ""
    """Why there is no value; empty where there is one."""
    died: bool = False
    """It took its processes with it."""
    parts: int = 0
    """The parts that had come when a job took its process with it."""


def attempt(
    function: Callable[[Job], Result], job: Job, index: int, on_part: Callable[[Part], None] | None = None
) -> Outcome[Result]:
    """Do one job; whatever goes wrong in it becomes words. What a generator yields are its parts."""
    try:
        value = function(job)
        if not isinstance(value, Iterator):
            return Outcome(index=index, value=value)
        for part in cast("Iterator[Any]", value):
            if on_part is not None:
                on_part(Part(index=index, value=part))
        return Outcome(index=index)
    except Exception as error:  # noqa: BLE001  (one job's fault of any kind must not cost the others)
        return Outcome(index=index, error=words_for(error))
