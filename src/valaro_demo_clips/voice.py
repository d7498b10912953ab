"""Synthesises a voice from its speech curves: glottal pulses and noise through moving formants."""

import numpy as np
from jaxtyping import Float, Float32

from valaro_demo_clips.person import Voice
from valaro_demo_clips.speech import CURVE_RATE, Speech

SAMPLE_RATE = 16_000
WINDOW, HOP = 512, 128
BANDWIDTHS = (70.0, 100.0, 150.0, 220.0)
"""Of the four formants, in Hz."""

VOICE_LEVEL = -27.0
"""Loudness of a neutral vowel in dB of full scale."""


def synthesise(voice: Voice, speech: Speech, random: np.random.Generator) -> Float32[np.ndarray, " n"]:
    """Return the voice alone at 16 kHz, full scale 1, without room or noise."""
    count = len(speech.pitch) * SAMPLE_RATE // CURVE_RATE
    pulses = _glottal_pulses(_to_samples(speech.pitch, count), random)
    breath = random.standard_normal(count)
    envelope = _to_samples(speech.voicing * 10 ** (speech.loudness / 20), count)
    hiss = _to_samples(speech.friction * 10 ** (speech.loudness / 20), count)
    vowels = _filter((pulses + voice.breath * breath) * envelope, _tract_response(speech, count))
    consonants = _filter(random.standard_normal(count) * hiss, _friction_response(speech, count))
    return ((vowels + 0.22 * consonants) * 10 ** (VOICE_LEVEL / 20)).astype(np.float32)


def background(count: int, level: float, random: np.random.Generator) -> Float32[np.ndarray, " n"]:
    """Return a room's noise at `level` dB of full scale, falling by 3 dB an octave."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)) * SAMPLE_RATE / count, 60.0))
    noise = np.fft.irfft(spectrum, count)
    return (noise / np.std(noise) * 10 ** (level / 20)).astype(np.float32)


def _to_samples(curve: Float[np.ndarray, " t"], count: int) -> Float[np.ndarray, " n"]:
    places = (np.arange(len(curve)) + 0.5) * SAMPLE_RATE / CURVE_RATE
    return np.interp(np.arange(count), places, curve)


def _glottal_pulses(pitch: Float[np.ndarray, " n"], random: np.random.Generator) -> Float[np.ndarray, " n"]:
    """Flow derivative of the KLGLOTT88 pulse, with 1 % jitter and 4 % shimmer from cycle to cycle."""
    phase = np.cumsum(pitch) / SAMPLE_RATE
    cycles = int(phase[-1]) + 2
    jitter = random.normal(0, 0.01, cycles + 1)
    whole = np.floor(phase).astype(np.int64)
    within = phase - whole
    phase = phase + jitter[whole] * (1 - within) + jitter[whole + 1] * within
    within = phase - np.floor(phase)
    part = within / 0.6
    flow = np.where(part < 1, 2 * part - 3 * part**2, 0.0)
    shimmer = 1 + random.normal(0, 0.04, cycles + 2)
    return flow * shimmer[np.clip(np.floor(phase).astype(np.int64), 0, cycles)]


def _frame_times(count: int) -> Float[np.ndarray, " k"]:
    """Centres in seconds of the windows that `_filter` uses."""
    return np.arange(-(-count // HOP) + WINDOW // HOP) * HOP / SAMPLE_RATE


def _curve_at(curve: Float[np.ndarray, " t"], count: int) -> Float[np.ndarray, " k"]:
    return np.interp(_frame_times(count), (np.arange(len(curve)) + 0.5) / CURVE_RATE, curve)


def _tract_response(speech: Speech, count: int) -> Float[np.ndarray, "k f"]:
    """Four resonances in a row, the tilt and the ring, at each window and frequency."""
    frequency = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)[None]
    response = np.ones((1, 1))
    for column, bandwidth in zip(speech.formants.T, BANDWIDTHS, strict=True):
        centre = _curve_at(column, count)[:, None]
        response = response * centre**2 / np.hypot(centre**2 - frequency**2, bandwidth * frequency)
    octaves = np.log2(np.maximum(frequency, 200.0) / 500.0)
    tilt = (_curve_at(speech.tilt, count)[:, None] + 3.0) * octaves
    ring = _curve_at(speech.ring, count)[:, None] * np.exp(-(((frequency - 3000.0) / 900.0) ** 2))
    return response * 10 ** ((tilt + ring) / 20) * (frequency > 50)


def _friction_response(speech: Speech, count: int) -> Float[np.ndarray, "k f"]:
    frequency = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)[None]
    centre = _curve_at(speech.friction_centre, count)[:, None]
    return np.exp(-(((frequency - centre) / (0.35 * centre)) ** 2))


def _filter(signal: Float[np.ndarray, " n"], response: Float[np.ndarray, "k f"]) -> Float[np.ndarray, " n"]:
    """Shape the spectrum of each window (root of Hann, three quarters overlapping) and add them up again."""
    count = len(signal)
    windows = len(response)
    taper = np.sqrt(np.hanning(WINDOW + 1)[:-1])
    padded = np.zeros((windows - 1) * HOP + WINDOW)
    padded[WINDOW // 2 : WINDOW // 2 + count] = signal
    starts = np.arange(windows) * HOP
    frames = padded[starts[:, None] + np.arange(WINDOW)] * taper
    frames = np.fft.irfft(np.fft.rfft(frames, axis=1) * response, WINDOW, axis=1) * taper
    out = np.zeros(windows * HOP + WINDOW)
    for part in range(WINDOW // HOP):
        piece = frames[:, part * HOP : (part + 1) * HOP].reshape(-1)
        out[part * HOP : part * HOP + len(piece)] += piece
    return out[WINDOW // 2 : WINDOW // 2 + count] / (WINDOW / HOP / 2)
