"""XML from outside: elements with their lines, and nothing that it could smuggle in."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from valaro.corpora.xml import Element, read_elements
from valaro.errors import ValaroError
from valaro.limits import Limits

BILLION_LAUGHS = (
    b'<?xml version="1.0"?>\n<!DOCTYPE lolz [\n <!ENTITY lol "lol">\n'
    + b"".join(
        b' <!ENTITY lol%d "%s">\n' % (n, b"&lol%d;" % (n - 1) * 10 if n > 1 else b"&lol;" * 10) for n in range(1, 10)
    )
    + b"]>\n<lolz>&lol9;</lolz>"
)


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ValaroError) as caught:
        list(read_elements(path))
    return str(caught.value)


def test_elements_come_with_attributes_line_and_depth(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<n:root xmlns:n="urn:n">\n<!-- nothing -->\n'
        '<w n:id="a" said="caf\xe9">text</w>\n<s><w/></s>\n</n:root>'.encode("latin-1")
    )
    assert list(read_elements(path)) == [
        Element("urn:n}root", {}, 2, 0),
        Element("w", {"urn:n}id": "a", "said": "caf\xe9"}, 4, 1),
        Element("s", {}, 5, 1),
        Element("w", {}, 5, 2),
    ]


def test_a_billion_laughs_are_refused_where_they_begin(tmp_path: Path) -> None:
    path = tmp_path / "laughs.xml"
    words = refusal(path, BILLION_LAUGHS)
    assert words.startswith(f"{path}, line 2: declares a document type (DTD), which can hide entities")


def test_another_file_or_address_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for declared in (
        f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{tmp_path}/secret">]><a>&b;</a>',
        f'<!DOCTYPE a SYSTEM "{tmp_path}/secret"><a/>',
        '<!DOCTYPE a PUBLIC "-//X" "http://localhost:9/x.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "secret"> %p;]><a/>',
    ):
        words = refusal(tmp_path / "a.xml", declared.encode())
        assert "line 1: declares a document type" in words
        assert "secret" not in words.replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1: not well-formed XML (no element found)"),
        (b"<a>\n<b></a>", "line 2: not well-formed XML (mismatched tag)"),
        (b"<a>\n\n&nbsp;</a>", "line 3: not well-formed XML (undefined entity)"),
        (b"<a>\xe9</a>", "line 1: not well-formed XML"),
        (b'<?xml version="1.0" encoding="unicode_escape"?><a/>', "line 1: encoding 'unicode_escape': expected UTF-8"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "line 1: encoding 'UTF-7'"),
    ],
)
def test_what_is_no_xml_is_named_with_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(tmp_path / "a.xml", content)


def test_a_file_larger_than_any_annotation_is_refused_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"<a>" + b"<b/>" * 50_000 + b"</a>")
    assert len(list(read_elements(path, limits=Limits(most_annotation_bytes=200_007)))) == 50_001
    with pytest.raises(ValaroError, match="larger than 200,006 bytes"):
        list(read_elements(path, limits=Limits(most_annotation_bytes=200_006)))


def test_what_is_not_there_or_a_folder_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match="there is no such file"):
        list(read_elements(tmp_path / "a.xml"))
    with pytest.raises(ValaroError, match="is a folder"):
        list(read_elements(tmp_path))


def test_deep_nesting_takes_no_stack(tmp_path: Path) -> None:
    path = tmp_path / "deep.xml"
    path.write_bytes(b"<a>" * 50_000 + b"</a>" * 50_000)
    assert max(element.depth for element in read_elements(path)) == 49_999


PIECES = st.sampled_from(
    [
        *(b"<a>", b"</a>", b"<a/>", b"<!DOCTYPE a [", b"<!ENTITY", b"]>", b"&#x41;", b"&a;", b"<?xml", b"?>"),
        *(b"<![CDATA[", b' encoding="', b'"', b"utf-8", b"utf-16", b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b"\n"),
        *(b"xmlns:n='u'", b"<!--", b"-->"),
    ]
)


@settings(max_examples=400)
@given(
    st.one_of(st.binary(max_size=300), st.lists(st.one_of(PIECES, st.binary(max_size=4)), max_size=12).map(b"".join))
)
@example(b'<?xml version="1.0" encoding="zlib"?><a/>')
@example(b'<?xml version="1.0" encoding=""?><a/>')
def test_no_bytes_raise_anything_but_a_users_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    said = ""
    try:
        assert all(element.line > 0 for element in read_elements(path))
    except ValaroError as error:
        said = str(error)
    assert said.startswith(str(path)) or not said
