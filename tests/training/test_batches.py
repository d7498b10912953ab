"""Crops, windows and batches."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.features import an_utterance, make_store
from valaro.normalise import FeatureStats, fit_scales
from valaro.training.batches import RecordingBatches
from valaro.training.config import Sampling
from valaro.training.crops import Recordings
from valaro.windows import WindowSpec, trapezoid_weights, window_starts

ONE_VIEW = Sampling(views=1, spec_augment=False)


def _counting(frames: int, dim: int = 2) -> np.ndarray:
    return np.repeat(np.arange(frames, dtype=np.float32)[:, None], dim, axis=1)


def _recordings(folder: Path, lengths: list[int]) -> Recordings:
    utterances = [an_utterance(str(number)) for number in range(len(lengths))]
    store = make_store(
        folder,
        {u.id: {"fbank": _counting(n), "face": _counting(n, 3)} for u, n in zip(utterances, lengths, strict=True)},
    )
    unit = {
        name: FeatureStats(mean=np.zeros(dim, np.float32), deviation=np.ones(dim, np.float32))
        for name, dim in (("fbank", 2), ("face", 3))
    }
    return Recordings(store, utterances, ["fbank", "face"], lambda _: unit)


def test_all_modalities_are_cut_at_the_same_place(tmp_path: Path) -> None:
    crops = _recordings(tmp_path / "s", [300]).cut(np.array([0, 0]), np.array([10, 172]))
    assert crops["fbank"].shape == (2, 2, 128)
    assert crops["face"].shape == (2, 3, 128)
    assert crops["fbank"][0, 0].tolist() == list(range(10, 138))
    assert crops["face"][1, 2].tolist() == list(range(172, 300))


def test_a_short_utterance_repeats(tmp_path: Path) -> None:
    crop = _recordings(tmp_path / "s", [50]).cut(np.array([0]), np.array([0]))["fbank"][0, 0]
    assert crop.tolist() == [*range(50), *range(50), *range(28)]


def test_random_crops_reach_both_ends_evenly(tmp_path: Path) -> None:
    recordings = _recordings(tmp_path / "s", [138])
    starts = recordings.draw(np.zeros(4000, dtype=np.int64), np.random.default_rng(0))["fbank"][:, 0, 0].numpy()
    counts = np.bincount(starts.astype(int), minlength=11)
    assert len(counts) == 11
    # 4000 draws over 11 places: 364 each, standard deviation 18.
    assert counts.min() > 290
    assert counts.max() < 440


@given(st.integers(1, 5000), st.sampled_from([32, 64]))
def test_windows_cover_every_frame_and_the_last_is_right_aligned(length: int, hop: int) -> None:
    starts = window_starts(length, WindowSpec(hop=hop))
    assert starts[0] == 0
    assert starts[-1] == max(length - 128, 0)
    assert (np.diff(starts) <= hop).all()
    assert (np.diff(starts) > 0).all()


@given(st.integers(1, 5000))
def test_windows_count_so_that_they_stand_for_a_random_crop(length: int) -> None:
    starts = window_starts(length, WindowSpec())
    shares = trapezoid_weights(starts)
    assert shares.sum() == pytest.approx(1)
    assert (shares > 0).all()
    # What is linear in the place of a crop comes out as the mean over all its places: a plain mean over windows whose
    # last one is right-aligned misses it.
    assert shares @ starts == pytest.approx(max(length - 128, 0) / 2)


def test_the_ends_of_a_recording_weigh_as_little_as_in_training(tmp_path: Path) -> None:
    rows = np.ones((328, 1))
    rows[:64] = rows[-64:] = 0.0
    utterance = an_utterance("a")
    store = make_store(tmp_path / "s", {utterance.id: {"fbank": rows}})
    identity = {"fbank": FeatureStats(mean=np.zeros(1, np.float32), deviation=np.ones(1, np.float32))}
    recordings = Recordings(store, [utterance], ["fbank"], lambda _: identity)
    starts, shares = recordings.windows(0)
    judged = shares @ recordings.cut(np.zeros(len(starts), int), starts)["fbank"].mean(dim=(1, 2)).numpy()
    drawn = recordings.draw(np.zeros(4000, int), np.random.default_rng(0))["fbank"].mean().item()
    assert judged == pytest.approx(drawn, abs=0.01)


def test_scaling_subtracts_the_mean_and_divides_by_the_deviation(tmp_path: Path) -> None:
    utterance = an_utterance("a")
    store = make_store(tmp_path / "s", {utterance.id: {"fbank": np.array([[1.0, 10.0], [3.0, 10.0]])}})
    scales = fit_scales(store, [utterance], [], ["fbank"], normalisation="auto")
    np.testing.assert_allclose(scales.default["fbank"].mean, [2, 10])
    # A channel that never moves is left at 0, not divided by 0.
    np.testing.assert_allclose(scales.default["fbank"].deviation, [1, 1])
    crop = Recordings(store, [utterance], ["fbank"], scales.of).cut(np.array([0]), np.array([0]))["fbank"]
    assert crop[0, 0, :4].tolist() == [-1, 1, -1, 1]
    assert crop[0, 1].abs().max() == 0


@pytest.mark.parametrize(
    ("normalisation", "home", "foreign", "labelled"),
    [
        ("none", 0, 0, 0),
        ("self", 10, 100, 0),
        ("shift", 0, 0, 0),
        ("combine", 36.67, 36.67, 36.67),
        ("auto", 0, 100, 0),
    ],
)
def test_the_four_normalisations_and_auto(
    tmp_path: Path, normalisation: str, home: float, foreign: float, labelled: float
) -> None:
    mine, same, other = an_utterance("a"), an_utterance("b"), an_utterance("c", corpus="foreign")
    store = make_store(
        tmp_path / "s",
        {u.id: {"fbank": np.full((4, 1), v)} for u, v in ((mine, 0.0), (same, 10.0), (other, 100.0))},
    )
    scales = fit_scales(store, [mine], [same, other], ["fbank"], normalisation=normalisation)  # type: ignore[arg-type]
    means = [
        float(scale["fbank"].mean[0])
        for scale in (scales.of_unlabelled(same), scales.of_unlabelled(other), scales.of(mine))
    ]
    assert means == pytest.approx([home, foreign, labelled], abs=0.01)


def test_an_epoch_shows_every_labelled_utterance_once(tmp_path: Path) -> None:
    recordings = _recordings(tmp_path / "s", [128] * 6)
    soft_labels = np.eye(3)[[0, 0, 1, 1, 2, 2]]
    batches = RecordingBatches(recordings, soft_labels, None, size=6, sampling=ONE_VIEW, rng=np.random.default_rng(0))
    for _ in range(3):
        _, labels = batches.draw_labelled()
        assert labels.sum(dim=0).tolist() == [2, 2, 2]


def test_real_samples_come_from_both_corpora(tmp_path: Path) -> None:
    labelled, pool = _recordings(tmp_path / "a", [128] * 4), _recordings(tmp_path / "b", [128] * 4)
    pool._offsets["fbank"] -= 1000.0
    batches = RecordingBatches(
        labelled, np.eye(3)[[0, 1, 2, 2]], pool, size=8, sampling=ONE_VIEW, rng=np.random.default_rng(0)
    )
    real = batches.draw().real["fbank"]
    assert int((real[:, 0, 0] < -500).sum()) == 4
    assert real.shape == torch.Size([8, 2, 128])


def test_the_second_look_is_the_same_crop_or_another_of_the_same_utterance(tmp_path: Path) -> None:
    recordings = _recordings(tmp_path / "s", [1000] * 4)
    # Each utterance counts its frames from its own offset, so that a crop tells whose it is.
    for views in (1, 2):
        batches = RecordingBatches(
            recordings,
            np.eye(3)[[0, 0, 1, 2]],
            None,
            size=4,
            sampling=Sampling(views=views, spec_augment=False),
            rng=np.random.default_rng(0),
        )
        batch = batches.draw()
        same = torch.equal(batch.real["fbank"], batch.second_view["fbank"])
        assert same is (views == 1)
        assert torch.equal(batch.second_view["fbank"][:, 0], batch.second_view["face"][:, 0])


def test_balanced_batches_hold_each_level_equally_often(tmp_path: Path) -> None:
    recordings = _recordings(tmp_path / "s", [128] * 10)
    soft_labels = np.eye(3)[[0] * 7 + [1] * 2 + [2]]
    batches = RecordingBatches(
        recordings,
        soft_labels,
        None,
        size=9,
        sampling=Sampling(views=1, spec_augment=False, balanced=True),
        rng=np.random.default_rng(0),
    )
    for _ in range(3):
        assert batches.draw_labelled()[1].sum(dim=0).tolist() == [3.0, 3.0, 3.0]


def test_pseudo_labels_join_the_labelled_ones(tmp_path: Path) -> None:
    labelled, pool = _recordings(tmp_path / "a", [128] * 3), _recordings(tmp_path / "b", [256] * 4)
    batches = RecordingBatches(labelled, np.eye(3), pool, size=5, sampling=ONE_VIEW, rng=np.random.default_rng(0))
    assert batches.level_ratio().tolist() == pytest.approx([1 / 3] * 3)
    extended = batches.with_pseudo_labels(np.array([2, 1, 2, 0]), np.array([True, False, True, False]))
    # Three labelled ones, one of each level, and two of the pool that were judged high: one epoch is all five.
    assert extended.draw_labelled()[1].sum(dim=0).tolist() == [1.0, 1.0, 3.0]
    assert extended.level_ratio().tolist() == pytest.approx([1 / 3] * 3)


def test_short_utterances_go_on_with_their_mean_if_asked_to(tmp_path: Path) -> None:
    utterance = an_utterance("short")
    store = make_store(tmp_path / "s", {utterance.id: {"fbank": _counting(3)}})
    identity = {"fbank": FeatureStats(mean=np.zeros(2, np.float32), deviation=np.ones(2, np.float32))}
    recordings = Recordings(store, [utterance], ["fbank"], lambda _: identity, window=WindowSpec(pad_mode="mean"))
    crop = recordings.cut(np.array([0]), np.array([0]))["fbank"][0, 0]
    assert crop[:5].tolist() == [0.0, 1.0, 2.0, 1.0, 1.0]
    assert crop[-1] == 1.0


def test_whole_and_centre(tmp_path: Path) -> None:
    recordings = _recordings(tmp_path / "s", [300, 100])
    assert recordings.whole(0)["fbank"].shape == (1, 2, 300)
    assert recordings.whole(0)["face"][0, 0].tolist() == list(range(300))
    recordings.window = WindowSpec(weighting="centre")
    assert [part.tolist() for part in recordings.windows(0)] == [[86], [1.0]]
    assert [part.tolist() for part in recordings.windows(1)] == [[0], [1.0]]


def test_the_order_goes_on_from_its_state(tmp_path: Path) -> None:
    def fake() -> RecordingBatches:
        recordings = _recordings(tmp_path / "s", [400] * 5)
        sampling = Sampling(views=2, spec_augment=False, balanced=True)
        return RecordingBatches(
            recordings, np.eye(3)[[0, 0, 1, 1, 2]], None, size=4, sampling=sampling, rng=np.random.default_rng(3)
        )

    first, second = fake(), fake()
    first.draw()
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        ours, theirs = first.draw(), second.draw()
        assert torch.equal(ours.soft_labels, theirs.soft_labels)
        assert torch.equal(ours.second_view["fbank"], theirs.second_view["fbank"])
