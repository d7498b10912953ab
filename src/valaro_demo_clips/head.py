"""Paints the parts of a synthetic head that do not move by themselves: skin, hair, ears, neck and shoulders."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from valaro_demo_clips.person import Colour, Look

SIZE = 480
"""Width and height of the textures in pixels."""

UNIT = 112.0
"""Pixels of half a head height: the crown lies at y = -1, the chin at y = 1."""

CENTRE = (240.0, 210.0)
"""Where x = 0, y = 0 lies in a texture."""

EYE_LEVEL, BROW_LEVEL, MOUTH_LEVEL = -0.03, -0.25, 0.6
LIGHT = np.array([-0.22, -0.42, 0.88])
"""Direction of length 1 towards the light: left, up and before the face."""


@dataclass(frozen=True, kw_only=True)
class Textures:
    """One person's pictures, blue-green-red-alpha with alpha multiplied in, with the fields that move them.

    `moves` holds two fields: how far (0-1) a point shifts as the head turns, and how far it sinks with the chin.
    """

    head: UInt8[np.ndarray, "h w 4"]
    body: UInt8[np.ndarray, "h w 4"]
    moves: Float32[np.ndarray, "h w 2"]


def grid() -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Return x and y of every texture pixel in half head heights."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    return (columns - np.float32(CENTRE[0])) / np.float32(UNIT), (rows - np.float32(CENTRE[1])) / np.float32(UNIT)


@lru_cache(maxsize=16)
def paint_textures(look: Look) -> Textures:
    """Return the textures of a look; the last few are kept, for a person is filmed many times."""
    x, y = grid()
    random = np.random.default_rng(look.texture_seed)
    half = _half_width(look, y)
    inside = _soft((np.abs(y) < 1) & (np.abs(x) < half), 1.2)
    relief = _relief(look, x, y, half)
    skin = _skin(look, x, y, relief, random)
    hair = _hair_colour(look, x, y, random)
    layers = [
        (_shaded(_ear_colour(look), x, y), _ears(look, x, y)),
        (skin, inside),
        (hair, _soft(_front_hair(look, x, y), 2.0)),
    ]
    body_layers = [
        (hair * 0.72, _soft(_back_hair(look, x, y), 3.0)),
        (_neck_colour(look, x, y), _soft(_neck(look, x, y), 2.0)),
        (_shirt(look, x, y), _soft(_shoulders(x, y), 2.0)),
    ]
    depth = cv2.GaussianBlur(relief, (0, 0), 4.0) * inside
    jaw = _smooth_step((y - 0.68) / 0.24) * _smooth_step((1.6 - y) / 0.3)
    return Textures(head=_compose(layers), body=_compose(body_layers), moves=np.stack([depth, jaw], axis=2))


def _half_width(look: Look, y: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Half the width of the face at height y: an ellipse above, a jaw of the person's squareness below."""
    power = np.where(y > 0, look.jaw, 2.1)
    return (look.width * np.sqrt(np.clip(1 - np.abs(y) ** power, 1e-4, 1))).astype(np.float32)


def _relief(
    look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"], half: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w"]:
    """How far each point of the face stands towards the camera."""
    skull = 0.72 * np.sqrt(np.clip(1 - y**2, 0, 1) * np.clip(1 - (x / half) ** 2, 0, 1))
    along = np.clip((y + 0.08) / (look.nose_length + 0.08), 0, 1)
    ridge = along**1.3 / (1 + np.exp(np.clip((y - look.nose_length - 0.03) / 0.022, -50, 50)))
    nose = 0.19 * ridge * np.exp(-((x / (look.nose_width * (0.055 + 0.055 * along))) ** 2))
    side = np.abs(x)
    bumps = (
        _bump(side - look.eye_spacing, y - EYE_LEVEL, 0.16, 0.1, -0.075)
        + _bump(side - 0.25, y + 0.2, 0.22, 0.07, 0.03)
        + _bump(side - 0.42, y - 0.28, 0.16, 0.17, 0.05)
        + _bump(side - 0.1 * look.nose_width, y - look.nose_length, 0.05, 0.05, 0.045)
        + _bump(x, y - MOUTH_LEVEL, 0.22, 0.15, 0.05)
        + _bump(x, y - 0.78, 0.14, 0.04, -0.02)
        + _bump(x, y - 0.9, 0.14, 0.09, 0.05)
    )
    return (skull + nose + bumps * np.sqrt(np.clip(skull / 0.4, 0, 1))).astype(np.float32)


def _bump(
    x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"], wide: float, high: float, far: float
) -> Float32[np.ndarray, "h w"]:
    return np.float32(far) * np.exp(-((x / np.float32(wide)) ** 2) - (y / np.float32(high)) ** 2)


def _skin(
    look: Look,
    x: Float32[np.ndarray, "h w"],
    y: Float32[np.ndarray, "h w"],
    relief: Float32[np.ndarray, "h w"],
    random: np.random.Generator,
) -> Float32[np.ndarray, "h w 3"]:
    """Skin under a soft light from above, with red cheeks, shaded sockets, nostrils and a beard where there is one."""
    down, right = np.gradient(relief, 1 / UNIT)
    facing = (LIGHT[2] - right * LIGHT[0] - down * LIGHT[1]) / np.sqrt(1 + right**2 + down**2)
    # beyond the outline the relief is flat: without this the blur would draw a bright rim around the chin
    facing = np.where(relief > 0.01, facing, 0.35)
    light = cv2.GaussianBlur((0.5 + 0.56 * np.clip(facing, 0, 1)).astype(np.float32), (0, 0), 1.6)
    side = np.abs(x)
    light = light * (1 - _bump(side - look.eye_spacing, y - EYE_LEVEL + 0.02, 0.18, 0.13, 0.16))
    light = light * (1 - _bump(side - 0.075 * look.nose_width, y - look.nose_length - 0.015, 0.032, 0.02, 0.55))
    light = light * (1 - _bump(x, y - look.nose_length - 0.05, 0.12, 0.03, 0.18))
    light = light * (1 - _bump(x, y - 0.76, 0.16, 0.035, 0.1))
    light = light + 0.02 * cv2.GaussianBlur(random.standard_normal(x.shape).astype(np.float32), (0, 0), 2.0)
    colour = np.asarray(look.skin, np.float32)[None, None] * light[..., None]
    blush = _bump(side - 0.42, y - 0.3, 0.17, 0.15, 0.1) + _bump(x, y - look.nose_length + 0.02, 0.1, 0.09, 0.06)
    colour *= 1 - blush[..., None] * np.array([1.0, 0.9, -0.1], np.float32)
    beard = _beard(look, x, y) * (0.8 + 0.5 * random.random(x.shape))
    hair = np.asarray(look.hair, np.float32) * 0.8 + 10
    return (colour * (1 - beard[..., None]) + hair * beard[..., None] * light[..., None]).astype(np.float32)


def _beard(look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    cheek = _smooth_step((y - 0.42 + 0.55 * (np.abs(x) - 0.62)) / 0.25)
    lips = _bump(x, y - MOUTH_LEVEL, 0.24, 0.1, 0.9)
    return (look.beard * np.clip(cheek - lips, 0, 1)).astype(np.float32)


def _ears(look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    shape = ((np.abs(x) - look.width - 0.01) / 0.1) ** 2 + ((y - 0.08) / 0.21) ** 2
    return _soft(shape < 1, 1.2)


def _ear_colour(look: Look) -> Colour:
    blue, green, red = look.skin
    return (blue * 0.8, green * 0.8, red * 0.86)


def _shaded(
    colour: Colour, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w 3"]:
    light = 1 - 0.12 * x - 0.12 * y - _bump(np.abs(x) - 0.78, y - 0.08, 0.04, 0.1, 0.15)
    return (np.asarray(colour, np.float32) * light[..., None]).astype(np.float32)


def _hair_colour(
    look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"], random: np.random.Generator
) -> Float32[np.ndarray, "h w 3"]:
    """Strands that fall from the parting, with a soft gleam on the crown."""
    strands = cv2.GaussianBlur(random.standard_normal(x.shape).astype(np.float32), (0, 0), sigmaX=1.3, sigmaY=16.0)
    fall = np.float32(UNIT) * (x - look.parting) / (1 + 0.9 * np.clip(y + 1.1, 0, 3))
    strands = cv2.remap(strands, fall + CENTRE[0], y * np.float32(UNIT) + CENTRE[1], cv2.INTER_LINEAR)
    gleam = _bump(x + 0.25, y + 0.86, 0.5, 0.12, 0.45)
    light = 0.92 - 0.18 * np.abs(x) - 0.1 * y + 2.2 * strands + gleam
    base = np.asarray(look.hair, np.float32)[None, None] * light[..., None]
    return np.clip(base + 14 * gleam[..., None], 0, 255).astype(np.float32)


def _hair_outline(look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    top = 1 + look.hair_volume
    return (np.abs(x) / (look.width + 0.6 * look.hair_volume)) ** 2.5 + (-np.minimum(y, 0) / top) ** 2.3 < 1


def _front_hair(look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The hair before the face: down to the hairline, and along the temples as far as it is long."""
    away = np.abs(x - look.parting * np.clip(1 - np.abs(x), 0, 1))
    line = look.hairline + 0.95 * np.clip(away - 0.1, 0, 1) ** 2.2
    temple = np.abs(x) > look.width * (0.9 if look.hair_length > 0.5 else 0.94)
    strip = temple & (y < (0.5 if look.hair_length > 0.5 else 0.02))
    return _hair_outline(look, x, y) & ((y < line) & (y < 0.1) | strip)


def _back_hair(look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    wide = look.width + 0.6 * look.hair_volume + 0.06 * np.clip(y, 0, 1)
    low = (np.abs(x) < wide) & (y >= 0) & (y < look.hair_length - 0.25 * (x / wide) ** 4)
    return (_hair_outline(look, x, y) & (y < 0)) | low


def _neck(look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    return (np.abs(x) < 0.52 * look.width + 0.35 * np.clip(y - 1.25, 0, 1) ** 2) & (y > 0.2) & (y < 1.75)


def _neck_colour(
    look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w 3"]:
    under_chin = _bump(x, y - 1.0, 0.6, 0.28, 0.42)
    light = (0.9 - 0.35 * (x / 0.6) ** 2 - 0.1 * x) * (1 - under_chin)
    return (np.asarray(look.skin, np.float32) * np.clip(light, 0.2, 1.1)[..., None]).astype(np.float32)


def _shoulders(x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    collar = 1.62 - 0.32 * np.clip(np.abs(x) - 0.1, 0, 0.45) / 0.45
    slope = 1.3 + 0.28 * np.clip(np.abs(x) - 0.4, 0, 3) ** 1.5
    return y > np.maximum(np.where(np.abs(x) < 0.55, collar, slope), slope)


def _shirt(look: Look, x: Float32[np.ndarray, "h w"], y: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w 3"]:
    light = 0.98 - 0.08 * x - 0.18 * (y - 1.5) - 0.08 * np.abs(x)
    return (np.asarray(look.shirt, np.float32) * np.clip(light, 0.3, 1.2)[..., None]).astype(np.float32)


def _soft(mask: Bool[np.ndarray, "h w"], blur: float) -> Float32[np.ndarray, "h w"]:
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), blur)


def _smooth_step(value: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    clipped = np.clip(value, 0, 1)
    return (clipped * clipped * (3 - 2 * clipped)).astype(np.float32)


def _compose(
    layers: list[tuple[Float32[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"]]],
) -> UInt8[np.ndarray, "h w 4"]:
    """Lay colours over each other, each where its mask says, and multiply the joint alpha in."""
    picture = np.zeros((SIZE, SIZE, 4), np.float32)
    for colour, mask in layers:
        cover = mask[..., None]
        opaque = np.concatenate([np.clip(colour, 0, 255), np.full_like(cover, 255)], axis=2)
        picture = picture * (1 - cover) + opaque * cover
    return np.rint(picture).astype(np.uint8)
