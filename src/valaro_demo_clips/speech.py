"""Plans what a synthetic speaker says in a clip: syllables, pitch and loudness over time."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from valaro_demo_clips.plan import ClipPlan, follow

CURVE_RATE = 100
"""Values a second of every curve."""

VOWELS: tuple[tuple[float, float, float, float], ...] = (
    (730, 1090, 2440, 3400),
    (530, 1840, 2480, 3500),
    (300, 2250, 2950, 3600),
    (570, 860, 2410, 3300),
    (320, 900, 2240, 3300),
    (500, 1500, 2500, 3500),
)
"""Formants in Hz of a e i o u and schwa, an adult man's (after Peterson and Barney, 1952)."""

OPENNESS = (1.0, 0.62, 0.36, 0.6, 0.3, 0.5)
ROUNDING = (0.0, 0.0, 0.0, 0.8, 1.0, 0.1)

_RISE, _FALL = 0.045, 0.07


@dataclass(frozen=True, kw_only=True)
class Speech:
    """What is said, 100 values a second: `pitch` in Hz, `loudness` in dB, `tilt` in dB an octave, the rest 0-1.

    `ring` is how much spread lips lift the band around 3 kHz, in dB; `voicing` is the vowel's envelope, `friction` a
    consonant's noise around `friction_centre` Hz; `opening` and `rounding` are what the lips do for it.
    """

    pitch: Float[np.ndarray, " t"]
    loudness: Float[np.ndarray, " t"]
    tilt: Float[np.ndarray, " t"]
    ring: Float[np.ndarray, " t"]
    voicing: Float[np.ndarray, " t"]
    friction: Float[np.ndarray, " t"]
    friction_centre: Float[np.ndarray, " t"]
    formants: Float[np.ndarray, "t 4"]
    opening: Float[np.ndarray, " t"]
    rounding: Float[np.ndarray, " t"]


@dataclass(frozen=True, kw_only=True)
class _Syllable:
    start: float
    onset: float
    """Seconds of the consonant before the vowel."""
    vowel_end: float
    vowel: int
    consonant: int
    """0 none, 1 hissing, 2 a stop's burst, 3 soft and voiced."""
    stress: float
    centre: float


def plan_speech(plan: ClipPlan, random: np.random.Generator) -> Speech:
    """Return the clip's speech: arousal raises pitch, its range, loudness and tempo, and flattens the spectrum."""
    voice = plan.person.voice
    times = np.arange(round(plan.duration * CURVE_RATE)) / CURVE_RATE
    arousal = plan.voice_share * follow(plan.arousal, plan.duration, times)
    valence = plan.voice_share * follow(plan.valence, plan.duration, times)
    # the clip's own mood comes first, so that it stays the same however many syllables are said
    higher, louder, brighter = random.normal(0, 1, 3)
    drift = 0.06 * higher + 0.05 * _wander(len(times), 0.5, random)
    syllables = _say(plan, arousal, random)
    stress, voicing = _envelopes(syllables, times)
    melody = (0.1 + 0.07 * voice.pitch_gain * arousal) * (stress - 0.5)
    fall = -0.12 * (times / max(plan.duration, 1.0) - 0.5) * (1 - 0.6 * valence)
    octaves = 0.18 * voice.pitch_gain * arousal + melody + fall + drift + 0.04 * valence
    formants, opening, rounding = _articulate(plan, syllables, times, valence)
    friction, centres = _consonants(syllables, times)
    loud = voice.loudness + 6.0 * voice.loudness_gain * arousal + 3.0 * (stress - 0.5) + louder
    return Speech(
        pitch=voice.pitch * 2**octaves,
        loudness=loud,
        tilt=voice.tilt - 5.0 + 3.8 * voice.tilt_gain * arousal + 0.6 * valence + 0.5 * brighter,
        ring=5.0 * valence,
        voicing=voicing,
        friction=friction,
        friction_centre=centres,
        formants=formants,
        opening=opening * voicing * (1 + 0.25 * arousal),
        rounding=rounding,
    )


def _say(plan: ClipPlan, arousal: Float[np.ndarray, " t"], random: np.random.Generator) -> list[_Syllable]:
    """Syllables one after the other, faster where aroused, with now and then a pause between words."""
    voice = plan.person.voice
    syllables: list[_Syllable] = []
    now = random.uniform(0.08, 0.22)
    while now < plan.duration - 0.3:
        here = float(arousal[min(int(now * CURVE_RATE), len(arousal) - 1)])
        rate = 4.3 * voice.rate * (1 + 0.22 * voice.tempo_gain * here) * random.uniform(0.75, 1.3)
        length = 1 / rate
        consonant = int(random.choice(4, p=[0.12, 0.26, 0.3, 0.32]))
        onset = 0.0 if consonant == 0 else length * random.uniform(0.2, 0.36)
        syllables.append(
            _Syllable(
                start=now,
                onset=onset,
                vowel_end=now + length * random.uniform(0.82, 0.98),
                vowel=int(random.integers(len(VOWELS))),
                consonant=consonant,
                stress=float(random.beta(2, 2)),
                centre=float(random.uniform(2500, 6000)),
            )
        )
        now += length
        if random.random() < 0.1:
            now += random.uniform(0.1, 0.3) * (1 - 0.3 * here)
    return syllables


def _envelopes(
    syllables: list[_Syllable], times: Float[np.ndarray, " t"]
) -> tuple[Float[np.ndarray, " t"], Float[np.ndarray, " t"]]:
    """Return the stress of the syllable being said and the envelope of its vowel."""
    voicing = np.zeros_like(times)
    stress = np.full_like(times, 0.5)
    for syllable in syllables:
        begin = syllable.start + syllable.onset
        bump = np.clip((times - begin) / _RISE, 0, 1) * np.clip((syllable.vowel_end - times) / _FALL, 0, 1)
        soft = 0.3 * _between(times, syllable.start, begin) if syllable.consonant == 3 else 0.0
        voicing = np.maximum(voicing, np.maximum(bump, soft))
        stress = np.where(_between(times, syllable.start, syllable.vowel_end), syllable.stress, stress)
    return _smooth(stress, 5), _smooth(voicing, 3)


def _articulate(
    plan: ClipPlan, syllables: list[_Syllable], times: Float[np.ndarray, " t"], valence: Float[np.ndarray, " t"]
) -> tuple[Float[np.ndarray, "t 4"], Float[np.ndarray, " t"], Float[np.ndarray, " t"]]:
    """Return formants in Hz, opening and rounding, gliding from vowel to vowel; a smile shortens the tract a little."""
    if not syllables:
        schwa = np.tile(np.array(VOWELS[5]) * plan.person.voice.tract, (len(times), 1))
        return schwa, np.zeros_like(times), np.zeros_like(times)
    middles = np.array([(s.start + s.onset + s.vowel_end) / 2 for s in syllables])
    vowels = [s.vowel for s in syllables]
    targets = np.array([VOWELS[vowel] for vowel in vowels])
    smile = 1 + 0.08 * valence
    formants = np.stack([np.interp(times, middles, column) for column in targets.T], axis=1)
    opening = np.interp(times, middles, [OPENNESS[vowel] for vowel in vowels])
    rounding = np.interp(times, middles, [ROUNDING[vowel] for vowel in vowels])
    return formants * plan.person.voice.tract * smile[:, None], opening, rounding


def _consonants(
    syllables: list[_Syllable], times: Float[np.ndarray, " t"]
) -> tuple[Float[np.ndarray, " t"], Float[np.ndarray, " t"]]:
    """Return the noise of hisses and bursts and the frequency around which it lies."""
    friction = np.zeros_like(times)
    centres = np.full_like(times, 4000.0)
    for syllable in syllables:
        begin = syllable.start + syllable.onset
        if syllable.consonant == 1:
            friction = np.maximum(friction, 0.5 * _between(times, syllable.start, begin))
        if syllable.consonant == 2:
            friction = np.maximum(friction, 0.8 * _between(times, begin - 0.025, begin))
        centres = np.where(_between(times, syllable.start - 0.02, begin + 0.02), syllable.centre, centres)
    return _smooth(friction, 3), centres


def _between(times: Float[np.ndarray, " t"], start: float, end: float) -> np.ndarray:
    return (times >= start) & (times < end)


def _smooth(curve: Float[np.ndarray, " t"], width: int) -> Float[np.ndarray, " t"]:
    padded = np.pad(curve, width // 2, mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")


def _wander(count: int, seconds: float, random: np.random.Generator) -> Float[np.ndarray, " t"]:
    """A smooth random curve of deviation 1 that changes about every `seconds`."""
    knots = random.normal(0, 1, max(4, int(count / CURVE_RATE / seconds) + 4))
    return np.interp(np.arange(count), np.linspace(0, max(count, 1), len(knots)), knots)
