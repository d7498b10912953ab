"""Cut files are recognised by the sizes they declare."""

import pytest

from valaro.media.truncation import why_cut


def written(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


def box(kind, length):
    return length.to_bytes(4, "big") + kind + bytes(length - 8)


def test_a_box_that_is_longer_than_the_file_tells_both_sizes(tmp_path):
    content = (box(b"ftyp", 16) + box(b"moov", 100) + box(b"mdat", 1000))[:616]
    assert why_cut(written(tmp_path, content)) == (
        "the file is cut short: 616 bytes are there, 1,116 or more were written"
    )


def test_a_whole_mp4_is_whole_and_one_without_index_is_not(tmp_path):
    assert why_cut(written(tmp_path, box(b"ftyp", 16) + box(b"mdat", 50) + box(b"moov", 100))) is None
    assert "moov" in (why_cut(written(tmp_path, box(b"ftyp", 16) + box(b"mdat", 50))) or "")


def test_a_box_that_reaches_to_the_end_or_has_a_64_bit_size_is_understood(tmp_path):
    to_the_end = box(b"ftyp", 16) + box(b"moov", 20) + bytes(4) + b"mdat" + bytes(77)
    assert why_cut(written(tmp_path, to_the_end)) is None
    large = (1).to_bytes(4, "big") + b"mdat" + (5000).to_bytes(8, "big") + bytes(84)
    assert "5,036 or more" in (why_cut(written(tmp_path, box(b"ftyp", 16) + box(b"moov", 20) + large)) or "")


@pytest.mark.parametrize(("declared", "is_cut"), [(92, False), (93, True), (0, False), (0xFFFFFFFF, False)])
def test_a_riff_size_counts_what_follows_its_first_8_bytes(tmp_path, declared, is_cut):
    content = b"RIFF" + declared.to_bytes(4, "little") + b"WAVE" + bytes(88)
    assert (why_cut(written(tmp_path, content)) is not None) == is_cut


def test_transport_stream_packets_have_188_bytes(tmp_path):
    packet = b"G" + bytes(187)
    assert why_cut(written(tmp_path, packet * 5)) is None
    assert "900 bytes are there, 940" in (why_cut(written(tmp_path, packet * 4 + packet[:148])) or "")


def test_a_program_stream_ends_with_a_whole_packet(tmp_path):
    pack = b"\x00\x00\x01\xba\x21" + bytes(7)
    packet = b"\x00\x00\x01\xe0" + (100).to_bytes(2, "big") + bytes(100)
    assert why_cut(written(tmp_path, pack + packet + packet)) is None
    assert why_cut(written(tmp_path, pack + packet + b"\x00\x00\x01\xb9")) is None
    assert "204 bytes are there, 224" in (why_cut(written(tmp_path, (pack + packet + packet)[:204])) or "")


def test_a_form_that_declares_no_size_is_not_judged(tmp_path):
    assert why_cut(written(tmp_path, b"\x1a\x45\xdf\xa3" + bytes(50))) is None
