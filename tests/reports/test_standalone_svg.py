"""Figures as files: whole documents that load nothing, escape what they name, and come out the same each time."""

import re
from dataclasses import replace
from xml.etree.ElementTree import fromstring

from helpers.results import FAIR, GOOD, finished, training, variant
from valaro.analysis.results import dimension_results
from valaro.records import FaceQuality
from valaro.reports.blocks import Figure, walk
from valaro.reports.document import document
from valaro.reports.figures import score_chart
from valaro.reports.plots import figure_files, page_svg

SVG = "{http://www.w3.org/2000/svg}"


def files_of(run) -> dict[str, dict[str, bytes]]:
    figures = [block for block in walk(document([run], dimension_results([run]))) if isinstance(block, Figure)]
    return {figure.name: figure_files(figure.panels, figure.label) for figure in figures}


def figures_of(run) -> dict[str, str]:
    return {name: files[".svg"].decode() for name, files in files_of(run).items()}


def whole_run():
    trained = [training("MSSGAN", "ann", 0, GOOD), training("MFSBase", "ann", 0, FAIR)]
    trained += [variant("SSGAN face", "losses.consistency", value, "ann", FAIR) for value in ("1", "3")]
    face = FaceQuality(utterance="c/x", frames=10, detected=9, mean_absolute_yaw=0.1)
    return finished(trained, paper="figure_4", stand_ins={"dface": "face"}, faces=(face,))


def test_every_figure_is_a_document_without_variables_or_anything_from_outside():
    found = figures_of(whole_run())
    assert {"scores-valence", "differences-valence", "confusion-valence", "figure_4-valence", "faces"} <= found.keys()
    assert {"consistency-valence", "curves-valence-MSSGAN", "reliability-valence"} <= found.keys()
    for name, text in found.items():
        root = fromstring(text)
        assert root.tag == f"{SVG}svg", name
        assert root.find(f"{SVG}title").text
        assert " class=" not in text
        assert "var(" not in text
        assert "NaN" not in text
        assert not re.search(r"href=\"(?!#)|url\(|@import|<script|<style", text)


def test_the_figures_hold_the_numbers_of_the_page():
    found = figures_of(whole_run())
    # MFSBase: 4 of 6 right, the third and the sixth utterance missed: half of medium, half of high.
    texts = [node.text.strip() for node in fromstring(found["confusion-valence"]).iter(f"{SVG}text") if node.text]
    assert "50.0 %" in texts
    assert "100.0 %" in texts
    assert {"predicted", "low", "medium", "high", "MSSGAN"} <= set(texts)


def test_the_same_figures_are_the_same_bytes_and_name_no_date():
    first, second = files_of(whole_run()), files_of(whole_run())
    assert first == second
    assert all(files[".pdf"].startswith(b"%PDF") and files[".png"].startswith(b"\x89PNG") for files in first.values())
    assert not any(b"CreationDate" in files[".pdf"] for files in first.values())


def test_mathematics_and_letters_that_no_font_has_stay_text():
    name = "$\\frac{1$ 語 \x00"
    run = finished([replace(training("MSSGAN", "ann", 0, GOOD), model=name)])
    texts = [node.text for node in fromstring(figures_of(run)["scores-valence"]).iter(f"{SVG}text")]
    assert "$\\frac{1$ 語 \ufffd" in texts


def test_a_name_with_signs_of_xml_stays_text():
    evil = '<script>"&amp;'
    run = finished([replace(training("MSSGAN", "ann", 0, GOOD), model=evil)])
    text = figures_of(run)["scores-valence"]
    assert "<script" not in text
    assert evil in [node.text for node in fromstring(text).iter(f"{SVG}text")]


def test_two_models_whose_names_make_the_same_file_name_have_a_file_each():
    run = finished([replace(training("CT", "ann", 0, GOOD), model=name) for name in ("CT a/b", "CT a-b")])
    assert sum(name.startswith("curves-valence-CT-a-b") for name in figures_of(run)) == 2


def test_a_mark_of_the_scores_stands_at_its_value_on_the_axis():
    (results,) = dimension_results([whole_run()])
    svg = page_svg(score_chart(results), "scores")
    ticks = [(float(text), float(x)) for x, text in re.findall(r'<text[^>]* x="([\d.]+)"[^>]*>(\d+)</text>', svg)]
    (low, left), (high, right) = ticks[0], ticks[-1]
    marks = [float(x) for x in re.findall(r'<use x="([\d.]+)"', svg)]
    assert high > low
    for row in results.rows:
        expected = left + (100 * row.uar.value - low) / (high - low) * (right - left)
        assert min(abs(mark - expected) for mark in marks) < 0.2, row.model_result.label
