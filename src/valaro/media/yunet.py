"""The face detector YuNet: every face in a grey picture, with how far it is turned.

Wu, Peng and Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector"; weights from OpenCV Zoo (see weights/README.md).
"""

from dataclasses import dataclass
from math import atan2, pi

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from valaro.weights import read_weights

DETECTION_HEIGHT = 360
"""Pixels: larger pictures are looked at in this height, which changes boxes little and costs a quarter at 720."""

DETECTION_WIDTH = 1280
"""Pixels: wider pictures are looked at in this width; a panorama of one row of people costs four ordinary looks."""

_WEIGHTS = "face_detection_yunet_2023mar_int8bq.onnx"
_LOWEST_SCORE = 0.5
_OVERLAP = 0.3  # YuNet's own value for suppressing the weaker of two boxes
_MOST_FACES = 50
_NOSE_DEPTH = 0.5  # how far the nose stands out before the eyes, in distances between the eyes


@dataclass(frozen=True, kw_only=True)
class Face:
    """A face in a picture: its box in pixels, `yaw` -1 (its right profile) to 1, YuNet's `score` 0-1."""

    left: float
    top: float
    width: float
    height: float
    yaw: float
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def size(self) -> float:
        return max(self.width, self.height)


class YuNet:
    """Faces of grey pictures; one for each process, since OpenCV's networks are not shared."""

    def __init__(self) -> None:
        # One thread a process: extraction runs a process a core.
        cv2.setNumThreads(1)
        weights = np.frombuffer(read_weights(_WEIGHTS), np.uint8)
        self._network = cv2.FaceDetectorYN.create(
            "onnx", weights, np.zeros(0, np.uint8), (320, 320), _LOWEST_SCORE, _OVERLAP, _MOST_FACES
        )

    def __call__(self, picture: UInt8[np.ndarray, "h w"]) -> tuple[Face, ...]:
        """Return the faces in `picture`, in its own pixels."""
        height, width = picture.shape
        scale = min(1.0, DETECTION_HEIGHT / height, DETECTION_WIDTH / width)
        small = picture
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._network.detect(cv2.cvtColor(small, cv2.COLOR_GRAY2BGR))
        # OpenCV's types promise rows; it gives None where there is no face.
        is_empty = rows is None  # pyright: ignore[reportUnnecessaryComparison]
        return () if is_empty else tuple(_face(row, scale) for row in np.asarray(rows, np.float64))


def _face(row: Float[np.ndarray, "15"], scale: float) -> Face:
    left, top, width, height = (float(value) / scale for value in row[:4])
    return Face(left=left, top=top, width=width, height=height, yaw=yaw(row[4:14].reshape(5, 2)), score=float(row[14]))


def yaw(landmarks: Float[np.ndarray, "5 2"]) -> float:
    """Return how far a head is turned: 0 to the camera, 1 a quarter turn to the picture's right, -1 to its left.

    `landmarks` are the person's right eye, left eye, nose tip and corners of the mouth, in pixels. A nose that stands
    out by h before eyes that are d apart shows, at the angle a, h sin(a) beside their middle, and the eyes d cos(a)
    apart: a = atan2(shift, h/d * distance), whatever the head's tilt; h/d is taken as 0.5.
    """
    right_eye, left_eye, nose = landmarks[0], landmarks[1], landmarks[2]
    across = left_eye - right_eye
    distance = float(np.hypot(across[0], across[1])) or 1e-6
    shift = float((nose - (left_eye + right_eye) / 2) @ across) / distance
    return float(np.clip(atan2(shift, _NOSE_DEPTH * distance) / (pi / 2), -1, 1))
