"""Turns a clip's valence and arousal into what its face and head do in every video frame."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from valaro_demo_clips.expression import Expression
from valaro_demo_clips.plan import ClipPlan, follow
from valaro_demo_clips.speech import CURVE_RATE, Speech

FRAME_RATE = 25


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Where a head is: `yaw` and `pitch` -1..1 turn it, `roll` in degrees, `right` and `down` in half head heights."""

    yaw: float
    pitch: float
    roll: float
    right: float
    down: float


def act(plan: ClipPlan, speech: Speech, random: np.random.Generator) -> tuple[tuple[Expression, Pose], ...]:
    """Return what each frame shows: valence moves mouth corners and brows, arousal opens eyes and stirs the head."""
    times = np.arange(round(plan.duration * FRAME_RATE)) / FRAME_RATE
    valence = plan.face_share * follow(plan.valence, plan.duration, times)
    arousal = plan.face_share * follow(plan.arousal, plan.duration, times)
    channels = _face_channels(plan, valence, arousal, times, random)
    spoken = np.arange(len(speech.opening)) / CURVE_RATE
    mouth = plan.person.habits.mouth_gain * np.interp(times, spoken, speech.opening)
    rounding = np.interp(times, spoken, speech.rounding * speech.voicing)
    poses = _poses(plan, arousal, times, random)
    gaze = [0.5 * _drift(times, 0.9, random) for _ in range(2)]
    return tuple(
        (
            Expression(
                smile=float(channels["smile"][k]),
                brow_raise=float(channels["brow_raise"][k]),
                frown=float(channels["frown"][k]),
                eye_open=float(channels["eye_open"][k]),
                mouth_open=float(np.clip(mouth[k], 0, 1)),
                rounding=float(rounding[k]),
                gaze_x=float(gaze[0][k]),
                gaze_y=float(gaze[1][k]),
            ),
            pose,
        )
        for k, pose in enumerate(poses)
    )


def _face_channels(
    plan: ClipPlan,
    valence: Float[np.ndarray, " t"],
    arousal: Float[np.ndarray, " t"],
    times: Float[np.ndarray, " t"],
    random: np.random.Generator,
) -> dict[str, Float[np.ndarray, " t"]]:
    """The person's habits and moods of the moment lie over what is felt, so that no channel tells it outright."""
    habits = plan.person.habits
    mood = random.normal(0, 1, 4)
    smile = habits.smile_offset + 0.62 * habits.smile_gain * valence + 0.22 * mood[0] + 0.1 * _drift(times, 0.6, random)
    frown = habits.brow_offset - 0.42 * habits.brow_gain * valence + 0.25 * mood[1] + 0.1 * _drift(times, 0.6, random)
    lift = 0.22 * habits.brow_gain * valence + 0.25 * habits.eye_gain * arousal + 0.3 * mood[2]
    eyes = 0.7 + habits.eye_offset + 0.16 * habits.eye_gain * arousal - 0.08 * np.maximum(smile, 0) + 0.06 * mood[3]
    return {
        "smile": np.clip(smile, -0.9, 1.2),
        "frown": np.clip(frown, -0.8, 1.0),
        "brow_raise": np.clip(lift + 0.08 * _drift(times, 0.5, random), -0.8, 1.0),
        "eye_open": np.clip(eyes, 0.4, 1.05) * _blinks(times, random),
    }


def _blinks(times: Float[np.ndarray, " t"], random: np.random.Generator) -> Float[np.ndarray, " t"]:
    """1 with short dips to 0, every two or three seconds."""
    lids = np.ones_like(times)
    now = random.uniform(0.2, 2.5)
    while now < times[-1]:
        lids = np.minimum(lids, np.clip(np.abs(times - now) / 0.1 - 0.25, 0, 1))
        now += random.uniform(1.5, 4.0)
    return lids


def _poses(
    plan: ClipPlan, arousal: Float[np.ndarray, " t"], times: Float[np.ndarray, " t"], random: np.random.Generator
) -> list[Pose]:
    stir = plan.person.habits.motion * (1 + 0.5 * arousal)
    rest = random.normal(0, 1, 3)
    yaw = np.clip(0.3 * rest[0] + 0.25 * stir * _drift(times, 0.7, random), -1, 1)
    pitch = np.clip(0.2 * rest[1] + 0.25 * stir * _drift(times, 0.5, random), -1, 1)
    roll = np.clip(2.0 * rest[2] + 2.2 * stir * _drift(times, 0.8, random), -9, 9)
    right = 0.05 * stir * _drift(times, 0.8, random) + 0.06 * yaw
    down = 0.035 * stir * _drift(times, 0.5, random)
    return [
        Pose(yaw=float(a), pitch=float(b), roll=float(c), right=float(d), down=float(e))
        for a, b, c, d, e in zip(yaw, pitch, roll, right, down, strict=True)
    ]


def _drift(times: Float[np.ndarray, " t"], seconds: float, random: np.random.Generator) -> Float[np.ndarray, " t"]:
    """A smooth random curve of deviation about 1 that turns round about every `seconds`."""
    rates = random.uniform(0.5, 1.3, 4) / (2 * seconds)
    shifts = random.uniform(0, 2 * np.pi, 4)
    return np.sin(2 * np.pi * rates[:, None] * times + shifts[:, None]).sum(axis=0) / np.sqrt(2)
