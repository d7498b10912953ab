"""Judging rows as they arrive: the same answers whatever the portions, and as whole utterances get."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.features import an_utterance, make_store
from helpers.models import a_model
from valaro.prediction.windows import Segment, SlidingWindowPredictor
from valaro.training.classify import level_probabilities
from valaro.training.trained_model import answer
from valaro.windows import trapezoid_weights, window_starts

DIMS = {"fbank": 6, "face": 4}
TRAINED = a_model(DIMS, mean=0.5, deviation=2.0)
MODEL = TRAINED.exported()


def _rows(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Rows whose level wanders, so that neighbouring windows are judged differently."""
    rng = np.random.default_rng(seed)
    wander = 3 * np.sin(np.arange(count) / 40)[:, None]
    return {name: (rng.normal(size=(count, dim)) + wander).astype(np.float32) for name, dim in DIMS.items()}


def _told(rows: Mapping[str, np.ndarray], portions: Sequence[int]) -> list[Segment]:
    judge = SlidingWindowPredictor(MODEL, MODEL.scale)
    segments: list[Segment] = []
    place = 0
    for portion in portions:
        segments += judge.push({name: values[place : place + portion] for name, values in rows.items()}, portion)
        place += portion
    return segments + judge.finish()


def _window(rows: Mapping[str, np.ndarray], start: int) -> np.ndarray:
    """What the network says about the 128 rows from `start`, computed literally."""
    inputs = {}
    for name, values in rows.items():
        stored = values.astype(np.float16).astype(np.float32)
        cut = np.stack([stored[(start + k) % len(stored)] for k in range(128)])
        inputs[name] = torch.from_numpy(((cut - 0.5) / 2.0).T[None].copy())
    return level_probabilities(TRAINED.classifier, inputs)[0]


@settings(max_examples=25)
@given(portions=st.lists(st.integers(0, 150), min_size=1, max_size=8))
@example(portions=[1] * 130)
@example(portions=[64, 64, 64])
@example(portions=[128, 1])
@example(portions=[0, 200, 0])
@example(portions=[700])
def test_any_portions_give_the_segments_of_one_push(portions: list[int]) -> None:
    rows = _rows(sum(portions))
    told, at_once = _told(rows, portions), _told(rows, [sum(portions)])
    assert [(s.first, s.last) for s in told] == [(s.first, s.last) for s in at_once]
    for one, other in zip(told, at_once, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 127, 128, 129, 191, 192, 193, 256, 300, 511])
def test_segments_tile_the_recording_and_weigh_the_windows_that_cover_them_as_evaluation_does(count: int) -> None:
    rows = _rows(count)
    segments = _told(rows, [count])
    assert [s.first for s in segments] == list(range(0, count, 64))
    assert [s.last for s in segments] == [min(first + 64, count) for first in range(0, count, 64)]
    windows = {int(start): _window(rows, int(start)) for start in window_starts(count, MODEL.window)}
    for segment in segments:
        covering = {s: p for s, p in windows.items() if s < segment.last and s + 128 > segment.first}
        expected = trapezoid_weights(np.array(list(covering))) @ np.stack(list(covering.values()))
        np.testing.assert_allclose(segment.probabilities, expected, atol=1e-6)
        assert segment.probabilities.sum() == pytest.approx(1.0)


def test_neighbouring_segments_differ_so_that_the_comparison_says_something() -> None:
    probabilities = [segment.probabilities for segment in _told(_rows(511), [511])]
    assert min(np.abs(a - b).max() for a, b in pairwise(probabilities)) > 1e-3


@pytest.mark.parametrize("count", [40, 128])
def test_a_recording_of_one_window_is_judged_like_an_utterance_in_training(tmp_path: Path, count: int) -> None:
    rows = _rows(count)
    utterance = an_utterance("one")
    predictions = answer(TRAINED, make_store(tmp_path / "store", {utterance.id: rows}), [utterance])
    for segment in _told(rows, [count]):
        np.testing.assert_allclose(segment.probabilities, predictions.probabilities[0], atol=1e-6)


def test_a_missing_modality_counts_as_its_mean_as_in_training(tmp_path: Path) -> None:
    sound = {"fbank": _rows(100)["fbank"]}
    utterance, other = an_utterance("voice"), an_utterance("both")
    store = make_store(tmp_path / "store", {utterance.id: sound, other.id: _rows(100)})
    predictions = answer(TRAINED, store, [utterance])
    (first, _) = _told(sound, [100])
    np.testing.assert_allclose(first.probabilities, predictions.probabilities[0], atol=1e-6)


def test_no_rows_give_no_segments() -> None:
    assert _told(_rows(0), [0, 0]) == []


def test_what_is_kept_does_not_grow_with_the_recording() -> None:
    judge = SlidingWindowPredictor(MODEL, MODEL.scale)
    most_rows = most_answers = told = 0
    for number in range(300):
        told += len(judge.push(_rows(50, seed=number), 50))
        most_rows = max(most_rows, *(len(values) for values in judge._rows.values()))
        most_answers = max(most_answers, len(judge._judged))
        # A slice keeps what it was cut from alive: that must not be the whole recording either.
        assert all(values.base is None or len(values.base) <= 128 + 50 for values in judge._rows.values())
    assert most_rows <= 2 * 128
    # Those that begin in the four windows' length before the newest row.
    assert most_answers <= 4 * 128 // 32
    assert told >= 300 * 50 // 64 - 2


def test_nothing_is_said_before_the_first_window_that_holds_anything_of_the_model_s_features() -> None:
    judge = SlidingWindowPredictor(MODEL, MODEL.scale)
    told = judge.push({}, 300) + judge.push(_rows(200), 200) + judge.finish()
    # The window of rows 192 to 320 is the first that reaches row 300; it covers what begins at 192.
    assert [(segment.first, segment.last) for segment in told] == [
        (192, 256),
        (256, 320),
        (320, 384),
        (384, 448),
        (448, 500),
    ]
    silent = SlidingWindowPredictor(MODEL, MODEL.scale)
    assert silent.push({}, 300) + silent.finish() == []
