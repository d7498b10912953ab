"""Samples drawn at random from places in recordings until enough of them pass a check.

Every place has a random number of its own, from the seed and the name of its source; places are tried in the order of
these numbers, and each is taken or refused for good. So the samples of a seed are the first ones of one long row: who
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

    def crop(self, place: int) -> Crop | None:
        """Return the sample at a place, None if the recording is too short for it; MediaError: it cannot be read."""
        ...

    def why_not(self, crop: Crop) -> str:
        """Return what the crop is (`of silence`) that refuses it, nothing if it is good; MediaError: undecodable.

        Several threads may call it at once.
        """
        ...


class Sample(NamedTuple):
    """A place taken, of the source with this index."""

    source: int
    place: int
    crop: Crop


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """The samples in the order drawn, how many places were refused as what, and what could not be decoded."""

    asked: int
    samples: tuple[Sample, ...]
    refused: Mapping[str, int]
    problems: tuple[Problem, ...]

    def shortfall(self) -> str:
        """Return in words why there are fewer samples than asked for.

        >>> Drawing(asked=5, samples=(), refused={"without a face": 388, "of silence": 120}, problems=()).shortfall()
        'asked for 5 samples, got 0: of all 508 places 388 were without a face, 120 of silence'
        """
        refused = ", ".join(f"{count} {what}" for what, count in self.refused.items())
        tried = len(self.samples) + sum(self.refused.values())
        why = f"of all {tried} places {refused.replace(' ', ' were ', 1)}" if refused else "there is no place to try"
        return f"asked for {self.asked} samples, got {len(self.samples)}: {why}"


def draw(
    sources: Sequence[Source],
    *,
    samples: int,
    seed: int,
    overlap: bool = False,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Drawing:
    """Draw so many samples; `overlap` allows those of one source to share time. `on_progress` is told (taken, asked).

    A source that cannot be read, or not in FAULTS of its places, is a Problem, and the others go on.
    """
    check_numbers(samples, workers)
    assert len({source.name for source in sources}) == len(sources)
    tray = _Tray(sources, overlap=overlap)
    if on_progress is not None:
        # Else the first sample of this run would pass for what an earlier run had done.
        on_progress(0, samples)
    with closing(_looked_at(tray, _in_random_order(sources, seed), workers)) as looked_at:
        for candidate, look in looked_at:
            tray.decide(candidate, look)
            if on_progress is not None:
                on_progress(len(tray.samples), samples)
            if len(tray.samples) == samples:
                break
    return Drawing(
        asked=samples,
        samples=tuple(tray.samples),
        refused=dict(tray.refused.most_common()),
        problems=tuple(tray.problems),
    )


def check_numbers(samples: int | None, workers: int) -> None:
    """See that so many samples (None: all there are) can be drawn by so many workers."""
    if samples is not None and samples < 1:
        raise ValaroError(f"{samples} samples: expected at least 1")
    if workers < 1:
        raise ValaroError(f"{workers} workers: expected at least 1")


class _Candidate(NamedTuple):
    source: int
    place: int
    crop: Crop | None


class _Tray:
    """What was taken so far, and what was refused."""

    def __init__(self, sources: Sequence[Source], *, overlap: bool) -> None:
        self.samples: list[Sample] = []
        self.refused = Counter[str]()
        self.problems: list[Problem] = []
        self.sources = sources
        self._overlap = overlap
        self._taken: dict[int, list[Crop]] = defaultdict(list)
        self._faults = Counter[int]()

    def candidate(self, source: int, place: int) -> _Candidate:
        """Return the place with its crop."""
        crop = None
        if self._faults[source] < FAULTS:
            try:
                crop = self.sources[source].crop(place)
            except MediaError as error:
                self._fault(source, error, FAULTS)
        return _Candidate(source, place, crop)

    def known(self, candidate: _Candidate) -> str:
        """Return why a place is refused that need not be looked at; nothing if it must be. What is known stays so."""
        if self._faults[candidate.source] >= FAULTS:
            return UNREADABLE
        if candidate.crop is None:
            return AT_THE_EDGE
        return "" if self._overlap or self._is_free(candidate.source, candidate.crop) else OVERLAPPING

    def decide(self, candidate: _Candidate, look: Callable[[], str]) -> None:
        """Take or refuse a place for good."""
        source, place, crop = candidate
        reason = self.known(candidate)
        if not reason:
            try:
                reason = look()
            except MediaError as error:
                self._fault(source, error)
                reason = UNREADABLE
        if reason or crop is None:
            self.refused[reason] += 1
        else:
            insort(self._taken[source], crop)
            self.samples.append(Sample(source, place, crop))

    def _is_free(self, source: int, crop: Crop) -> bool:
        taken = self._taken[source]
        after = bisect_left(taken, crop)
        is_free_before = after == 0 or taken[after - 1].end <= crop.start
        return is_free_before and (after == len(taken) or crop.end <= taken[after].start)

    def _fault(self, source: int, error: MediaError, weight: int = 1) -> None:
        self._faults[source] += weight
        self.problems.append(Problem(utterance=self.sources[source].name, where="recording", why=str(error)))


def _in_random_order(sources: Sequence[Source], seed: int) -> Iterator[tuple[int, int]]:
    """Yield (source, place) of all places."""
    numbers = [numpy_stream(seed, f"samples of {source.name}").random(source.count) for source in sources]
    firsts = np.cumsum([0, *(source.count for source in sources)])
    for position in np.argsort(np.concatenate([*numbers, np.zeros(0)]), kind="stable"):
        source = int(np.searchsorted(firsts, position, side="right")) - 1
        yield source, int(position - firsts[source])


def _looked_at(
    tray: _Tray, places: Iterator[tuple[int, int]], workers: int
) -> Generator[tuple[_Candidate, Callable[[], str]]]:
    """Yield the places in their order, each with a call that says why not; several workers look some places ahead."""
    model_specs = (tray.candidate(source, place) for source, place in places)
    if workers == 1:
        for candidate in model_specs:
            yield candidate, partial(_look, tray, candidate)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="sampling")
    ahead: deque[tuple[_Candidate, Callable[[], str]]] = deque()
    try:
        for candidate in model_specs:
            known = tray.known(candidate)
            look = partial(_look, tray, candidate)
            ahead.append((candidate, look if known else pool.submit(look).result))
            if len(ahead) > _AHEAD * workers:
                yield ahead.popleft()
        yield from ahead
    finally:
        pool.shutdown(cancel_futures=True)


def _look(tray: _Tray, candidate: _Candidate) -> str:
    assert candidate.crop is not None
    return tray.sources[candidate.source].why_not(candidate.crop)
