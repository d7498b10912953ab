"""Maps on the page: points where they belong, shapes a kind, coverage in words, and nothing where there is no map."""

import re
from dataclasses import replace

import numpy as np
import pytest

from making_pages import SPEAKER_WISE, Nesting, run, words
from making_results import FAIR, GOOD, a_map, training
from valaro.analysis.results import dimension_results
from valaro.records import Coverage, FeatureMap, FoldResult
from valaro.reports.feature_maps import MapSection, map_sections
from valaro.reports.html import report_page

LEARNT = Coverage(features="learnt", generated=0.25, possible=0.95, samples=150, nearest=5)
ALL = Coverage(features="all", generated=0.755, possible=0.98, samples=150, nearest=5)


def mapped(model: str = "SSGAN fbank", found: FeatureMap | None = None) -> FoldResult:
    return replace(training(model, "ann", 0, GOOD), feature_map=found or a_map(coverages=(LEARNT, ALL)))


def section_of(page: str) -> str:
    return page[page.index('<section id="maps">') :].partition("</section>")[0]


def maps_of(*results: FoldResult) -> tuple[MapSection, ...]:
    return map_sections(dimension_results([run(results=results)]))


def test_points_lie_where_they_belong_and_each_kind_has_its_shape():
    ((made,),) = (section.maps for section in maps_of(mapped()))
    # Real points reach from -1 to 1 across and from -0.5 to 0.5 up: 300 units for 2, so 150 a unit, 150 + 20 high.
    assert made.height == 170
    paths = {shape.kind: shape.path for shape in made.training}
    assert paths == {
        "unlabelled": "M160 10h0M160 160h0",
        "low": "M10 89l-4-7h8z",
        "medium": "M157 82h6v6h-6z",
        "high": "M310 81l-4 7h8z",
        # (0.25, 0.125) is 37.5 to the right and 18.75 up; (9, -9) is far outside, and drawn in the corner.
        "generated": "M197.5 63.2l3 3-3 3-3-3zM160 82l3 3-3 3-3-3zM315 162l3 3-3 3-3-3z",
    }
    assert {shape.kind: shape.path for shape in made.test} == {"low": "", "medium": "", "high": "M310 6l-4 7h8z"}


def test_a_tall_map_is_scaled_to_the_highest_box_and_one_point_to_none():
    tall = replace(a_map(), labelled=np.array([[0.0, -10], [0, 0], [0, 10]]))
    ((made,),) = (section.maps for section in maps_of(mapped(found=tall)))
    # 220 units for 20: 11 a unit; the real points reach from 0 to 1 across and their middle, 0.5, lies at 160.
    assert made.height == 240
    assert made.training[2].path == "M154.5 234l-4-7h8z"
    nothing = np.zeros((0, 2))
    point = replace(a_map(), labelled=np.zeros((3, 2)), unlabelled=nothing, generated=nothing, test=np.zeros((1, 2)))
    ((one,),) = (section.maps for section in maps_of(mapped(found=point)))
    assert (one.height, one.training[2].path) == (100, "M160 54l-4-7h8z")


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
    # Two views of one model and the key; a linear model has none.
    assert re.findall(r'aria-label="([^":]+): T', section_of(page)) == ["SSGAN fbank, valence"] * 2
    assert section_of(page).count('class="mark"') == 5
    assert "LR fbank" not in section_of(page).replace("LR fbank: speaker-wise", "").replace("LR fbank, ", "")


def test_dimensions_without_a_map_and_runs_without_one_have_no_section():
    other = training("SSGAN fbank", "ann", 0, GOOD, "arousal")
    assert [section.dimension for section in maps_of(mapped(), other)] == ["valence"]
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
    assert len(section_of(report_page([run(results=(mapped(found=full),))]))) < 18_000
