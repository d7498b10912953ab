"""What became of a job: a value, or the words for why there is none."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from valaro.errors import ValaroError

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


def words_for(error: BaseException) -> str:
    """Return a user's error as it stands, any other with its kind and the line it comes from."""
    if isinstance(error, ValaroError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
