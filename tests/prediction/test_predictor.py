"""From a recording to a timeline: sound alone, picture alone, both, nothing, and models that do not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import valaro
from helpers.faces import a_network
from helpers.media import make_recording, tone
from helpers.models import a_model
from valaro.errors import MediaError, ValaroError
from valaro.features.face_network import packaged_face_network
from valaro.prediction.faces import SeenExpressions, SeenFaces
from valaro.prediction.predictor import RecordingPredictor, make_timeline
from valaro.prediction.windows import SlidingWindowPredictor
from valaro.recordings import stream_features
from valaro.records import CorpusNote, FaceTrack
from valaro.windows import WindowSpec
from valaro_demo_clips.corpus import plan_corpus, render_clip

# Log energies lie around -10: scaled to something a network is used to.
VOICE = a_model({"fbank": 128}, mean=-10.0, deviation=4.0).exported()
BOTH = a_model({"fbank": 128, "face": 128}, mean=-5.0, deviation=4.0).exported()


def _sound(folder: Path, seconds: float = 3.0) -> Path:
    def swelling(times: np.ndarray) -> np.ndarray:
        return tone(300.0)(times) * (times / seconds).astype(np.float32)

    return make_recording(folder / "voice.wav", picture=False, sound=swelling, seconds=seconds)


def test_the_moments_are_the_segments_of_the_recording_s_features(tmp_path: Path) -> None:
    recording = _sound(tmp_path)
    rows = np.concatenate([part.features[0].values for part in stream_features(recording, ["fbank"])])
    judge = SlidingWindowPredictor(VOICE, VOICE.scale)
    segments = judge.push({"fbank": rows}, len(rows)) + judge.finish()
    moments = list(valaro.predict_stream(VOICE, str(recording)))
    assert [(m.start, m.end) for m in moments] == [(0.0, 0.64), (0.64, 1.28), (1.28, 1.92), (1.92, 2.56), (2.56, 3.0)]
    for moment, segment in zip(moments, segments, strict=True):
        np.testing.assert_allclose(moment.probabilities, segment.probabilities, atol=1e-6)
        assert moment.level == ("low", "medium", "high")[int(np.argmax(moment.probabilities))]
        assert moment.probability == max(moment.probabilities)
    assert len({moment.probabilities for moment in moments}) > 1


def test_sound_alone_is_judged_and_the_missing_face_is_listed(tmp_path: Path) -> None:
    note = CorpusNote(corpus="toy", text="made up")
    told: list[tuple[float, float]] = []
    timeline = make_timeline(
        [replace(BOTH, notes=(note,))],
        _sound(tmp_path),
        on_progress=lambda done, duration: told.append((done, duration)),
    )
    assert timeline.duration == pytest.approx(3.0)
    assert timeline.moments[-1].end == pytest.approx(3.0)
    assert {moment.face_found for moment in timeline.moments} == {0.0}
    assert timeline.thumbnails == ()
    problem, consequence = timeline.problems
    assert problem.is_absence
    # What follows for the answers stands in the result, too.
    assert consequence.why == "MSSGAN joins fbank and face; without face its answers rest on fbank alone"
    assert (timeline.notes, timeline.model) == ((note,), "MSSGAN")
    assert told[-1] == (pytest.approx(3.0), pytest.approx(3.0))


def test_picture_alone_without_a_face_gives_no_answers_and_names_both_reasons(tmp_path: Path) -> None:
    mute = make_recording(tmp_path / "mute.mkv", seconds=1.6)
    with pytest.raises(MediaError) as caught:
        make_timeline([BOTH], mute)
    # 1.6 s of 25 pictures each.
    reasons = "the recording has no sound; no face was found in any of 40 frames"
    assert str(caught.value) == f"nothing to judge in '{mute}': {reasons}"
    with pytest.raises(MediaError, match="nothing to judge"):
        list(valaro.predict_stream(a_model({"face": 128}).exported(), mute))


def test_a_model_of_which_nothing_is_there_gives_no_answers_while_the_other_one_does(tmp_path: Path) -> None:
    film = make_recording(tmp_path / "film.mkv", seconds=1.6, sound=tone(300.0))
    face = a_model({"face": 128}, dimension="arousal").exported()
    timeline = make_timeline([VOICE, face], film)
    assert [(m.dimension, m.start) for m in timeline.moments] == [
        ("valence", 0.0),
        ("valence", 0.64),
        ("valence", 1.28),
    ]
    assert timeline.moments == make_timeline([VOICE], film).moments
    cause, consequence = timeline.problems
    assert (cause.why, cause.is_fault) == ("no face was found in any of 40 frames", True)
    assert (consequence.where, consequence.is_remark) == ("arousal", True)
    assert consequence.why == "SSGAN looks at face alone, of which the recording has nothing: it gives no answers"


def test_a_face_is_found_shown_and_changes_the_judgement(tmp_path: Path) -> None:
    plan = plan_corpus(sessions=1, labelled_per_speaker=1, unlabelled_per_speaker=0, extra_speakers=0)[0]
    render_clip(plan, tmp_path)
    timeline = make_timeline([BOTH], tmp_path / plan.file)
    assert timeline.problems == ()
    assert min(moment.face_found for moment in timeline.moments) >= 0.9
    assert 1 <= len(timeline.thumbnails) <= 4
    assert [t.time for t in timeline.thumbnails] == sorted(t.time for t in timeline.thumbnails)
    alone = RecordingPredictor([BOTH], tmp_path / plan.file)
    alone._names = ("fbank",)
    assert [m.probabilities for m in alone.segments()] != [m.probabilities for m in timeline.moments]


def test_expressions_are_told_of_faces_alone_and_only_if_asked_for(tmp_path: Path) -> None:
    plan = plan_corpus(sessions=1, labelled_per_speaker=1, unlabelled_per_speaker=0, extra_speakers=0)[0]
    render_clip(plan, tmp_path)
    plain, asked = (make_timeline([BOTH], tmp_path / plan.file, expressions=wanted) for wanted in (False, True))
    assert (plain.expressions, {moment.expressions for moment in plain.moments}) == ((), {()})
    assert asked.expressions == packaged_face_network().classes
    # What the model says does not depend on it.
    assert [replace(moment, expressions=()) for moment in asked.moments] == list(plain.moments)
    for moment in asked.moments:
        assert len(moment.expressions) == 8
        assert sum(moment.expressions) == pytest.approx(1.0, abs=1e-3)
    heard = make_timeline([BOTH], _sound(tmp_path), expressions=True)
    assert {moment.expressions for moment in heard.moments} == {()}


def test_the_mean_expression_is_over_rows_that_show_a_face_and_little_is_kept() -> None:
    seen = SeenExpressions()
    told: list[tuple[float, ...]] = []
    for second in range(50):
        times = second + np.arange(25) / 25
        # In each second a face is found in the first half; in the second one the last crop is held.
        shown = np.where(times % 1 < 0.5, [[0.25], [0.75]], [[0.9], [0.1]]).T
        rows = np.repeat(shown, 4, axis=0).astype(np.float32)
        track = FaceTrack(
            crops=np.zeros((25, 64, 64), np.uint8),
            detected=times % 1 < 0.5,
            yaw=np.zeros(25, np.float32),
            times=times,
        )
        seen.add(rows, float(second), track)
        told += [seen.mean(100 * second, 100 * second + 40), seen.mean(100 * second + 60, 100 * second + 100)]
        assert sum(map(len, seen._rows)) <= 100
    assert told == [(0.25, 0.75), ()] * 50


def test_moments_of_two_dimensions_come_in_order_of_time(tmp_path: Path) -> None:
    arousal = a_model({"fbank": 128}, dimension="arousal", seed=1, mean=-10.0, deviation=4.0).exported()
    recording = _sound(tmp_path)
    moments = make_timeline([VOICE, arousal], recording).moments
    assert [moment.dimension for moment in moments] == ["valence", "arousal"] * 5
    assert [moment.start for moment in moments] == sorted(moment.start for moment in moments)
    # Each says what it says alone.
    assert moments[::2] == make_timeline([VOICE], recording).moments
    assert moments[1::2] == make_timeline([arousal], recording).moments


@pytest.mark.parametrize("content", [b"", b"this is no recording\n" * 50])
def test_nothing_readable_is_a_media_error(tmp_path: Path, content: bytes) -> None:
    recording = tmp_path / "bad.mp4"
    recording.write_bytes(content)
    with pytest.raises(MediaError, match=r"bad\.mp4"):
        make_timeline([VOICE], recording)
    with pytest.raises(MediaError, match=r"bad\.mp4"):
        list(valaro.predict_stream(VOICE, recording))


def test_a_picture_is_nothing_to_a_model_of_the_voice(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="none of what was asked for"):
        make_timeline([VOICE], make_recording(tmp_path / "mute.mkv", seconds=0.4))


def test_a_model_of_another_version_of_a_feature_is_refused(tmp_path: Path) -> None:
    old = a_model({"fbank": 128}, version="0")
    with pytest.raises(ValaroError, match="trained on version 0 of feature 'fbank', this valaro computes 1"):
        valaro.predict_stream(old, tmp_path / "never_opened.wav")


def test_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match="no model"):
        make_timeline([], _sound(tmp_path, 0.5))


def test_a_model_trained_speaker_wise_scales_by_the_recording_s_own_statistics(tmp_path: Path) -> None:
    # A scale that would ruin everything if it were used.
    own = a_model({"fbank": 128}, mean=1e4, deviation=1e-3, normalise_speakers=True).exported()
    recording = _sound(tmp_path)
    rows = np.concatenate([part.features[0].values for part in stream_features(recording, ["fbank"])])
    fitting = a_model({"fbank": 128}).exported()
    scaled = (rows - rows.mean(axis=0)) / np.where(rows.var(axis=0) > 1e-8, rows.std(axis=0), 1.0)
    judge = SlidingWindowPredictor(fitting, fitting.scale)
    segments = judge.push({"fbank": scaled.astype(np.float32)}, len(rows)) + judge.finish()
    for moment, segment in zip(valaro.predict_stream(own, recording), segments, strict=True):
        # Half precision rounds before scaling there, after it here.
        np.testing.assert_allclose(moment.probabilities, segment.probabilities, atol=0.02)


def test_a_model_trained_speaker_wise_judges_a_recording_without_a_picture(tmp_path: Path) -> None:
    own = a_model({"fbank": 128, "face": 128}, normalise_speakers=True).exported()
    timeline = make_timeline([own], _sound(tmp_path))
    assert timeline.moments[-1].end == pytest.approx(3.0)
    (_, without_face, scaling) = timeline.problems
    assert without_face.why.endswith("its answers rest on fbank alone")
    assert "scaled over this recording" in scaling.why


def _track(times: np.ndarray, found: np.ndarray) -> FaceTrack:
    shades = (np.arange(len(times)) % 256).astype(np.uint8)
    return FaceTrack(
        crops=np.broadcast_to(shades[:, None, None], (len(times), 64, 64)).copy(),
        detected=found,
        yaw=np.zeros(len(times), np.float32),
        times=times,
    )


def test_thumbnails_are_found_faces_a_second_apart() -> None:
    times = np.arange(100) / 10
    found = np.ones(100, bool)
    found[:15] = found[40:55] = False
    thumbnails = SeenFaces()
    for first in range(0, 100, 7):
        thumbnails.add(_track(times[first : first + 7], found[first : first + 7]))
    # The first face at 1.5 s, then one each second; from 4.0 to 5.5 s there is none.
    assert [t.time for t in thumbnails.thumbnails] == [1.5, 2.5, 3.5, 5.5, 6.5, 7.5, 8.5, 9.5]


def test_thumbnails_of_a_long_recording_are_few_and_evenly_spread() -> None:
    thumbnails = SeenFaces(most=10)
    for minute in range(30):
        thumbnails.add(_track(60.0 * minute + np.arange(0, 60, 0.5), np.ones(120, bool)))
        assert len(thumbnails.thumbnails) <= 10
    times = np.array([thumbnail.time for thumbnail in thumbnails.thumbnails])
    assert len(times) > 5
    assert len(set(np.diff(times))) == 1
    assert times[0] == 0.0
    assert times[-1] >= 1800 - np.diff(times)[0]


def test_models_of_dface_need_their_network_and_all_the_same_one(tmp_path: Path) -> None:
    first, second = a_network(), a_network(seed=1)
    version = f"1-{first.checksum}"
    valence = replace(a_model({"dface": first.dim}, version=version).exported(), network=first)
    RecordingPredictor([valence], tmp_path / "never opened.mp4")
    with pytest.raises(ValaroError, match=f"was trained on version {version} of feature 'dface'"):
        RecordingPredictor([replace(valence, network=None)], tmp_path / "never opened.mp4")
    with pytest.raises(ValaroError, match=f"was trained on version {version} of feature 'dface'"):
        RecordingPredictor([replace(valence, network=second)], tmp_path / "never opened.mp4")
    arousal = replace(valence, dimension="arousal", feature_versions=(f"1-{second.checksum}",), network=second)
    with pytest.raises(ValaroError, match="'dface' comes from 2 different networks"):
        RecordingPredictor([valence, arousal], tmp_path / "never opened.mp4")


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (WindowSpec(weighting="whole", length=128), "was scored on whole utterances; here it judges windows of 1.28 s"),
        (WindowSpec(weighting="centre"), "was scored on the middle 1.28 s of each utterance"),
    ],
)
def test_a_model_that_cannot_be_streamed_as_it_was_scored_says_so(
    tmp_path: Path, window: WindowSpec, words: str
) -> None:
    model = replace(VOICE, window=window)
    (remark,) = make_timeline([model], _sound(tmp_path)).problems
    assert words in remark.why
    assert remark.is_remark
    # A recording that fits into a window is judged as an utterance is.
    assert make_timeline([model], _sound(tmp_path, 1.28)).problems == ()
