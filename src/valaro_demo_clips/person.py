"""The people of the synthetic corpus: looks, voice and habits, drawn from a seed."""

from dataclasses import dataclass

import numpy as np

from valaro.rng import numpy_stream

Colour = tuple[float, float, float]

SKINS: tuple[Colour, ...] = (
    (186, 208, 244),
    (150, 182, 228),
    (120, 158, 212),
    (100, 136, 190),
    (88, 118, 168),
    (166, 196, 236),
)
HAIRS: tuple[Colour, ...] = (
    (34, 38, 48),
    (40, 62, 96),
    (70, 112, 160),
    (96, 156, 206),
    (44, 66, 132),
    (120, 124, 130),
    (30, 44, 66),
)
IRISES: tuple[Colour, ...] = ((60, 84, 116), (130, 112, 74), (86, 112, 84), (40, 58, 84))
SHIRTS: tuple[Colour, ...] = (
    (150, 112, 70),
    (88, 128, 96),
    (92, 84, 164),
    (128, 120, 118),
    (90, 140, 176),
    (140, 90, 120),
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a head is drawn: lengths in half head heights, colours as (blue, green, red) 0-255."""

    width: float
    jaw: float
    skin: Colour
    hair: Colour
    hair_length: float
    hair_volume: float
    hairline: float
    parting: float
    iris: Colour
    eye_size: float
    eye_spacing: float
    lashes: int
    """Width of the lid's dark line in texture pixels."""
    brow_thickness: float
    nose_width: float
    nose_length: float
    mouth_width: float
    lip_fullness: float
    lip_redness: float
    beard: float
    shirt: Colour
    texture_seed: int


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How a voice sounds: base `pitch` in Hz, `tract` scales the formants, `loudness` in dB, gains follow arousal."""

    pitch: float
    tract: float
    rate: float
    breath: float
    loudness: float
    tilt: float
    pitch_gain: float
    loudness_gain: float
    tempo_gain: float
    tilt_gain: float


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a face shows what is felt: a resting offset and a gain for each channel."""

    smile_offset: float
    smile_gain: float
    brow_offset: float
    brow_gain: float
    eye_offset: float
    eye_gain: float
    mouth_gain: float
    motion: float


@dataclass(frozen=True, kw_only=True)
class Person:
    """One synthetic speaker; `gender` is `F` or `M`."""

    name: str
    gender: str
    look: Look
    voice: Voice
    habits: Habits


def draw_person(number: int, *, seed: int) -> Person:
    """Return speaker `number` (from 1) of the corpus with this seed: odd numbers are women, even numbers men."""
    random = numpy_stream(seed, f"synthetic person {number}")
    gender = "F" if number % 2 else "M"
    return Person(
        name=f"{number:02d}",
        gender=gender,
        look=_draw_look(number, gender, random, numpy_stream(seed, "synthetic palette")),
        voice=_draw_voice(gender, random),
        habits=_draw_habits(random),
    )


def _deal(cards: tuple[Colour, ...], number: int, palette: np.random.Generator) -> Colour:
    """Return the card of person `number` from a shuffled pack, so that neighbours differ."""
    return cards[int(palette.permutation(len(cards))[number % len(cards)])]


def _draw_look(number: int, gender: str, random: np.random.Generator, palette: np.random.Generator) -> Look:
    woman = gender == "F"
    return Look(
        width=random.uniform(0.68, 0.75) + (0.0 if woman else 0.03),
        jaw=random.uniform(2.0, 2.5) if woman else random.uniform(2.5, 3.4),
        skin=_deal(SKINS, number, palette),
        hair=_deal(HAIRS, number, palette),
        hair_length=random.uniform(0.75, 1.6) if woman else random.uniform(0.0, 0.2),
        hair_volume=random.uniform(0.13, 0.22) if woman else random.uniform(0.06, 0.13),
        hairline=random.uniform(-0.62, -0.48) if woman else random.uniform(-0.7, -0.52),
        parting=random.uniform(-0.35, 0.35),
        iris=_deal(IRISES, number, palette),
        eye_size=random.uniform(0.95, 1.15) + (0.06 if woman else 0.0),
        eye_spacing=random.uniform(0.30, 0.345),
        lashes=3 if woman else 2,
        brow_thickness=random.uniform(0.028, 0.04) if woman else random.uniform(0.038, 0.054),
        nose_width=random.uniform(0.8, 1.15) + (0.0 if woman else 0.1),
        nose_length=random.uniform(0.31, 0.37),
        mouth_width=random.uniform(0.22, 0.27),
        lip_fullness=random.uniform(0.9, 1.25) if woman else random.uniform(0.65, 0.95),
        lip_redness=random.uniform(0.6, 0.95) if woman else random.uniform(0.25, 0.45),
        beard=0.0 if woman else float(random.choice([0.0, 0.25, 0.6])),
        shirt=_deal(SHIRTS, number, palette),
        texture_seed=int(random.integers(2**31)),
    )


def _draw_voice(gender: str, random: np.random.Generator) -> Voice:
    woman = gender == "F"
    return Voice(
        pitch=random.uniform(178, 228) if woman else random.uniform(96, 136),
        tract=random.uniform(1.08, 1.2) if woman else random.uniform(0.94, 1.04),
        rate=random.uniform(0.85, 1.15),
        breath=random.uniform(0.02, 0.12),
        loudness=random.uniform(-2.5, 2.5),
        tilt=random.uniform(-2, 2),
        pitch_gain=random.uniform(0.6, 1.3),
        loudness_gain=random.uniform(0.6, 1.3),
        tempo_gain=random.uniform(0.4, 1.3),
        tilt_gain=random.uniform(0.6, 1.3),
    )


def _draw_habits(random: np.random.Generator) -> Habits:
    return Habits(
        smile_offset=random.uniform(-0.3, 0.3),
        smile_gain=random.uniform(0.55, 1.3),
        brow_offset=random.uniform(-0.3, 0.3),
        brow_gain=random.uniform(0.4, 1.3),
        eye_offset=random.uniform(-0.12, 0.12),
        eye_gain=random.uniform(0.4, 1.3),
        mouth_gain=random.uniform(0.7, 1.2),
        motion=random.uniform(0.6, 1.4),
    )
