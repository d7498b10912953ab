"""How the answers on windows become one answer on an utterance."""

from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.features import an_utterance, make_store
from valaro.networks.fusion import FusionClassifier
from valaro.networks.shapes import NOTHING_RANDOM, Modality, NetworkShape
from valaro.normalise import FeatureStats
from valaro.training import classify as judging
from valaro.training.classify import utterance_probabilities
from valaro.training.crops import Recordings
from valaro.windows import WindowSpec, trapezoid_weights, window_starts

ANY = FusionClassifier(
    NetworkShape(
        modalities=(Modality(name="fbank", dim=1),), layout="statistics", width=1.0, regularisation=NOTHING_RANDOM
    ),
    generator=torch.Generator(),
)
LENGTHS = (50, 128, 200, 4000, 5000, 333)


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    """Recordings whose value is the frame's number: a window tells where it began."""
    utterances = [an_utterance(str(length)) for length in LENGTHS]
    rows = {u.id: {"fbank": np.arange(n, dtype=np.float64)[:, None]} for u, n in zip(utterances, LENGTHS, strict=True)}
    identity = {"fbank": FeatureStats(mean=np.zeros(1, np.float32), deviation=np.ones(1, np.float32))}
    return Recordings(make_store(tmp_path / "s", rows), utterances, ["fbank"], lambda _: identity)


def _by_place(_: object, inputs: dict[str, np.ndarray]) -> np.ndarray:
    first = np.asarray(inputs["fbank"])[:, 0, 0].astype(float)
    return np.stack([first, first**2, np.ones_like(first)], axis=1)


def test_each_window_counts_by_its_share_for_its_own_utterance(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "level_probabilities", _by_place)
    starts = [window_starts(length, WindowSpec()) for length in LENGTHS]
    # More windows than are judged at once, and the border between two portions inside an utterance.
    assert sum(map(len, starts)) > 256
    answers = utterance_probabilities(ANY, recordings)
    # The store keeps half precision: numbers above 2048 are rounded to 2 or 4.
    for answer, places in zip(answers, starts, strict=True):
        kept = places.astype(np.float16).astype(float)
        assert answer == pytest.approx([trapezoid_weights(places) @ kept, trapezoid_weights(places) @ kept**2, 1.0])


def test_the_centre_is_one_window_in_the_middle(recordings: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "level_probabilities", _by_place)
    recordings.window = WindowSpec(weighting="centre")
    answers = utterance_probabilities(ANY, recordings)
    np.testing.assert_allclose(answers[:, 0], [0, 0, 36, 1936, 2436, 102])
