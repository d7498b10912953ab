"""What a stronger look does to a sample, and what it leaves alone."""

import pytest
import torch

from valaro.networks.shapes import Modality
from valaro.training.augmentation import Augmentation, frequency_shift, spec_augment

VOICE = Modality(name="fbank", dim=64, spectrum=True)
FACE = Modality(name="face", dim=20)


def _crops() -> dict[str, torch.Tensor]:
    rows = torch.arange(64.0)[None, :, None] + 1000 * torch.arange(1.0, 9.0)[:, None, None]
    return {"fbank": rows.expand(8, 64, 32).clone(), "face": torch.ones(8, 20, 32)}


def _stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_shift_moves_all_frames_of_a_sample_alike_and_repeats_the_outermost_band() -> None:
    x = _crops()["fbank"]
    moved = frequency_shift(x, 3, _stream())
    by = (moved[:, 32, 0] - x[:, 32, 0]).long().tolist()
    assert len(set(by)) > 2
    assert set(by) <= set(range(-3, 4))
    for sample, distance in enumerate(by):
        expected = x[sample, [min(max(band + distance, 0), 63) for band in range(64)]]
        torch.testing.assert_close(moved[sample], expected, rtol=0, atol=0)


def test_shifts_are_uniform() -> None:
    x = torch.arange(16.0)[None, :, None].expand(7000, 16, 1)
    by = (frequency_shift(x, 3, _stream())[:, 8, 0] - 8).long()
    counts = torch.bincount(by + 3, minlength=7)
    # 1000 each; a deviation is about 29.
    assert counts.sum() == 7000
    assert all(abs(int(count) - 1000) < 150 for count in counts)


def test_a_shift_keeps_channels_side_by_side_in_memory() -> None:
    x = torch.zeros(4, 32, 64).transpose(1, 2)
    assert frequency_shift(x, 2, _stream()).transpose(1, 2).is_contiguous()


def test_masks_blank_one_band_and_one_stretch_of_at_most_a_fifth() -> None:
    seen = spec_augment(_crops()["fbank"], _stream()) == 0
    for sample in seen:
        bands, frames = sample.all(dim=1), sample.all(dim=0)
        assert int(bands.sum()) <= 13
        assert int(frames.sum()) <= 7
        torch.testing.assert_close(sample, bands[:, None] | frames[None, :])
    assert bool(seen.any())


@pytest.mark.parametrize(("masks", "shift"), [(True, 0), (False, 2), (True, 2)])
def test_embeddings_are_seen_as_they_are(*, masks: bool, shift: int) -> None:
    crops = _crops()
    seen = Augmentation((VOICE, FACE), _stream(), masks=masks, shift=shift)(crops)
    torch.testing.assert_close(seen["face"], crops["face"], rtol=0, atol=0)
    assert not torch.equal(seen["fbank"], crops["fbank"])


def test_without_either_nothing_changes_and_nothing_is_drawn() -> None:
    crops, stream = _crops(), _stream()
    seen = Augmentation((VOICE, FACE), stream, masks=False)(crops)
    torch.testing.assert_close(seen, crops, rtol=0, atol=0)
    assert torch.equal(stream.get_state(), _stream().get_state())
