"""A picture file as the 64x64 grey square that face networks take."""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from valaro.errors import MediaError
from valaro.media.crops import CROP_SIDE

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff", ".webp")

_MOST_BYTES = 32 << 20


def read_crop(path: Path) -> UInt8[np.ndarray, "64 64"]:
    """Return the middle square of a picture, grey, 64x64; it is expected to hold a face and little else.

    Raises:
        MediaError: it cannot be read, or is no picture.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= _MOST_BYTES else b""
    except OSError as error:
        raise MediaError(f"cannot be read: {error.strerror}") from None
    if size > _MOST_BYTES:
        raise MediaError(f"{size} bytes, expected at most {_MOST_BYTES}: a crop of a face is small")
    if not content:
        raise MediaError("the file is empty, expected a picture")
    picture = _decoded(content)
    height, width = picture.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[top : top + side, left : left + side]
    # As in crops.py, so that a network sees in training what it sees in use.
    interpolation = cv2.INTER_AREA if side > CROP_SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (CROP_SIDE, CROP_SIDE), interpolation=interpolation), np.uint8)


def _decoded(content: bytes) -> UInt8[np.ndarray, "h w"]:
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise MediaError(f"cannot be decoded: {error.err}") from None
    if picture is None:
        raise MediaError("cannot be decoded: damaged, or no picture")
    return np.asarray(picture, np.uint8)
