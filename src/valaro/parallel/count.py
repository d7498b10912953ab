"""How many jobs of how many are done, told as they end."""

from typing import Any, Protocol, runtime_checkable

from valaro.parallel.outcome import Outcome


@runtime_checkable
class OnProgress(Protocol):
    """Is told how many are done, of how many, and how many of those done have failed."""

    def __call__(self, done: int, total: int, failed: int = 0, /) -> None: ...


class Count:
    """Tells `on_progress` at once how many of `total` are `done` already, and again after each job that ends."""

    def __init__(self, *, total: int, done: int, on_progress: OnProgress | None) -> None:
        self._total, self._done, self._failed = total, done, 0
        self._on_progress = on_progress
        self._tell()

    def add(self, outcome: Outcome[Any]) -> None:
        """Count a job that has ended."""
        self.step(failed=bool(outcome.error))

    def step(self, *, failed: bool = False) -> None:
        """Count something else that is done."""
        self._done += 1
        self._failed += failed
        self._tell()

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self._done, self._total, self._failed)
