"""Do voice and face carry what they are meant to carry, measured on the rendered sound and the acted face?"""

from dataclasses import replace

import numpy as np
import pytest

from valaro.rng import numpy_stream
from valaro_demo_clips.acting import act
from valaro_demo_clips.annotators import Annotator, vote
from valaro_demo_clips.corpus import ClipPlan, plan_corpus
from valaro_demo_clips.expression import Expression, draw_expression
from valaro_demo_clips.head import paint_textures
from valaro_demo_clips.plan import follow
from valaro_demo_clips.speech import plan_speech
from valaro_demo_clips.voice import background, synthesise

SPEAKERS = tuple(
    {
        plan.person.name: replace(plan, voice_share=1.0, face_share=1.0, duration=3.0) for plan in plan_corpus(seed=0)
    }.values()
)
NEUTRAL = Expression(
    smile=0.0, brow_raise=0.0, frown=0.0, eye_open=0.7, mouth_open=0.0, rounding=0.0, gaze_x=0.0, gaze_y=0.0
)


def _feeling(plan: ClipPlan, *, valence: float = 0.0, arousal: float = 0.0) -> ClipPlan:
    return replace(plan, valence=(valence,) * 2, arousal=(arousal,) * 2)


def _sound(plan: ClipPlan) -> np.ndarray:
    return synthesise(plan.person.voice, plan_speech(plan, numpy_stream(1, "speech")), numpy_stream(1, "voice"))


def _pitch(sound: np.ndarray) -> float:
    """Median fundamental in Hz by autocorrelation over the louder 40 ms windows."""
    windows = np.lib.stride_tricks.sliding_window_view(sound, 640)[::320] * np.hanning(640)
    loud = windows[np.std(windows, axis=1) > np.percentile(np.std(windows, axis=1), 60)]
    spectra = np.abs(np.fft.rfft(loud, 2048, axis=1)) ** 2
    lags = np.fft.irfft(spectra, axis=1)[:, 40:230]
    return float(np.median(16_000 / (40 + lags.argmax(axis=1))))


def _decibels(sound: np.ndarray) -> float:
    return 10 * np.log10(np.mean(sound**2))


def _brightness(sound: np.ndarray) -> float:
    """Decibels above 2 kHz over those below 1 kHz."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / 16_000)
    return 10 * np.log10(power[frequency > 2000].sum() / power[frequency < 1000].sum())


@pytest.mark.parametrize("plan", SPEAKERS[:6], ids=lambda plan: plan.person.name)
def test_an_aroused_voice_is_higher_louder_and_brighter(plan: ClipPlan):
    calm, aroused = (_sound(_feeling(plan, arousal=arousal)) for arousal in (-0.9, 0.9))
    assert _pitch(aroused) > 1.05 * _pitch(calm)
    assert _decibels(aroused) > _decibels(calm) + 3
    assert _brightness(aroused) > _brightness(calm) + 1


def test_an_aroused_speaker_says_more_syllables_in_the_same_time():
    def onsets(arousal: float) -> int:
        speeches = [plan_speech(_feeling(plan, arousal=arousal), numpy_stream(1, "speech")) for plan in SPEAKERS]
        return sum(int(np.sum(np.diff((speech.voicing > 0.5).astype(int)) == 1)) for speech in speeches)

    assert onsets(0.9) > 1.2 * onsets(-0.9)


def test_the_measured_pitch_is_the_planned_one():
    plan = _feeling(SPEAKERS[0])
    speech = plan_speech(plan, numpy_stream(1, "speech"))
    flat = replace(speech, pitch=np.full_like(speech.pitch, 200.0))
    assert _pitch(synthesise(plan.person.voice, flat, numpy_stream(1, "voice"))) == pytest.approx(200.0, rel=0.02)


@pytest.mark.parametrize("plan", SPEAKERS[:6], ids=lambda plan: plan.person.name)
def test_a_pleased_face_lifts_the_corners_of_the_mouth_and_relaxes_the_brows(plan: ClipPlan):
    speech = plan_speech(plan, numpy_stream(1, "speech"))
    low, high = (
        [face for face, _ in act(_feeling(plan, valence=valence), speech, numpy_stream(1, "acting"))]
        for valence in (-0.9, 0.9)
    )
    assert np.mean([face.smile for face in high]) > np.mean([face.smile for face in low]) + 0.4
    assert np.mean([face.frown for face in high]) < np.mean([face.frown for face in low]) - 0.15


@pytest.mark.parametrize("plan", SPEAKERS[:6], ids=lambda plan: plan.person.name)
def test_an_aroused_face_opens_its_eyes_and_moves_its_head_more(plan: ClipPlan):
    speech = plan_speech(plan, numpy_stream(1, "speech"))
    calm, aroused = (act(_feeling(plan, arousal=arousal), speech, numpy_stream(1, "acting")) for arousal in (-0.9, 0.9))
    assert np.mean([face.eye_open for face, _ in aroused]) > np.mean([face.eye_open for face, _ in calm])
    assert np.std([pose.right for _, pose in aroused]) > 1.5 * np.std([pose.right for _, pose in calm])


def test_a_channel_that_lets_nothing_out_looks_and_sounds_the_same_whatever_is_felt():
    closed = replace(SPEAKERS[0], voice_share=0.0, face_share=0.0)
    low, high = (_feeling(closed, valence=value, arousal=value) for value in (-0.9, 0.9))
    assert np.array_equal(_sound(low), _sound(high))
    speech = plan_speech(closed, numpy_stream(1, "speech"))
    assert act(low, speech, numpy_stream(1, "acting")) == act(high, speech, numpy_stream(1, "acting"))


def test_the_mouth_opens_with_the_voice():
    plan = SPEAKERS[0]
    speech = plan_speech(plan, numpy_stream(1, "speech"))
    sound = synthesise(plan.person.voice, speech, numpy_stream(1, "voice"))
    opening = np.array([face.mouth_open for face, _ in act(plan, speech, numpy_stream(1, "acting"))])
    loudness = np.sqrt(np.mean(sound[: 640 * len(opening)].reshape(-1, 640) ** 2, axis=1))
    assert np.corrcoef(opening, loudness)[0, 1] > 0.4


def test_what_a_smile_paints_lies_higher_at_the_corners_than_what_a_frown_paints():
    look = SPEAKERS[0].person.look
    head = paint_textures(look).head
    drawn = [draw_expression(head, look, replace(NEUTRAL, smile=smile)).astype(int) for smile in (1.0, -1.0)]
    # the columns of the left corner, 0.2 half head heights beside the middle; rows of the lower face
    strips = [picture[250:310, 214:220, :3].sum(axis=(1, 2)) for picture in drawn]
    darkest = [int(strip.argmin()) for strip in strips]
    assert darkest[0] + 4 < darkest[1]


def test_a_closed_eye_shows_no_white():
    look = SPEAKERS[0].person.look
    head = paint_textures(look).head
    middle = round(240 + 112 * look.eye_spacing)

    def white(eye_open: float) -> int:
        """Pixels around the eye that are bright without being skin, whose red exceeds its blue."""
        picture = draw_expression(head, look, replace(NEUTRAL, eye_open=eye_open))
        around = picture[195:218, middle - 16 : middle + 16].astype(int)
        return int(((around[..., 0] > 130) & (around[..., 2] - around[..., 0] < 20)).sum())

    assert white(0.9) > 50
    assert white(0.0) == 0


def test_background_noise_has_the_level_asked_for():
    noise = background(32_000, -50.0, numpy_stream(0, "noise"))
    assert _decibels(noise) == pytest.approx(-50.0, abs=0.1)


def test_knots_are_followed_in_straight_lines():
    assert follow((0.0, 1.0, -1.0), 4.0, np.array([1.0, 2.0, 3.0])).tolist() == [0.5, 1.0, 0.0]


def test_a_noiseless_annotator_rounds_the_scale_and_stops_at_its_ends():
    exact = tuple(Annotator(bias=0.0, reach=1.0, noise=0.0) for _ in range(4))
    generator = numpy_stream(0, "votes")
    # 3 + 2.35 * felt: 0 -> 3, 0.3 -> 3.7 -> 4, -2 -> below 1
    assert set(vote(exact, 0.0, generator)) == {3}
    assert set(vote(exact, 0.3, generator)) == {4}
    assert set(vote(exact, -2.0, generator)) == {1}
