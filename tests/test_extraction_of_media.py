"""Extraction with the real decoder: of media made here, and of real recordings where they are."""

from pathlib import Path

import av
import numpy as np
import pytest

from valaro.extraction.extract import extract
from valaro.records import Utterance
from valaro.store.feature_store import FeatureStore


def make_clip(path: Path, *, seconds: float = 1.0, seed: int = 0) -> None:
    """Write an mp4 with a noise of a voice's range and a moving picture without a face."""
    random = np.random.default_rng(seed)
    with av.open(path, "w") as container:
        picture = container.add_stream("mpeg4", rate=25, width=160, height=120, pix_fmt="yuv420p")
        sound = container.add_stream("aac", rate=16000, layout="mono")
        for number in range(round(25 * seconds)):
            image = np.full((120, 160), 16 + 8 * number % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")
            container.mux(picture.encode(frame))
        samples = (0.1 * random.standard_normal((1, round(16000 * seconds)))).astype(np.float32)
        voice = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        voice.sample_rate = 16000
        container.mux(sound.encode(voice))
        container.mux(picture.encode())
        container.mux(sound.encode())


def with_three_bad_ones(folder: Path, whole: list[Path]) -> tuple[Utterance, ...]:
    """Return utterances of `whole` recordings and of a half, an empty one and a text beside them."""
    folder.mkdir()
    content = whole[0].read_bytes()
    bad = {"half.mp4": content[: len(content) // 2], "empty.mp4": b"", "text.mp4": b"utterance,file\n" * 40}
    for name, data in bad.items():
        (folder / name).write_bytes(data)
    paths = [whole[0], *(folder / name for name in bad), *whole[1:]]
    return tuple(
        Utterance(id=f"c/{path.stem}", corpus="c", session="", speaker="c/1", gender="", media=path) for path in paths
    )


def test_a_half_an_empty_and_a_false_recording_are_three_problems_and_the_others_are_done(tmp_path):
    whole = [tmp_path / "first.mp4", tmp_path / "second.mp4"]
    for seed, path in enumerate(whole):
        make_clip(path, seed=seed)
    utterances = with_three_bad_ones(tmp_path / "bad", whole)
    summary = extract(utterances, ["fbank"], to=tmp_path / "s")
    assert (summary.requested, summary.complete, summary.failed) == (5, 2, 3)
    assert [problem.utterance for problem in summary.problems] == ["c/half", "c/empty", "c/text"]
    assert all(problem.why for problem in summary.problems)
    store = FeatureStore.open(tmp_path / "s")
    store.verify()
    assert store.ids == ("c/first", "c/second")
    # One second on the 100 Hz grid; the coder may pad the sound by a frame of 1024 samples.
    assert 95 <= store.length("c/first") <= 112


def test_a_recording_without_a_face_keeps_its_sound(tmp_path):
    make_clip(tmp_path / "first.mp4")
    utterance = Utterance(id="c/1", corpus="c", session="", speaker="c/1", gender="", media=tmp_path / "first.mp4")
    summary = extract([utterance], ["fbank", "face"], to=tmp_path / "s")
    assert (summary.complete, summary.partial, summary.failed) == (0, 1, 0)
    assert summary.problems
    assert FeatureStore.open(tmp_path / "s").has("c/1", "fbank")


@pytest.mark.recordings
def test_real_clips_among_bad_ones_are_extracted_voice_and_face(tmp_path):
    folder = Path(__file__).parents[1].parent / "shared" / "data" / "javanese_av" / "video"
    if not folder.is_dir():
        pytest.skip("the real recordings are not there")
    utterances = with_three_bad_ones(tmp_path / "bad", sorted(folder.glob("*.mp4"))[:2])
    summary = extract(utterances, ["fbank", "face"], to=tmp_path / "s", workers=2)
    assert (summary.requested, summary.complete, summary.failed) == (5, 2, 3)
    assert {problem.utterance for problem in summary.problems} >= {"c/half", "c/empty", "c/text"}
    store = FeatureStore.open(tmp_path / "s")
    for name in store.ids:
        assert store.values(name, "fbank").shape == store.values(name, "face").shape == (store.length(name), 128)
    assert [quality.detected > 0 for quality in store.qualities] == [True, True]
