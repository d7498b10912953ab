"""Maps on the page: points where they belong, shapes a kind, coverage in words, and nothing where there is no map."""

import re
from dataclasses import replace

import numpy as np
import pytest

from helpers.pages import SPEAKER_WISE, Nesting, run, words
from helpers.results import FAIR, GOOD, a_map, training
from valaro.analysis.results import dimension_results
from valaro.records import Coverage, FeatureMap, FoldResult
from valaro.reports.blocks import Figure, Heading
from valaro.reports.feature_maps import map_blocks
from valaro.reports.figures import frame_of
from valaro.reports.html import report_page
from valaro.reports.plots import page_svg

LEARNT = Coverage(features="learnt", generated=0.25, possible=0.95, samples=150, nearest=5)
ALL = Coverage(features="all", generated=0.755, possible=0.98, samples=150, nearest=5)


def mapped(model: str = "SSGAN fbank", found: FeatureMap | None = None) -> FoldResult:
    return replace(training(model, "ann", 0, GOOD), feature_map=found or a_map(coverages=(LEARNT, ALL)))


def section_of(page: str) -> str:
    return page[page.index('<section id="maps">') :].partition("</section>")[0]


def maps_of(*results: FoldResult) -> list[Figure]:
    blocks = map_blocks(dimension_results([run(results=results)]))
    return [block for block in blocks if isinstance(block, Figure)]


def test_points_lie_where_they_belong_and_a_far_one_at_the_edge():
    (figure,) = maps_of(mapped())
    training, test = figure.panels
    left, right, bottom, top = training.frame
    # Real points reach from -1 to 1 across and from -0.5 to 0.5 up.
    assert (left, right, bottom, top) == pytest.approx((-1.06, 1.06, -0.55, 0.55))
    points = dict(training.points)
    assert list(points) == ["unlabelled", "generated", "low", "medium", "high"]
    assert points["generated"][0] == pytest.approx([0.25, 0.125])
    # (9, -9) is far outside, and drawn in the corner.
    assert points["generated"][2] == pytest.approx([1.06, -0.55])
    assert [len(own) for _, own in test.points] == [0, 0, 1]
    # Each kind has its shape.
    assert len(set(re.findall(r'href="(#[^"]+)"', page_svg(training, "training")))) == 5


def test_a_tall_map_keeps_its_scale_and_one_point_has_a_frame():
    left, right, bottom, top = frame_of(replace(a_map(), labelled=np.array([[0.0, -10], [0, 0], [0, 10]])))
    # Both directions have one scale; a map is at most 3/4 as high as wide.
    assert top - bottom == pytest.approx(20 * 1.1)
    assert (right - left) * 0.75 / 1.06 == pytest.approx(20)
    nothing = np.zeros((0, 2))
    point = replace(a_map(), labelled=np.zeros((3, 2)), unlabelled=nothing, generated=nothing, test=np.zeros((1, 2)))
    left, right, bottom, top = frame_of(point)
    assert left < 0 < right
    assert bottom < 0 < top


def test_coverage_is_said_with_what_is_possible():
    text = words(section_of(report_page([run(results=(mapped(),))])))
    assert "In these features the generator covers 25.0 % of 150 recordings" in text
    assert "a generated sample as near as their 5th nearest recording" in text
    assert "As many other recordings in its place cover 95.0 %, and a perfect generator would, too." in text
    assert "beside what was learnt, it is 75.5 %, and 98.0 % would be perfect." in text
    assert "1 generated sample lies beyond the frame and is drawn at its edge." in text
    assert "hold 50 % and 12 % of the variance. Fold ann, seed 0, step 30." in text
    assert "Training: 3 labelled recordings, 2 unlabelled, 3 generated samples." in text
    assert "Test: 1 recording of people never met, by true level." in text
    assert "learnt nothing from the unlabelled" not in text


def test_without_a_number_the_page_says_why():
    text = words(section_of(report_page([run(results=(mapped(found=a_map()),))])))
    assert "There are too few recordings to count how many of them the generator covers." in text
    assert "covers 0" not in text


def test_a_model_without_a_generator_and_pool_says_so():
    found = replace(a_map(), generated=np.zeros((0, 2)))
    text = words(section_of(report_page([run(results=(mapped("FSBase fbank", found),))])))
    assert "It has learnt nothing from the unlabelled recordings." in text
    assert "Training: 3 labelled recordings, 2 unlabelled." in text
    for word in ("generator covers", "generated sample lies"):
        assert word not in text


@pytest.mark.parametrize("speaker_normalised", [True, False])
def test_the_section_stands_by_itself_and_names_speaker_wise_normalisation(speaker_normalised: bool):
    page = report_page(
        [run(results=(mapped(), training("LR fbank", "ann", 0, FAIR)), speaker_normalised=speaker_normalised)]
    )
    nesting = Nesting()
    nesting.feed(page)
    assert nesting.open == []
    assert '<a href="#maps">' in page
    assert section_of(page).count(SPEAKER_WISE) == speaker_normalised
    # Two views of one model; a linear model has none.
    assert re.findall(r'aria-label="([^":]+): T', section_of(page)) == ["SSGAN fbank, valence"] * 2
    assert "LR fbank" not in section_of(page).replace("LR fbank: speaker-wise", "").replace("LR fbank, ", "")


def test_dimensions_without_a_map_and_runs_without_one_have_no_section():
    other = training("SSGAN fbank", "ann", 0, GOOD, "arousal")
    blocks = map_blocks(dimension_results([run(results=(mapped(), other))]))
    assert [block.text for block in blocks if isinstance(block, Heading)] == ["Valence"]
    page = report_page([run()])
    assert 'id="maps"' not in page
    assert "#maps" not in page


def test_a_map_of_many_points_weighs_little():
    rng = np.random.default_rng(0)

    def cloud(count: int) -> np.ndarray:
        return rng.normal(size=(count, 2))

    full = FeatureMap(
        labelled=cloud(150),
        levels=rng.integers(0, 3, 150),
        unlabelled=cloud(150),
        generated=cloud(150),
        test=cloud(150),
        test_levels=rng.integers(0, 3, 150),
        shares=(0.5, 0.25),
        step=160,
    )
    assert len(section_of(report_page([run(results=(mapped(found=full),))]))) < 35_000
