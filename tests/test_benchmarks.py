"""The benchmark scripts still fit the package: they start, and the package's update is still the literal one."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("script", sorted(path.name for path in BENCHMARKS.glob("*.py")))
def test_each_script_says_what_it_does(script: str) -> None:
    done = _run(str(BENCHMARKS / script), "--help")
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout


def test_the_step_that_is_timed_is_the_literal_one() -> None:
    done = _run(str(BENCHMARKS / "training_step.py"), "--cases", "temporal narrow", "--repeats", "1")
    assert done.returncode == 0, done.stderr
    assert "literal / package" in done.stdout


def test_what_is_done_on_a_gpu_runs_at_toy_size_anywhere(tmp_path: Path) -> None:
    done = _run(str(BENCHMARKS / "on_gpu.py"), "--toy", "--parts", "step", "faces", "--to", str(tmp_path / "toy.json"))
    assert done.returncode == 0, done.stderr
    assert "skipped: faces needs its data" in done.stdout
    step = json.loads((tmp_path / "toy.json").read_text())["step"]
    assert step["long"]["finite"] is True
    assert step["bfloat16"]["ms_a_step"] > 0
    # Two number formats, the same weights and samples: the labelled term begins at about log 4 in both.
    assert step["curves"]["labelled"]["single"] == pytest.approx(1.386, abs=0.1)
    assert step["curves"]["labelled"]["largest_difference"] < 0.01


def test_the_generators_study_of_faces_trains_every_method_and_goes_on_where_it_was(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {}
    for part in ("train", "validation", "test"):
        arrays[f"{part}_pixels"] = rng.integers(0, 255, (30, 32, 32)).astype(np.uint8)
        arrays[f"{part}_levels"] = np.eye(3, dtype=np.float32)[np.arange(30) % 3]
    np.savez(tmp_path / "pictures.npz", **arrays)
    run = (str(BENCHMARKS / "ferplus_generator.py"), "run", str(tmp_path), "--to", str(tmp_path), "--workers", "1")
    size = ("--steps", "2", "--width", "0.03", "--seeds", "1")
    done = _run(*run, *size)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("25 trainings to do")
    assert _run(*run, *size).stdout == "0 trainings to do\n"
    table = _run(str(BENCHMARKS / "ferplus_generator.py"), "show", str(tmp_path)).stdout
    assert "2 steps; 30 test pictures" in table
    # 3 labels: a twin and four others with all pictures; two methods at three and at two sizes between.
    assert table.count("\n| ") == 25 + 1
