"""Draws the moving parts of a synthetic face, eyes, brows and mouth, on the texture of its head."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from valaro_demo_clips.head import BROW_LEVEL, CENTRE, EYE_LEVEL, MOUTH_LEVEL, SIZE, UNIT
from valaro_demo_clips.person import Colour, Look

SHIFT = 4
"""Bits of the fraction in cv2's coordinates: edges move smoothly, not by whole pixels."""

GAP = 0.2
"""How far the wide open mouth opens, in half head heights."""

_ARC = np.linspace(-1, 1, 21)


@dataclass(frozen=True, kw_only=True)
class Expression:
    """One moment of a face: about -1..1 for `smile`, `brow_raise`, `frown`, gaze; 0-1 for `eye_open` and `mouth_open`.

    `eye_open` 0.7 is the resting eye; `rounding` (0-1) purses the lips.
    """

    smile: float
    brow_raise: float
    frown: float
    eye_open: float
    mouth_open: float
    rounding: float
    gaze_x: float
    gaze_y: float


def draw_expression(head: UInt8[np.ndarray, "h w 4"], look: Look, face: Expression) -> UInt8[np.ndarray, "h w 4"]:
    """Return a copy of the head's texture with this expression on it."""
    picture = head.copy()
    for side in (-1.0, 1.0):
        _draw_eye(picture, look, face, side)
        _draw_brow(picture, look, face, side)
        _draw_fold(picture, look, face, side)
    _draw_mouth(picture, look, face)
    _soften(picture, (-0.6, 0.36, 0.6, 0.96), 1.0)
    _soften(picture, (-0.62, -0.48, 0.62, 0.18), 0.8)
    return picture


def _pixels(points: Float[np.ndarray, "n 2"]) -> np.ndarray:
    fixed = (points * UNIT + np.asarray(CENTRE)) * (1 << SHIFT)
    return np.rint(fixed).astype(np.int32)[None]


def _paint(picture: UInt8[np.ndarray, "h w 4"], points: Float[np.ndarray, "n 2"], colour: Colour) -> None:
    cv2.fillPoly(picture, list(_pixels(points)), (*colour, 255), cv2.LINE_AA, SHIFT)


def _line(picture: UInt8[np.ndarray, "h w 4"], points: Float[np.ndarray, "n 2"], colour: Colour, width: int) -> None:
    cv2.polylines(picture, list(_pixels(points)), False, (*colour, 255), width, cv2.LINE_AA, SHIFT)


def _dot(picture: UInt8[np.ndarray, "h w 4"], centre: tuple[float, float], radius: float, colour: Colour) -> None:
    spot = _pixels(np.array([centre]))[0, 0]
    size = round(radius * UNIT * (1 << SHIFT))
    cv2.circle(picture, (int(spot[0]), int(spot[1])), size, (*colour, 255), -1, cv2.LINE_AA, SHIFT)


def _tint(colour: Colour, factor: float) -> Colour:
    blue, green, red = colour
    return (min(255.0, blue * factor), min(255.0, green * factor), min(255.0, red * factor))


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    keep = 1 - share
    return (
        first[0] * keep + second[0] * share,
        first[1] * keep + second[1] * share,
        first[2] * keep + second[2] * share,
    )


def _window(box: tuple[float, float, float, float]) -> tuple[slice, slice]:
    """Rows and columns of a box (left, top, right, bottom) in half head heights."""
    columns = [round(value * UNIT + CENTRE[0]) for value in (box[0], box[2])]
    rows = [round(value * UNIT + CENTRE[1]) for value in (box[1], box[3])]
    return slice(max(rows[0], 0), min(rows[1], SIZE)), slice(max(columns[0], 0), min(columns[1], SIZE))


def _soften(picture: UInt8[np.ndarray, "h w 4"], box: tuple[float, float, float, float], blur: float) -> None:
    window = _window(box)
    picture[window] = cv2.GaussianBlur(picture[window], (5, 5), blur)


def _draw_eye(picture: UInt8[np.ndarray, "h w 4"], look: Look, face: Expression, side: float) -> None:
    """White, iris, pupil and gleam, seen through the opening between the lids."""
    wide = 0.142 * look.eye_size
    upper = wide * (0.06 + 0.62 * face.eye_open)
    lower = wide * (0.05 + 0.3 * min(face.eye_open, 0.8)) * (1 - 0.3 * max(face.smile, 0.0))
    middle = side * look.eye_spacing
    arch = (1 - _ARC**2) ** 0.8
    lid = np.stack([middle + wide * _ARC, EYE_LEVEL - upper * arch - 0.008 * side * _ARC], axis=1)
    rim = np.stack([middle + wide * _ARC, EYE_LEVEL + lower * arch - 0.008 * side * _ARC], axis=1)
    window = _window((middle - 0.24, EYE_LEVEL - 0.2, middle + 0.24, EYE_LEVEL + 0.16))
    opening = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(opening, list(_pixels(np.concatenate([lid, rim[::-1]]))), 255, cv2.LINE_AA, SHIFT)
    _draw_iris(picture, look, face, middle, opening, window)
    ink = _mix(look.hair, (20.0, 20.0, 26.0), 0.6)
    lid_skin = _tint(look.skin, 0.62)
    _line(picture, lid + np.array([0.0, -0.045]), lid_skin, 1)
    _line(picture, rim + np.array([0.0, 0.012]), lid_skin, 1)
    _line(picture, lid, ink, look.lashes)


def _draw_iris(
    picture: UInt8[np.ndarray, "h w 4"],
    look: Look,
    face: Expression,
    middle: float,
    opening: UInt8[np.ndarray, "h w"],
    window: tuple[slice, slice],
) -> None:
    ball = np.empty_like(picture)
    ball[window] = (226, 232, 236, 255)
    at = (middle + 0.045 * face.gaze_x, EYE_LEVEL - 0.018 + 0.03 * face.gaze_y)
    radius = 0.068 * look.eye_size
    _dot(ball, at, radius, _tint(look.iris, 0.55))
    _dot(ball, at, radius * 0.84, look.iris)
    _dot(ball, at, radius * 0.42, (16.0, 14.0, 14.0))
    _dot(ball, (at[0] - 0.02, at[1] - 0.026), 0.016, (250.0, 250.0, 250.0))
    cover = opening[window].astype(np.float32)[..., None] / 255
    shade = np.linspace(0.72, 1.0, cover.shape[0], dtype=np.float32)[:, None, None]
    mixed = picture[window] * (1 - cover) + ball[window] * cover * np.concatenate(
        [shade] * 3 + [np.ones_like(shade)], 2
    )
    picture[window] = np.rint(mixed).astype(np.uint8)


def _draw_brow(picture: UInt8[np.ndarray, "h w 4"], look: Look, face: Expression, side: float) -> None:
    """A tapering arc: raised as a whole, its inner end drawn down and in by a frown."""
    along = np.linspace(0, 1, 12)
    x = 0.13 - 0.035 * face.frown + 0.4 * along * (look.eye_spacing / 0.32)
    arch = -0.075 * np.sin(np.pi * np.clip(along * 0.85 + 0.1, 0, 1))
    y = BROW_LEVEL + 0.035 + arch - 0.06 * face.brow_raise + 0.075 * face.frown * (1 - along) ** 1.5
    half = look.brow_thickness * (0.75 + 0.5 * np.sin(np.pi * along * 0.7)) * (1 - 0.75 * along**3)
    top = np.stack([side * x, y - half], axis=1)
    bottom = np.stack([side * x, y + half], axis=1)
    _paint(picture, np.concatenate([top, bottom[::-1]]), _mix(_tint(look.hair, 0.6), (34.0, 38.0, 46.0), 0.45))


def _draw_fold(picture: UInt8[np.ndarray, "h w 4"], look: Look, face: Expression, side: float) -> None:
    """The fold from the wing of the nose to the mouth's corner, which a smile deepens."""
    along = np.linspace(0, 1, 10)
    x = side * (0.17 * look.nose_width + (0.13 + 0.05 * face.smile) * along + 0.05 * np.sin(np.pi * along))
    y = 0.38 + (0.19 - 0.03 * face.smile) * along
    depth = 0.05 + 0.11 * max(face.smile, 0.0)
    fold = np.stack([x, y], axis=1)
    column, row = (fold[5] * UNIT + np.asarray(CENTRE)).astype(int).tolist()
    blue, green, red = picture[row, column, :3].tolist()
    _line(picture, fold, _tint((blue, green, red), 0.97 - depth), 2)


def _lip_colour(look: Look) -> Colour:
    return _mix(_tint(look.skin, 0.8), (92.0, 84.0, 188.0), look.lip_redness * 0.7)


def _draw_mouth(picture: UInt8[np.ndarray, "h w 4"], look: Look, face: Expression) -> None:
    """Lips around an opening with teeth and tongue; a smile lifts and widens the corners."""
    wide = look.mouth_width * (1 + 0.16 * face.smile - 0.22 * face.rounding)
    gap = GAP * face.mouth_open
    x = wide * _ARC
    bow = MOUTH_LEVEL - (0.085 if face.smile > 0 else 0.055) * face.smile * (_ARC**2 - 0.35)
    round_ = np.sqrt(1 - _ARC**2)
    full = look.lip_fullness * (1 - 0.15 * face.smile)
    inner_top = bow - 0.25 * gap * round_
    inner_bottom = bow + 0.75 * gap * round_
    outer_top = inner_top - full * 0.075 * round_**1.3 * (1 - 0.22 * np.exp(-((_ARC / 0.16) ** 2)))
    outer_bottom = inner_bottom + full * 0.095 * round_
    lips = _lip_colour(look)

    def between(upper: Float[np.ndarray, " n"], lower: Float[np.ndarray, " n"]) -> Float[np.ndarray, "m 2"]:
        return np.concatenate([np.stack([x, upper], axis=1), np.stack([x, lower], axis=1)[::-1]])

    _paint(picture, between(outer_top, inner_top + 0.004), _tint(lips, 0.82))
    _paint(picture, between(inner_bottom - 0.004, outer_bottom), lips)
    gleam = inner_bottom + 0.045 * full * round_
    _line(picture, np.stack([x, gleam], axis=1)[7:14], _tint(lips, 1.12), 3)
    if gap > 0.015:
        _paint(picture, between(inner_top, inner_bottom), (38.0, 30.0, 62.0))
        tongue = inner_bottom - 0.35 * gap * round_
        _paint(picture, between(tongue, inner_bottom)[4:-4], (92.0, 84.0, 150.0))
        teeth = np.minimum(inner_top + min(0.34 * gap, 0.055) * round_, inner_bottom)
        _paint(picture, between(inner_top, teeth), (208.0, 216.0, 220.0))
    _line(picture, np.stack([x, inner_top], axis=1), _tint(lips, 0.5), 1 if gap > 0.015 else 2)
    corner = np.array([[-wide * 1.03, bow[0] - 0.01 * face.smile], [-wide * 0.94, bow[1]]])
    _line(picture, corner, _tint(lips, 0.6), 2)
    _line(picture, corner * np.array([-1.0, 1.0]), _tint(lips, 0.6), 2)
