"""Films a synthetic head: turns and places it before a background, under the clip's light and camera."""

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from valaro_demo_clips.acting import Pose
from valaro_demo_clips.expression import GAP, Expression, draw_expression
from valaro_demo_clips.head import CENTRE, UNIT, Textures, paint_textures
from valaro_demo_clips.plan import ClipPlan

PICTURE = 240
"""Width and height of the picture in pixels."""

ZOOM = 0.64
"""Picture pixels a texture pixel where the camera neither comes closer nor goes back."""

TURN = 0.2 * UNIT
"""Texture pixels that the foremost point of a face moves at yaw or pitch 1."""


def film(
    plan: ClipPlan, acted: tuple[tuple[Expression, Pose], ...], random: np.random.Generator
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Yield the clip's frames, blue-green-red."""
    look = plan.person.look
    textures = paint_textures(look)
    room = _room(random)
    light = _light(plan)
    grain = np.rint(random.normal(0, 2.2, (PICTURE + 32, PICTURE + 32))).astype(np.int16)
    grain = cv2.merge([grain, grain, grain])
    for expression, pose in acted:
        head = draw_expression(textures.head, look, expression)
        picture = _place_body(room, textures, plan, pose)
        picture = _place_head(picture, head, textures, plan, pose, expression.mouth_open)
        top, left = random.integers(0, 32, 2)
        lit = cv2.multiply(picture, light, dtype=cv2.CV_8U)
        yield cv2.add(lit, grain[top : top + PICTURE, left : left + PICTURE], dtype=cv2.CV_8U)


def _room(random: np.random.Generator) -> UInt8[np.ndarray, "h w 3"]:
    """A wall with a few blurred things on it."""
    paint = random.uniform(105, 185) + random.uniform(-14, 14, 3)
    wall = np.tile(paint.astype(np.float32), (PICTURE, PICTURE, 1))
    for _ in range(4):
        left, top = (int(value) for value in random.integers(-40, PICTURE, 2))
        wide, high = (int(value) for value in random.integers(25, 110, 2))
        colour = np.clip(paint + random.uniform(-40, 40) + random.uniform(-14, 14, 3), 40, 225)
        cv2.rectangle(wall, (left, top), (left + wide, top + high), colour.tolist(), -1)
    return np.rint(cv2.GaussianBlur(wall, (0, 0), 7.0)).astype(np.uint8)


def _light(plan: ClipPlan) -> Float32[np.ndarray, "h w 3"]:
    across = np.linspace(-1, 1, PICTURE, dtype=np.float32)
    field = plan.brightness * (1 + 0.2 * plan.light * across[None] - 0.07 * across[:, None])
    return np.repeat(field.astype(np.float32)[..., None], 3, axis=2)


def _camera(plan: ClipPlan, right: float, down: float, roll: float) -> Float32[np.ndarray, "2 3"]:
    """The map from picture to texture pixels for a head moved by (right, down) half head heights and rolled."""
    zoom = ZOOM * plan.camera[2]
    matrix = cv2.getRotationMatrix2D((CENTRE[0], CENTRE[1] + UNIT), roll, zoom)
    matrix[:, 2] += (PICTURE / 2 - CENTRE[0], 0.47 * PICTURE + zoom * UNIT - CENTRE[1] - UNIT)
    matrix[:, 2] += np.array([right + plan.camera[0], down + plan.camera[1]]) * UNIT * zoom
    return cv2.invertAffineTransform(matrix).astype(np.float32)


def _place_body(
    room: UInt8[np.ndarray, "h w 3"], textures: Textures, plan: ClipPlan, pose: Pose
) -> UInt8[np.ndarray, "h w 3"]:
    matrix = _camera(plan, 0.6 * pose.right, 0.5 * pose.down, 0.4 * pose.roll)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return _over(room, cv2.warpAffine(textures.body, matrix, (PICTURE, PICTURE), flags=flags))


def _place_head(
    picture: UInt8[np.ndarray, "h w 3"],
    head: UInt8[np.ndarray, "rows columns 4"],
    textures: Textures,
    plan: ClipPlan,
    pose: Pose,
    mouth_open: float,
) -> UInt8[np.ndarray, "h w 3"]:
    """Lay the head over the picture: what stands out shifts when it turns, the chin sinks when the mouth opens."""
    matrix = _camera(plan, pose.right, pose.down, pose.roll)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (PICTURE, PICTURE)
    depth, jaw = cv2.split(cv2.warpAffine(textures.moves, matrix, size, flags=flags))
    columns = np.arange(PICTURE, dtype=np.float32)[None]
    rows = np.arange(PICTURE, dtype=np.float32)[:, None]
    across = matrix[0, 0] * columns + matrix[0, 1] * rows + matrix[0, 2] - np.float32(TURN * pose.yaw) * depth
    along = matrix[1, 0] * columns + matrix[1, 1] * rows + matrix[1, 2] - np.float32(TURN * pose.pitch) * depth
    along -= np.float32(0.6 * GAP * UNIT * mouth_open) * jaw
    return _over(picture, cv2.remap(head, across, along, cv2.INTER_LINEAR))


def _over(below: UInt8[np.ndarray, "h w 3"], layer: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 3"]:
    clear = cv2.cvtColor(255 - layer[..., 3], cv2.COLOR_GRAY2BGR)
    return cv2.add(cv2.multiply(below, clear, scale=1 / 255), cv2.cvtColor(layer, cv2.COLOR_BGRA2BGR))
