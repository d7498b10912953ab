"""Which three words of a speaker are consecutive."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.ami import MadeWord, write_segments, write_words
from valaro.corpora.ami_folder import AmiFolder
from valaro.corpora.ami_transcript import Transcript, read_transcript
from valaro.errors import ValaroError

NAME = "ES2002a.B"


def read(folder: Path) -> Transcript:
    return read_transcript(AmiFolder(annotations=folder, recordings=folder), NAME)


def triples(transcript: Transcript) -> list[tuple[int, float, float]]:
    return list(zip(transcript.places.tolist(), transcript.begins.tolist(), transcript.ends.tolist(), strict=True))


def said(folder: Path, *words: MadeWord) -> Transcript:
    write_words(folder, NAME, words)
    return read(folder)


def row(*begins: float) -> list[MadeWord]:
    return [MadeWord(begin, begin + 0.25) for begin in begins]


def test_four_words_in_a_row_are_two_times_three(tmp_path: Path) -> None:
    transcript = said(tmp_path, *row(1.0, 1.3, 1.75, 2.0))
    assert triples(transcript) == [(1, 1.0, 2.0), (2, 1.3, 2.25)]
    assert (transcript.words, transcript.untimed, transcript.impossible, transcript.faults) == (4, 0, (), ())


@pytest.mark.parametrize("between", ["vocalsound", "disfmarker", "nonvocalsound", "comment"])
def test_punctuation_and_noises_part_no_words(tmp_path: Path, between: str) -> None:
    one, two, three = row(1.0, 1.3, 1.6)
    comma = MadeWord(1.25, 1.25, ",", more='punc="true"')
    untimed_stop = MadeWord(None, text=".", more='punc="true"')
    broken_off = MadeWord(two.begin, two.end, "caf", more='trunc="true"')
    transcript = said(tmp_path, one, comma, broken_off, MadeWord(1.55, 1.6, kind=between), three, untimed_stop)
    assert triples(transcript) == [(2, 1.0, 1.85)]
    assert (transcript.words, transcript.untimed) == (3, 0)


def test_a_pause_of_half_a_second_parts_no_words_and_a_longer_one_does(tmp_path: Path) -> None:
    # 77.44 + 0.25 + 0.5 = 78.19
    assert triples(said(tmp_path, *row(77.14, 77.44, 78.19))) == [(1, 77.14, 78.44)]
    assert triples(said(tmp_path, *row(77.14, 77.44, 78.20))) == []


@pytest.mark.parametrize(
    "hidden",
    [MadeWord(None), MadeWord(1.85, 1.9, kind="gap"), MadeWord(1.2, 1.3), MadeWord(1.9, 1.8), MadeWord(-1.0, 1.9)],
    ids=["untimed", "gap", "begins earlier", "ends before it begins", "negative"],
)
def test_what_may_hide_a_word_parts_those_around_it(tmp_path: Path, hidden: MadeWord) -> None:
    transcript = said(tmp_path, *row(1.0, 1.3, 1.6), hidden, *row(2.0, 2.3, 2.6))
    assert [place for place, _, _ in triples(transcript)] == [1, 5]


def test_impossible_words_are_named_with_file_and_line(tmp_path: Path) -> None:
    path = write_words(tmp_path, NAME, [*row(1.0), MadeWord(3.0, 2.0)])
    path.write_bytes(path.read_bytes().replace(b'starttime="1.00"', b'starttime="1,00"'))
    transcript = read(tmp_path)
    assert transcript.impossible == (
        f"{path}, line 3: a word from '1,00' to '1.25' s",
        f"{path}, line 4: a word from '3.00' to '2.00' s",
    )


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", "1e9", "0x1", "one"])
def test_no_time_passes_that_is_none(tmp_path: Path, time: str) -> None:
    path = write_words(tmp_path, NAME, row(1.0, 1.3, 1.6))
    path.write_bytes(path.read_bytes().replace(b'"1.30"', f'"{time}"'.encode()))
    transcript = read(tmp_path)
    assert (triples(transcript), len(transcript.impossible)) == ([], 1)


def test_words_of_two_segments_are_not_consecutive(tmp_path: Path) -> None:
    write_words(tmp_path, NAME, row(*(1 + 0.3 * place for place in range(8))))
    assert [place for place, _, _ in triples(read(tmp_path))] == [1, 2, 3, 4, 5, 6]
    write_segments(tmp_path, NAME, [(0, 3), (4, 7)])
    assert [place for place, _, _ in triples(read(tmp_path))] == [1, 2, 5, 6]
    # A segment that ends parts too, where the next word is in none.
    write_segments(tmp_path, NAME, [(1, 3)])
    assert [place for place, _, _ in triples(read(tmp_path))] == [2, 5, 6]


@pytest.mark.parametrize(
    ("href", "words"),
    [
        ("../../../etc/passwd#id(a)", "leads out of its folder"),
        ("http://localhost/ES2002a.B.words.xml#id(a)", "leads out of its folder"),
        ("ES2002a.C.words.xml#id(ES2002a.C.words0)", "leads to another file, expected ES2002a.B.words.xml"),
        ("ES2002a.B.words.xml", "names no elements"),
    ],
)
def test_a_segment_whose_link_cannot_be_followed_is_a_fault_and_the_words_are_read(
    tmp_path: Path, href: str, words: str
) -> None:
    path = write_segments(tmp_path, NAME, [], href=href)
    transcript = said(tmp_path, *row(1.0, 1.3, 1.6))
    assert len(triples(transcript)) == 1
    (fault,) = transcript.faults
    assert fault.startswith(f"{path}, line 4: the link '{href}' ")
    assert words in fault


def test_segments_that_are_no_xml_are_a_fault_and_words_that_are_none_an_error(tmp_path: Path) -> None:
    path = write_segments(tmp_path, NAME, [(0, 2)])
    path.write_text("<!DOCTYPE a><a/>")
    transcript = said(tmp_path, *row(1.0, 1.3, 1.6))
    assert (len(triples(transcript)), len(transcript.faults)) == (1, 1)
    words = tmp_path / "words" / f"{NAME}.words.xml"
    words.write_bytes(words.read_bytes().replace(b"</nite:root>\n", b""))
    with pytest.raises(ValaroError, match=r"ES2002a\.B\.words\.xml, line 6: not well-formed XML"):
        read(tmp_path)


def test_words_that_are_a_link_out_of_the_corpus_are_not_opened(tmp_path: Path) -> None:
    elsewhere, corpus = tmp_path / "elsewhere", tmp_path / "corpus"
    (corpus / "words").mkdir(parents=True)
    (corpus / "words" / f"{NAME}.words.xml").symlink_to(write_words(elsewhere, NAME, row(1.0, 1.3, 1.6)))
    with pytest.raises(ValaroError, match="outside the corpus"):
        read(corpus)


TIMES = st.one_of(st.floats(-1, 100).map(str), st.text(alphabet="0123456789.-e nai", max_size=6))
ELEMENTS = st.builds(
    '<{} nite:id="{}" starttime="{}" endtime="{}" punc="{}"/>'.format,
    st.sampled_from(["w", "gap", "vocalsound", "x"]),
    st.integers(0, 3),
    TIMES,
    TIMES,
    st.sampled_from(["", "true", "maybe"]),
)
NEARLY = st.lists(ELEMENTS, max_size=8).map(
    lambda inner: f'<nite:root xmlns:nite="http://nite.sourceforge.net/">{"".join(inner)}</nite:root>'.encode()
)


@settings(max_examples=400)
@given(st.one_of(st.binary(max_size=200), NEARLY), st.one_of(st.none(), st.binary(max_size=100), NEARLY))
def test_no_bytes_raise_anything_but_a_users_error(tmp_path: Path, words: bytes, segments: bytes | None) -> None:
    for kind, content in (("words", words), ("segments", segments)):
        path = tmp_path / kind / f"{NAME}.{kind}.xml"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
    with suppress(ValaroError):
        transcript = read(tmp_path)
        assert len(transcript.places) <= max(0, transcript.words - 2)
        assert (transcript.begins <= transcript.ends).all()
