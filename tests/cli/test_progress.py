"""How far a long job is, where the output is no terminal."""

import time

import pytest
from rich.console import Console

from valaro.cli import console


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, which stands still until the test moves it."""
    now = [1000.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


def test_a_line_says_done_total_failed_and_the_time_that_is_left(clock: list[float]) -> None:
    with console.progress("cross-validate", "training") as told:
        assert told.line() == "cross-validate: at work"
        told(4, 24)
        assert told.line() == "cross-validate: 4 of 24 done, 0 failed, time left not known yet"
        clock[0] += 180
        told(6, 24, 1)
        # Two in three minutes, four were there before: 18 more take 27 minutes.
        assert told.line() == "cross-validate: 6 of 24 done, 1 failed, time left about 27 min 0 s"


def test_the_number_of_jobs_is_said_first_and_a_line_a_minute_even_while_none_ends(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "MINUTE", 0.02)
    with console.progress("cross-validate", "training") as told:
        told(4, 24)
        time.sleep(0.5)
    first, *lines = capfd.readouterr().err.splitlines()
    assert first == "cross-validate: 24 trainings, 4 of them done before"
    assert len(lines) > 2
    assert set(lines) == {"cross-validate: 4 of 24 done, 0 failed, time left not known yet"}
    time.sleep(0.1)
    assert capfd.readouterr().err == ""


def test_a_terminal_shows_a_bar_and_no_lines(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "screen", Console(stderr=True, force_terminal=True, width=120, highlight=False))
    monkeypatch.setattr(console, "MINUTE", 0.01)
    with console.progress("train", "model") as told:
        told(0, 2)
        time.sleep(0.1)
        told(1, 2, 1)
    shown = capfd.readouterr().err
    assert "train: 2 models" in shown
    assert "train, 1 failed" in shown
    assert "1/2" in shown
    assert "of 2 done" not in shown


def test_what_is_looked_at_before_a_job_is_none_of_what_is_done(
    clock: list[float], capfd: pytest.CaptureFixture[str]
) -> None:
    with console.progress("extract", "utterance") as count:
        for looked in range(1, 31):
            count.look(looked, 30)
            clock[0] += 10
        assert count.line() == "extract: looked at 30 of 30"
        assert capfd.readouterr().err == ""
        count(15, 30)
        assert capfd.readouterr().err == "extract: 30 utterances, 15 of them done before\n"
        clock[0] += 60
        count(20, 30)
        # Five a minute: the ten that are left take two. The five minutes of looking are no part of it.
        assert count.line() == "extract: 20 of 30 done, 0 failed, time left about 2 min 0 s"
