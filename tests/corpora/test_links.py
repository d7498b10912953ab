"""Names and links of a corpus lead to nothing outside it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valaro.corpora.links import Link, inside, plain_name, read_link
from valaro.errors import ValaroError


def test_a_link_names_a_file_beside_and_one_element_or_a_row_of_them() -> None:
    assert read_link("a.words.xml#id(a.words0)..id(a.words9)") == Link("a.words.xml", "a.words0", "a.words9")
    assert read_link("a.words.xml#id(a.words4)") == Link("a.words.xml", "a.words4", "a.words4")


@pytest.mark.parametrize(
    "file",
    [
        *("../a.xml", "b/../../a.xml", "/etc/passwd", "..", ".", "", "./a.xml", "~/a.xml", "%2e%2e/a.xml"),
        *("file:///etc/passwd", "http://x/a.xml", "c:a.xml", "..\\a.xml", "\\\\server\\a.xml"),
        *("a.xml\0", "\u2025/a.xml", "a\n.xml"),
    ],
)
def test_a_link_that_leads_out_is_refused_and_shown(file: str) -> None:
    with pytest.raises(ValaroError) as caught:
        read_link(f"{file}#id(w)")
    assert f"the link '{file}#id(w)' leads out of its folder or to no file, and is not followed" in str(caught.value)


@pytest.mark.parametrize("fragment", ["", "#", "#w", "#id()", "#id(a)..", "#id(a)..id(b)..id(c)", "#xpointer(id('a'))"])
def test_a_link_without_elements_is_refused(fragment: str) -> None:
    with pytest.raises(ValaroError, match="names no elements"):
        read_link(f"a.xml{fragment}")


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_whatever_a_link_says_its_file_stays_in_the_folder(text: str) -> None:
    try:
        file = read_link(f"{text}#id(a)").file
    except ValaroError:
        return
    assert (Path("/corpus/words") / file).resolve().parent == Path("/corpus/words")


@pytest.mark.parametrize("text", ["", ".", "..", "../x", "a/b", "a\\b", "a\0", "a\n"])
def test_a_name_that_could_be_a_way_is_refused(text: str) -> None:
    with pytest.raises(ValaroError, match="observation"):
        plain_name(text, "observation")


def test_a_link_of_the_file_system_may_not_lead_out(tmp_path: Path) -> None:
    corpus, elsewhere = tmp_path / "corpus", tmp_path / "elsewhere.xml"
    corpus.mkdir()
    elsewhere.touch()
    (corpus / "in.xml").touch()
    (corpus / "link.xml").symlink_to(corpus / "in.xml")
    (corpus / "out.xml").symlink_to(elsewhere)
    (tmp_path / "corpus too").symlink_to(corpus)
    for path in (corpus / "in.xml", corpus / "link.xml", tmp_path / "corpus too" / "in.xml"):
        assert inside(path.parent, path) == path
    with pytest.raises(ValaroError, match="outside the corpus: it is not opened"):
        inside(corpus, corpus / "out.xml")
