"""Samples drawn at random from places in recordings until enough of them pass a check.

Every place has a random number of its own, from the seed and the name of its source; places are tried in the order of
these numbers, and each is taken or rejected for good. So the samples of a seed are the first ones of one long row: who
asks for more gets those of fewer and others, whatever the number of workers. Places are looked at only until enough are
found: the cost grows with the samples, not with the corpus.
"""

from bisect import bisect_left, insort
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from valaro.corpora.options import SampleOptions
from valaro.errors import MediaError, ValaroError
from valaro.records import Problem
from valaro.rng import numpy_stream

OVERLAPPING = "overlapping a sample"
AT_THE_EDGE = "at the edge of a recording"
UNREADABLE = "in recordings that cannot be decoded"

FAULTS = 3
"""Places of a source that cannot be decoded before the rest of it is given up."""

_AHEAD = 4  # places a worker that are looked at before it is known whether they are needed


class Crop(NamedTuple):
    """A stretch of a recording in seconds."""

    start: float
    end: float


@runtime_checkable
class Source(Protocol):
    """A recording with `count` places at which a sample may be cut; crops of two sources never overlap."""

    @property
    def name(self) -> str:
        """Tells it from the other sources; its random numbers hang on it."""
        ...

    @property
    def count(self) -> int: ...

    def crop(self, number: int, /) -> Crop | None:
        """Return the sample at a place, None if the recording is too short for it; MediaError: it cannot be read."""
        ...

    def why_not(self, crop: Crop, /) -> str:
        """Return what the crop is (`of silence`) that rejects it, nothing if it is good; MediaError: undecodable.

        Several threads may call it at once.
        """
        ...


class Sample(NamedTuple):
    """What was taken: which source (its index), the number of its place, from when to when."""

    source: int
    number: int
    crop: Crop


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """The samples in the order drawn, and what became of the other places that were tried."""

    asked: int
    samples: tuple[Sample, ...]
    rejected_by_source: Mapping[int, Counter[str]]
    """How many places of a source were rejected as what."""
    problems: tuple[Problem, ...]
    """What could not be decoded."""

    @property
    def rejected(self) -> dict[str, int]:
        """How many places were rejected as what, the commonest first."""
        return dict(sum(self.rejected_by_source.values(), Counter[str]()).most_common())

    @property
    def skipped(self) -> dict[str, int]:
        """The same in the words of a corpus's summary."""
        return {f"places {what}": count for what, count in self.rejected.items()}

    def shortfall(self) -> str:
        """Return in words why there are fewer samples than asked for.

        >>> why = {0: Counter({"without a face": 388, "of silence": 120})}
        >>> Drawing(asked=5, samples=(), rejected_by_source=why, problems=()).shortfall()
        'asked for 5 samples, got 0: of all 508 places 388 were without a face, 120 of silence'
        """
        were = [f"{count} were {what}" for what, count in self.rejected.items()][:1]
        were += [f"{count} {what}" for what, count in self.rejected.items()][1:]
        tried = len(self.samples) + sum(self.rejected.values())
        why = f"of all {tried} places {', '.join(were)}" if were else "there is no place to try"
        return f"asked for {self.asked} samples, got {len(self.samples)}: {why}"


def draw(
    sources: Sequence[Source], options: SampleOptions, on_progress: Callable[[int, int], None] | None = None
) -> Drawing:
    """Draw samples, all there are where no number is said. `on_progress` is called with (taken, asked).

    A source that cannot be read, or not in FAULTS of its places, is a Problem, and the others go on.

    Raises:
        ValaroError: less than one sample or worker.
    """
    check_numbers(options)
    assert len({source.name for source in sources}) == len(sources)
    asked = sum(source.count for source in sources) if options.samples is None else options.samples
    tray = _Tray(sources, overlap=options.overlap)
    if on_progress is not None:
        # Else the first sample of this run would pass for what an earlier run had done.
        on_progress(0, asked)
    with closing(_inspected(tray, _in_random_order(sources, options.seed), options.workers)) as inspected:
        for candidate, inspect in inspected:
            tray.decide(candidate, inspect)
            if on_progress is not None:
                on_progress(len(tray.samples), asked)
            if len(tray.samples) == asked:
                break
    return Drawing(
        asked=asked,
        samples=tuple(tray.samples),
        rejected_by_source=dict(tray.rejected),
        problems=tuple(tray.problems),
    )


def check_numbers(options: SampleOptions) -> None:
    """See that so many samples (None: all there are) can be drawn by so many workers."""
    for number, what in ((options.samples, "samples"), (options.workers, "workers")):
        if number is not None and number < 1:
            raise ValaroError(f"{number} {what}: expected at least 1")


class _Candidate(NamedTuple):
    source: int
    number: int
    crop: Crop | None


class _Tray:
    """What was taken so far, and what was rejected."""

    def __init__(self, sources: Sequence[Source], *, overlap: bool) -> None:
        self.samples: list[Sample] = []
        self.rejected: dict[int, Counter[str]] = defaultdict(Counter[str])
        self.problems: list[Problem] = []
        self.sources = sources
        self._overlap = overlap
        self._taken: dict[int, list[Crop]] = defaultdict(list)
        self._faults = Counter[int]()

    def candidate(self, source: int, number: int) -> _Candidate:
        """Return a place with its crop."""
        crop = None
        if self._faults[source] < FAULTS:
            try:
                crop = self.sources[source].crop(number)
            except MediaError as error:
                self._fault(source, error, FAULTS)
        return _Candidate(source, number, crop)

    def known(self, candidate: _Candidate) -> str:
        """Return why a place is rejected that need not be looked at; else nothing. What is known stays so."""
        if self._faults[candidate.source] >= FAULTS:
            return UNREADABLE
        if candidate.crop is None:
            return AT_THE_EDGE
        return "" if self._overlap or self._is_free(candidate.source, candidate.crop) else OVERLAPPING

    def inspect(self, candidate: _Candidate) -> str:
        """Return why a place is rejected that has room for a sample; else nothing."""
        assert candidate.crop is not None
        return self.sources[candidate.source].why_not(candidate.crop)

    def decide(self, candidate: _Candidate, inspect: Callable[[], str]) -> None:
        """Take or reject a place for good."""
        source, number, crop = candidate
        reason = self.known(candidate)
        if not reason:
            try:
                reason = inspect()
            except MediaError as error:
                self._fault(source, error)
                reason = UNREADABLE
        if reason or crop is None:
            self.rejected[source][reason] += 1
        else:
            insort(self._taken[source], crop)
            self.samples.append(Sample(source, number, crop))

    def _is_free(self, source: int, crop: Crop) -> bool:
        taken = self._taken[source]
        after = bisect_left(taken, crop)
        is_free_before = after == 0 or taken[after - 1].end <= crop.start
        return is_free_before and (after == len(taken) or crop.end <= taken[after].start)

    def _fault(self, source: int, error: MediaError, weight: int = 1) -> None:
        self._faults[source] += weight
        self.problems.append(Problem(utterance=self.sources[source].name, where="recording", why=str(error)))


def _in_random_order(sources: Sequence[Source], seed: int) -> Iterator[tuple[int, int]]:
    """Yield (source, number) of all places."""
    numbers = [numpy_stream(seed, f"samples of {source.name}").random(source.count) for source in sources]
    firsts = np.cumsum([0, *(source.count for source in sources)])
    for position in np.argsort(np.concatenate([*numbers, np.zeros(0)]), kind="stable"):
        source = int(np.searchsorted(firsts, position, side="right")) - 1
        yield source, int(position - firsts[source])


def _inspected(
    tray: _Tray, places: Iterator[tuple[int, int]], workers: int
) -> Generator[tuple[_Candidate, Callable[[], str]]]:
    """Yield the places in their order, each with a call that says why not; several workers look some places ahead."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="sampling") if workers > 1 else None
    ahead: deque[tuple[_Candidate, Callable[[], str]]] = deque()
    try:
        for source, number in places:
            candidate = tray.candidate(source, number)
            inspect = partial(tray.inspect, candidate)
            ahead.append((candidate, inspect if pool is None or tray.known(candidate) else pool.submit(inspect).result))
            if pool is None or len(ahead) > _AHEAD * workers:
                yield ahead.popleft()
        yield from ahead
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
