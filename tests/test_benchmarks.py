"""The benchmark scripts still fit the package: they start, and the package's update is still the literal one."""

import subprocess
import sys
from pathlib import Path

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
