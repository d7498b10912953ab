"""A face cut out of a picture as a 64x64 grey square."""

import cv2
import numpy as np
from jaxtyping import UInt8

from valaro.media.yunet import Face

CROP_SIDE = 64
"""Pixels of a crop's side, what the face networks take."""

_MARGIN = 1.1  # the square's side in sizes of the box: YuNet's box ends at brows and chin


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
    if any(beyond):
        square = cv2.copyMakeBorder(square, *beyond, cv2.BORDER_REPLICATE)
    # Area averages when shrinking, so that no detail folds into a pattern.
    interpolation = cv2.INTER_AREA if side > CROP_SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (CROP_SIDE, CROP_SIDE), interpolation=interpolation), np.uint8)
