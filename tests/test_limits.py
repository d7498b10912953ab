"""Limits are settings: an environment variable replaces their defaults, and one page lists them."""

import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from valaro.errors import ValaroError
from valaro.limits import Limits, limits_from

PROJECT = Path(__file__).parents[1]


def _limits(text: str) -> Limits:
    return limits_from({"VALARO_LIMITS": text})


def test_the_variable_replaces_the_defaults_that_it_names_and_no_other() -> None:
    assert _limits("longest_gap=1200, most_pixels = 80000000,") == replace(
        Limits(), longest_gap=1200.0, most_pixels=80_000_000
    )
    assert _limits("") == limits_from({}) == Limits()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("longest_gab=3", "unknown limit 'longest_gab': did you mean 'longest_gap'?"),
        ("longest_gap", "longest_gap is '', expected a number above 0"),
        ("longest_gap=nan", "longest_gap is 'nan', expected a number above 0"),
        ("most_rows=2.5", "most_rows is '2.5', expected a whole number above 0"),
        ("most_rows=-1", "most_rows is '-1', expected a whole number above 0"),
    ],
)
def test_what_is_no_limit_is_refused_with_the_names_of_all(text: str, words: str) -> None:
    with pytest.raises(ValaroError) as caught:
        _limits(f"most_steps=5,{text}")
    head, fault, legal = str(caught.value).splitlines()
    assert head.startswith("the environment variable VALARO_LIMITS is not as in")
    assert fault == f"  {words}"
    assert legal == f"  the limits are {', '.join(field.name for field in fields(Limits))}"


def test_every_verb_refuses_limits_that_make_no_sense_with_one_message() -> None:
    for verb in (["report", "x"], ["read", "table", "x"], ["predict"]):
        done = subprocess.run(
            [sys.executable, "-m", "valaro", *verb],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "VALARO_LIMITS": "most_rows=many"},
        )
        assert done.returncode == 2
        assert done.stderr.startswith("valaro: the environment variable VALARO_LIMITS is not as in")
        assert "most_rows is 'many', expected a whole number above 0" in done.stderr


def test_a_worker_process_has_the_limits_of_the_environment() -> None:
    script = (
        "from concurrent.futures import ProcessPoolExecutor as Pool\nfrom multiprocessing import get_context\n"
        "with Pool(1, get_context('spawn')) as pool:\n"
        "    print(pool.submit(eval, '__import__(\"valaro.limits\").limits.LIMITS.most_rows').result())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "VALARO_LIMITS": "most_rows=7"},
    )
    assert done.stdout == "7\n", done.stderr


def test_what_a_run_was_made_on_names_the_limits_that_were_changed() -> None:
    script = "from valaro.training.environment import environment\nprint(environment().get('VALARO_LIMITS'))"
    for given, noted in (("most_rows=7,longest_gap=1200", "longest_gap=1200,most_rows=7"), ("", "None")):
        called = {**os.environ, "VALARO_LIMITS": given}
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=called)
        assert done.stdout == f"{noted}\n", done.stderr


def test_the_page_of_limits_is_up_to_date_and_has_every_limit() -> None:
    script = [sys.executable, str(PROJECT / "tools" / "limits.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    page = (PROJECT / "docs" / "limits.md").read_text(encoding="utf-8")
    assert "| `longest_gap` | 600.0 | Seconds without any data for which" in page
    assert all(f"| `{field.name}` | " in page for field in fields(Limits))
