"""Threads and memory of a process that trains."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helpers.features import make_store, toy_corpus
from valaro.evaluation.folds import leave_one_session_out
from valaro.training.config import DEFAULT
from valaro.training.methods import model_specs
from valaro.training.runtime import Precision, compute_context, keep_memory, multiplies_bfloat16
from valaro.training.train import train_model


@pytest.mark.parametrize(("layout", "inside"), [("temporal", 1), ("image", 2)])
def test_threads_suit_the_layout_and_are_given_back(layout: str, inside: int) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with compute_context(layout):
            assert torch.get_num_threads() == inside
        assert torch.get_num_threads() == 2
        with pytest.raises(RuntimeError, match="broke"), compute_context(layout):
            raise RuntimeError("broke")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_freed_blocks_are_kept_where_the_c_library_is_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    class Library:
        def mallopt(self, parameter: int, value: int) -> int:
            asked.append((parameter, value))
            return 1

    monkeypatch.setattr("valaro.training.runtime.ctypes.CDLL", lambda _: Library())
    monkeypatch.setattr("valaro.training.runtime.sys.platform", "linux")
    keep_memory.cache_clear()
    keep_memory()
    keep_memory()
    # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h, once.
    assert asked == [(-3, 1 << 30), (-1, 1 << 30)]


@pytest.mark.parametrize(
    ("flags", "layout", "precision", "half"),
    [
        ("flags : fpu avx2 avx512_bf16 amx_tile", "image", "auto", True),
        ("flags : fpu amx_bf16", "image", "auto", True),
        ("flags : fpu avx2 avx512f", "image", "auto", False),
        ("flags : fpu amx_bf16", "temporal", "auto", False),
        ("flags : fpu amx_bf16", "image", "single", False),
        ("flags : fpu avx2", "temporal", "bfloat16", True),
    ],
)
def test_products_are_taken_in_the_format_that_the_processor_is_made_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, layout: str, precision: Precision, *, half: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(flags + "\n")
    monkeypatch.setattr("valaro.training.runtime._CPU_FLAGS", tmp_path / "cpuinfo")
    multiplies_bfloat16.cache_clear()
    with compute_context(layout, precision):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if half else torch.float32)
    multiplies_bfloat16.cache_clear()


def test_a_system_without_processor_flags_computes_in_single_precision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("valaro.training.runtime._CPU_FLAGS", tmp_path / "nowhere")
    multiplies_bfloat16.cache_clear()
    assert not multiplies_bfloat16()
    multiplies_bfloat16.cache_clear()


@pytest.mark.parametrize("layout", ["temporal", "image"])
def test_a_training_in_bfloat16_comes_close_to_one_in_single_precision(tmp_path: Path, layout: str) -> None:
    utterances, features = toy_corpus(per_level=3)
    store = make_store(tmp_path / "store", features)
    (spec,) = model_specs("SSGAN", ["fbank"])
    fold = leave_one_session_out(utterances)[0]

    def losses(precision: Precision) -> dict[str, float]:
        schedule = replace(DEFAULT.schedule, steps=1, batch_size=4, evaluate_every=1, precision=precision)
        config = replace(
            DEFAULT,
            layout=layout,
            width=1 / 64,
            # Nothing unlabelled is there, on purpose.
            max_unlabelled=0,
            averaged_bands=1,
            averaged_frames=1,
            # Toy features hardly vary: divided by their deviation, roundings would be all that is left.
            standardised=False,
            schedule=schedule,
        )
        return train_model(spec, store, fold, (), dimension="valence", seed=0, config=config).history[-1].losses

    single, half = losses("single"), losses("bfloat16")
    assert single != half
    # The generator's loss is that after D's first step, which is as long as the rate whatever the gradient's rounding.
    assert math.isfinite(half.pop("generator"))
    single.pop("generator")
    assert half == pytest.approx(single, rel=0.05, abs=0.03)


def test_an_update_in_bfloat16_is_seen_by_the_next_forward_pass() -> None:
    weight = torch.nn.Parameter(torch.ones(2, 2))
    with compute_context("image", "bfloat16"):
        before = torch.ones(1, 2) @ weight
        before.sum().backward()
        with torch.no_grad():
            weight.add_(1)
        after = torch.ones(1, 2) @ weight
    assert (before.tolist(), after.tolist()) == ([[2.0, 2.0]], [[4.0, 4.0]])


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("valaro.training.runtime.ctypes.CDLL", lambda _: object())
    monkeypatch.setattr("valaro.training.runtime.sys.platform", "linux")
    keep_memory.cache_clear()
    keep_memory()
    assert keep_memory.cache_info().currsize == 1


def test_another_system_is_not_even_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("valaro.training.runtime.ctypes.CDLL", asked.append)
    monkeypatch.setattr("valaro.training.runtime.sys.platform", "darwin")
    keep_memory.cache_clear()
    keep_memory()
    assert asked == []


def test_what_a_training_freed_goes_back_to_the_system_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed: list[int] = []

    class Library:
        def mallopt(self, parameter: int, value: int) -> int:
            return 1

        def malloc_trim(self, pad: int) -> int:
            trimmed.append(pad)
            return 1

    monkeypatch.setattr("valaro.training.runtime.ctypes.CDLL", lambda _: Library())
    monkeypatch.setattr("valaro.training.runtime.sys.platform", "linux")
    with compute_context("temporal"):
        assert trimmed == []
    assert trimmed == [0]
