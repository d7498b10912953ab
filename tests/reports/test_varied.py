"""What a varied setting does: charts over its values, numbers to scale, names in order."""

import re

from helpers.results import FAIR, GOOD, PERFECT, POOR, finished, training, variant
from valaro.analysis.results import dimension_results
from valaro.evaluation.interval import Interval
from valaro.reports.blocks import Figure, Sentence
from valaro.reports.figures import Series
from valaro.reports.plots import page_svg
from valaro.reports.varied import value_chart, varied_section

WEIGHT = "losses.consistency"


def section(*results):
    runs = [finished(results)]
    return varied_section(runs, dimension_results(runs), [""])


def both(model, value, predicted):
    return [variant(model, WEIGHT, value, fold, predicted) for fold in ("ann", "ben")]


def test_each_model_is_a_series_over_the_values_by_size_and_others_are_dashed():
    trained = [*both("SSGAN face", "10", PERFECT), *both("SSGAN face", "3", FAIR), *both("SSGAN fbank", "3", POOR)]
    blocks = section(*trained, training("FSBase face", "ann", 0, GOOD), training("LR face", "ann", 0, GOOD))
    (charts,) = [block for block in blocks if isinstance(block, Figure)]
    chart = charts.panels[0]
    assert chart.values == ("3", "10")
    assert [(one.label, len(one.points)) for one in chart.series] == [
        ("SSGAN face", 2),
        ("SSGAN fbank", 1),
    ]
    assert [one.label for one in chart.references] == ["FSBase face"]
    # The mean of 4/6 twice, and of 6/6 twice.
    assert [row[2].text for row in charts.table.rows] == ["66.7", "100.0", "50.0", "83.3"]


def test_the_best_value_is_named_with_how_many_others_it_is_shown_to_beat():
    wrong = [1, 1, 2, 2, 0, 0]
    values = {"10": PERFECT, "3": wrong}
    blocks = section(
        *(variant("SSGAN face", WEIGHT, value, f"p{k}", a) for value, a in values.items() for k in range(8))
    )
    (sentence,) = [block.text for block in blocks if isinstance(block, Sentence)]
    assert sentence.startswith(
        "SSGAN face: the highest UAR is 100.0 %, with consistency 10; a difference is shown to 1 of 1 other value, "
        "corrected for their number."
    )


def test_without_a_varied_setting_there_is_no_section():
    assert section(training("SSGAN face", "ann", 0, GOOD)) == ()


def chart_over(values):
    score = Interval(value=0.5, low=0.4, high=0.6)
    series = Series(label="A", colour=0, points=tuple((value, score) for value in values))
    return value_chart("UAR", "setting", values, [series], [])


def test_numbers_stand_to_scale_and_names_evenly():
    xs = chart_over(("0", "10", "40")).places
    assert round((xs[1] - xs[0]) / (xs[2] - xs[0]), 2) == 0.25
    names = chart_over(("none", "self", "shift")).places
    assert round((names[1] - names[0]) / (names[2] - names[0]), 2) == 0.5


def test_numbers_of_very_different_size_stand_evenly_and_the_chart_says_so():
    chart = chart_over(("0.001", "0.1", "1"))
    xs = chart.places
    assert round((xs[1] - xs[0]) / (xs[2] - xs[0]), 2) == 0.5
    assert not chart.is_to_scale
    assert chart_over(("1", "50")).is_to_scale


def test_the_axis_is_percent_and_holds_every_interval():
    svg = page_svg(chart_over(("1", "2")), "a chart")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    # 40 to 60 %.
    assert {"UAR", "A", "1", "2", "setting", "40", "60"} <= set(texts)
    # The mark stands half way between them.
    heights = {text: float(y) for y, text in re.findall(r'<text[^>]* y="([\d.]+)"[^>]*>([^<]*)</text>', svg)}
    marks = [float(y) for y in re.findall(r'<use [^>]*y="([\d.]+)"', svg)]
    # A label stands 2.85 below its tick.
    middle = (heights["40"] + heights["60"]) / 2 - 2.85
    assert min(abs(mark - middle) for mark in marks) < 0.5
    assert 'aria-label="a chart"' in svg
