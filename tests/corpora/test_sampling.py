"""Drawing samples: as many as asked for, the same ones again, none twice, and words for what is missing."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valaro.corpora import sampling
from valaro.corpora.options import SampleOptions
from valaro.corpora.sampling import FAULTS, UNREADABLE, Crop, Drawing
from valaro.errors import MediaError, ValaroError


@dataclass
class Row:
    """Places a second apart with crops of 1.28 s; `bad` places are refused, at `broken` ones decoding fails."""

    name: str = "row"
    count: int = 100
    bad: Mapping[int, str] = field(default_factory=dict)
    broken: Sequence[int] = ()
    looked: list[int] = field(default_factory=list)

    def crop(self, place: int) -> Crop | None:
        return None if self.bad.get(place) == "edge" else Crop(float(place), place + 1.28)

    def why_not(self, crop: Crop) -> str:
        self.looked.append(int(crop.start))
        if int(crop.start) in self.broken:
            raise MediaError(f"{self.name} is damaged at {crop.start:.0f} s")
        return self.bad.get(int(crop.start), "")


class Lost(Row):
    def crop(self, place: int) -> Crop | None:
        raise MediaError(f"no recording {self.name}")


def draw(sources: Sequence[Row], *, on_progress: Callable[[int, int], None] | None = None, **options: Any) -> Drawing:
    return sampling.draw(sources, SampleOptions(**options), on_progress)


def places(drawing: Drawing) -> list[tuple[int, int]]:
    return [(sample.source, sample.number) for sample in drawing.samples]


def two(**changes) -> list[Row]:
    return [Row(name="a", **changes), Row(name="b", **changes)]


def test_so_many_are_asked_for_and_so_many_come_and_no_more_is_looked_at() -> None:
    sources = two(count=1000)
    drawing = draw(sources, samples=50, seed=0, overlap=True)
    assert (len(drawing.samples), drawing.rejected, drawing.problems) == (50, {}, ())
    assert sum(len(source.looked) for source in sources) == 50


def test_refused_places_are_replaced_and_counted() -> None:
    bad = dict.fromkeys(range(0, 1000, 2), "of silence")
    sources = two(count=1000, bad=bad)
    drawing = draw(sources, samples=200, seed=0, overlap=True)
    assert len(drawing.samples) == 200
    assert all(place % 2 for _, place in places(drawing))
    assert sum(len(source.looked) for source in sources) == 200 + drawing.rejected["of silence"]


def test_the_same_seed_draws_the_same_and_another_one_others() -> None:
    first = places(draw(two(), samples=40, seed=3))
    assert places(draw(two(), samples=40, seed=3)) == first
    assert places(draw(two(), samples=40, seed=4)) != first


@settings(max_examples=60)
@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(0, 5),
    st.dictionaries(st.integers(0, 29), st.sampled_from(["of silence", "without a face", "edge"])),
    st.sets(st.integers(0, 29), max_size=4),
    st.booleans(),
    st.integers(1, 3),
)
def test_more_contain_fewer_whatever_is_bad_and_whoever_works(few, many, seed, bad, broken, overlap, workers) -> None:
    def drawn(samples: int, workers: int) -> Drawing:
        sources = two(count=30, bad=bad, broken=sorted(broken))
        return draw(sources, samples=samples, seed=seed, overlap=overlap, workers=workers)

    smaller, larger = drawn(min(few, many), workers), drawn(max(few, many), 1)
    assert places(larger)[: len(smaller.samples)] == places(smaller)
    assert drawn(max(few, many), workers) == larger
    if len(larger.samples) < larger.asked:
        assert len(larger.samples) + sum(larger.rejected.values()) == 60
    if not overlap:
        for source in range(2):
            starts = sorted(place for at, place in places(larger) if at == source)
            assert all(after - before >= 1.28 for before, after in pairwise(starts))


def test_crops_that_touch_do_not_overlap_and_other_sources_do_not_matter() -> None:
    class Tiles(Row):
        def crop(self, place: int) -> Crop:
            return Crop(place * 1.28, (place + 1) * 1.28)

    assert len(draw([Tiles(name="a"), Tiles(name="b")], samples=200, seed=0).samples) == 200
    # Of places a second apart at most every second fits.
    short = draw([Row(count=100)], samples=100, seed=0)
    assert 34 <= len(short.samples) <= 50
    assert short.rejected == {"overlapping a sample": 100 - len(short.samples)}
    assert len(draw([Row(count=100)], samples=100, seed=0, overlap=True).samples) == 100


def test_a_source_more_leaves_the_order_of_the_others() -> None:
    alone = [place for _, place in places(draw([Row(name="a")], samples=30, seed=0, overlap=True))]
    both = draw([Row(name="b"), Row(name="a")], samples=200, seed=0, overlap=True)
    assert [place for source, place in places(both) if source == 1][:30] == alone


def test_every_place_has_the_same_chance() -> None:
    counts = Counter(
        place[0]
        for seed in range(40)
        for place in places(
            draw([Row(name="a", count=900), Row(name="b", count=100)], samples=50, seed=seed, overlap=True)
        )
    )
    # 2000 draws, a tenth of them from the source with a tenth of the places: 200 +- 13.
    assert 160 <= counts[1] <= 240


def test_a_shortfall_is_explained_with_every_reason_the_commonest_first() -> None:
    bad = {place: "without a face" if place < 70 else "of silence" for place in range(90)}
    drawing = draw([Row(bad=bad)], samples=20_000, seed=0, overlap=True)
    assert drawing.shortfall() == (
        "asked for 20000 samples, got 10: of all 100 places 70 were without a face, 20 of silence"
    )
    assert draw([], samples=5, seed=0).shortfall() == "asked for 5 samples, got 0: there is no place to try"


def test_a_recording_that_cannot_be_read_is_one_problem_and_the_others_go_on() -> None:
    drawing = draw([Lost(name="a"), Row(name="b")], samples=200, seed=0, overlap=True)
    assert len(drawing.samples) == 100
    assert drawing.rejected == {UNREADABLE: 100}
    (problem,) = drawing.problems
    assert (problem.utterance, problem.where, problem.why) == ("a", "recording", "no recording a")


def test_a_damaged_recording_is_given_up_after_its_third_fault() -> None:
    one_fault = Row(name="a", broken=[5])
    drawing = draw([one_fault], samples=100, seed=0, overlap=True)
    assert (len(drawing.samples), len(drawing.problems)) == (99, 1)
    damaged = Row(name="b", broken=range(100))
    drawing = draw([damaged], samples=100, seed=0, overlap=True)
    assert (len(damaged.looked), len(drawing.problems), drawing.rejected) == (FAULTS, FAULTS, {UNREADABLE: 100})


def test_a_fault_of_ours_in_a_worker_is_no_problem_row_but_an_exception() -> None:
    class Wrong(Row):
        def why_not(self, crop: Crop) -> str:
            raise ZeroDivisionError

    for workers in (1, 2):
        with pytest.raises(ZeroDivisionError):
            draw([Wrong()], samples=5, seed=0, workers=workers)


def test_progress_begins_with_nothing_done_and_ends_with_what_was_asked_for() -> None:
    told: list[tuple[int, int]] = []
    draw([Row()], samples=7, seed=0, overlap=True, on_progress=lambda done, asked: told.append((done, asked)))
    assert told == [(done, 7) for done in range(8)]


def test_nothing_asked_for_is_a_mistake() -> None:
    with pytest.raises(ValaroError, match="0 samples: expected at least 1"):
        draw([Row()], samples=0, seed=0)
    with pytest.raises(ValaroError, match="0 workers: expected at least 1"):
        draw([Row()], samples=1, seed=0, workers=0)
