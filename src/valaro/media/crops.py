"""The 64x64 grey square that face networks take: cut out of a frame, or read from a picture file."""

import io
import struct
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError
from jaxtyping import UInt8

from valaro.errors import MediaError
from valaro.limits import LIMITS
from valaro.media.yunet import Face

CROP_SIDE = 64
"""Pixels of a crop's side, what the face networks take."""

_MARGIN = 1.1  # the square's side in sizes of the box: YuNet's box ends at brows and chin

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff", ".webp")

# As for recordings: a script in a picture's clothes would have FFmpeg open other files.
_FORMATS = "bmp_pipe,jpeg_pipe,pbm_pipe,pgm_pipe,ppm_pipe,png_pipe,tiff_pipe,webp_pipe"
_PNG = b"\x89PNG\r\n\x1a\n"


def cut_face(picture: UInt8[np.ndarray, "h w"], face: Face) -> UInt8[np.ndarray, "64 64"]:
    """Return the square around `face`, 64x64; beyond the picture's border its edge is repeated."""
    height, width = picture.shape
    side = max(2, round(face.size * _MARGIN))
    left, top = (round(middle - side / 2) for middle in face.centre)
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    if x0 >= x1 or y0 >= y1:
        return np.zeros((CROP_SIDE, CROP_SIDE), np.uint8)
    square = picture[y0:y1, x0:x1]
    beyond = (y0 - top, top + side - y1, x0 - left, left + side - x1)
    return _resized(cv2.copyMakeBorder(square, *beyond, cv2.BORDER_REPLICATE) if any(beyond) else square)


def _resized(square: np.ndarray) -> UInt8[np.ndarray, "64 64"]:
    # Area averages when shrinking, so that no detail folds into a pattern.
    interpolation = cv2.INTER_AREA if len(square) > CROP_SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (CROP_SIDE, CROP_SIDE), interpolation=interpolation), np.uint8)


def read_crop(path: Path) -> UInt8[np.ndarray, "64 64"]:
    """Return the middle square of a picture, grey, 64x64; it is expected to hold a face and little else.

    Raises:
        MediaError: it cannot be read, or is no picture.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LIMITS.most_picture_bytes else b""
    except OSError as error:
        raise MediaError(f"cannot be read: {error.strerror}") from None
    if size > LIMITS.most_picture_bytes:
        raise MediaError(f"{size} bytes, expected at most {LIMITS.most_picture_bytes}: a crop of a face is small")
    if not content:
        raise MediaError("the file is empty, expected a picture")
    _check_size(content)
    picture = _decoded(content)
    height, width = picture.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _resized(picture[top : top + side, left : left + side])


def _check_size(content: bytes) -> None:
    """Raise MediaError where a picture would unfold to more pixels than any camera's, before it is decoded."""
    # PNGs come by the ten thousand, and have their size in front.
    is_png = content.startswith(_PNG)
    width, height = struct.unpack(">II", content[16:24].ljust(8, b"\0")) if is_png else _claimed_size(content)
    if width * height > LIMITS.most_pixels or max(width, height) > LIMITS.longest_side:
        raise MediaError(f"claims {width}x{height} pixels, expected at most {LIMITS.most_pixels:,}")


def _claimed_size(content: bytes) -> tuple[int, int]:
    try:
        with av.open(
            io.BytesIO(content),
            container_options={"format_whitelist": _FORMATS, "protocol_whitelist": ""},
            options={"max_pixels": str(LIMITS.most_pixels)},
        ) as container:
            stream = container.streams.video[0]
            width, height = stream.width, stream.height
    except (FFmpegError, IndexError, ValueError):
        raise MediaError("cannot be decoded: damaged, or no picture") from None
    if not width * height:
        raise MediaError(f"cannot be decoded: damaged, or of more than {LIMITS.most_pixels:,} pixels")
    return width, height


def _decoded(content: bytes) -> UInt8[np.ndarray, "h w"]:
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise MediaError(f"cannot be decoded: {error.err}") from None
    if picture is None:
        raise MediaError("cannot be decoded: damaged, or no picture")
    return np.asarray(picture, np.uint8)
