"""Whether a media file was cut short, told by the sizes that it declares itself."""

from pathlib import Path
from typing import BinaryIO

_MOST_BOXES = 1000
_TAIL = 1 << 20
_TRANSPORT_PACKET = 188
_PACK, _PROGRAM_END = 0xBA, 0xB9


def why_cut(path: Path) -> str | None:
    """Return in plain words why the file at `path` is incomplete, None if it looks whole or its form is not known.

    Known are MP4/MOV (sizes of the top-level boxes), WAV and AVI (RIFF size), MPEG program and transport
    streams (last packet).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] == b"ftyp":
            return _cut_boxes(file, size)
        if head[:4] == b"RIFF":
            return _cut_riff(head, size)
        if head[:4] == b"\x00\x00\x01\xba":
            return _cut_packets(file, size)
        file.seek(_TRANSPORT_PACKET)
        if head[:1] == file.read(1) == b"G":
            left_over = size % _TRANSPORT_PACKET
            return _words(size, size - left_over + _TRANSPORT_PACKET) if left_over else None
    return None


def _words(size: int, declared: int) -> str:
    return f"the file is cut short: {size:,} bytes are there, {declared:,} or more were written"


def _cut_boxes(file: BinaryIO, size: int) -> str | None:
    position, kinds = 0, set[bytes]()
    for _ in range(_MOST_BOXES):
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            break
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        kinds.add(kind)
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:
            length = size - position
        if length < 8:
            return None
        position += length
    cut = _words(size, position) if position > size else None
    if b"moov" not in kinds:
        return f"{cut or 'the file is incomplete'}, and its index (the 'moov' part at the end of an MP4) is missing"
    return cut


def _cut_riff(head: bytes, size: int) -> str | None:
    declared = int.from_bytes(head[4:8], "little")
    # A program that writes to a pipe leaves 0 or all ones: it does not know the size.
    if declared in {0, 0xFFFFFFFF} or declared + 8 <= size:
        return None
    return _words(size, declared + 8)


def _cut_packets(file: BinaryIO, size: int) -> str | None:
    base = max(0, size - _TAIL)
    file.seek(base)
    tail = file.read()
    position = tail.rfind(b"\x00\x00\x01\xba")
    if position < 0:
        return None
    while position + 6 <= len(tail) and tail[position : position + 3] == b"\x00\x00\x01":
        kind = tail[position + 3]
        if kind == _PROGRAM_END:
            return None
        position += (
            _pack_length(tail, position)
            if kind == _PACK
            else 6 + int.from_bytes(tail[position + 4 : position + 6], "big")
        )
    # Trailing zeros are stuffing; a packet that would end after the file is a cut.
    return _words(size, base + position) if position > len(tail) else None


def _pack_length(tail: bytes, position: int) -> int:
    is_mpeg2 = tail[position + 4] >> 6 == 1
    if not is_mpeg2:
        return 12
    return 14 + (tail[position + 13] & 7) if position + 13 < len(tail) else 14
