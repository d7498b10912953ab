"""Figures as files: whole SVG documents that need no style sheet and escape what they name."""

import re
from dataclasses import replace
from xml.etree.ElementTree import fromstring

from making_results import FAIR, GOOD, finished, training, variant
from valaro.analysis.results import dimension_results
from valaro.records import FaceQuality
from valaro.reports.document import document
from valaro.reports.figure_files import figure_files
from valaro.reports.standalone_svg import COLOURS, standalone

SVG = "{http://www.w3.org/2000/svg}"


def figures_of(run):
    results = dimension_results([run])
    return figure_files([run], results, document([run], results))


def whole_run():
    trained = [training("MSSGAN", "ann", 0, GOOD), training("MFSBase", "ann", 0, FAIR)]
    trained += [variant("SSGAN face", "losses.consistency", value, "ann", FAIR) for value in ("1", "3")]
    face = FaceQuality(utterance="c/x", frames=10, detected=9, mean_absolute_yaw=0.1)
    return finished(trained, paper="figure_4", stand_ins={"dface": "face"}, faces=(face,))


def test_every_figure_is_a_document_without_classes_variables_or_anything_from_outside():
    found = figures_of(whole_run())
    assert {"scores-valence", "differences-valence", "confusion-valence", "figure_4-valence", "faces"} <= found.keys()
    assert {"consistency-valence", "curves-valence-MSSGAN"} <= found.keys()
    for name, text in found.items():
        root = fromstring(text)
        assert root.tag == f"{SVG}svg", name
        assert root.find(f"{SVG}title").text
        assert " class=" not in text
        assert "var(" not in text
        assert "NaN" not in text
        assert not re.search(r"href|url\(|@import|<script|<style", text)


def test_the_figures_hold_the_numbers_of_the_page():
    found = figures_of(whole_run())
    # MFSBase: 4 of 6 right, the third and the sixth utterance missed: half of medium, half of high.
    texts = [node.text.strip() for node in fromstring(found["confusion-valence"]).iter(f"{SVG}text") if node.text]
    assert "50.0 %" in texts
    assert "100.0 %" in texts
    assert {"predicted", "low", "medium", "high", "MSSGAN"} <= set(texts)


def test_classes_become_attributes_and_a_colour_comes_from_the_group_around():
    drawn = '<svg viewBox="0 0 10 20"><g class="c1"><line class="bar"/></g><text class="tick">5 &lt; 6</text></svg>'
    root = fromstring(standalone(drawn, "a & b"))
    assert root.find(f".//{SVG}line").get("stroke") == COLOURS[1]
    halo, text = root.iter(f"{SVG}text")
    assert (halo.get("aria-hidden"), halo.get("stroke"), text.get("aria-hidden")) == ("true", "#ffffff", None)
    assert (text.text, text.get("font-size")) == ("5 < 6", "11")
    assert root.find(f"{SVG}title").text == "a & b"


def test_a_name_with_signs_of_xml_stays_text():
    evil = '<script>"&amp;'
    run = finished([replace(training("MSSGAN", "ann", 0, GOOD), model=evil)])
    text = figures_of(run)["scores-valence"]
    assert "<script" not in text
    assert evil in [node.text for node in fromstring(text).iter(f"{SVG}text")]


def test_two_models_whose_names_make_the_same_file_name_have_a_file_each():
    run = finished([replace(training("CT", "ann", 0, GOOD), model=name) for name in ("CT a/b", "CT a-b")])
    assert sum(name.startswith("curves-valence-CT-a-b") for name in figures_of(run)) == 2
