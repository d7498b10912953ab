import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import worker_functions as functions

from valaro.errors import ValaroError
from valaro.parallel.outcome import Outcome
from valaro.parallel.processes import run_jobs


class Unreadable:
    """A job that a worker cannot rebuild."""

    def __reduce__(self):
        return int, ("no number",)


def test_outcomes_come_in_the_order_of_the_jobs_and_each_is_told_once():
    told = []
    outcomes = run_jobs(functions.square, [5, 4, 3, 2], workers=2, on_done=told.append)
    assert [outcome.value for outcome in outcomes] == [25, 16, 9, 4]
    assert sorted(told, key=lambda outcome: outcome.index) == list(outcomes)


def test_no_jobs_start_no_worker():
    assert run_jobs(functions.square, [], workers=2) == ()


def test_an_exception_is_an_outcome_in_its_own_words():
    outcomes = run_jobs(functions.square_or_fault, [2, 3, 4], workers=1)
    assert [outcome.value for outcome in outcomes] == [4, None, 16]
    assert outcomes[1].error == "three is not wanted"
    assert not outcomes[1].died


def test_a_job_that_kills_its_workers_fails_alone():
    outcomes = run_jobs(functions.die_of_thirteen, [11, 12, 13, 14, 15], workers=2)
    assert [outcome.value for outcome in outcomes] == [11, 12, None, 14, 15]
    assert outcomes[2] == Outcome(index=2, error="its process died 2 times, at last by signal SIGKILL", died=True)


def test_a_worker_that_exits_is_a_death_too():
    (outcome,) = run_jobs(functions.exit_of_thirteen, [13], workers=1)
    assert outcome.error == "its process died 2 times, at last by exit code 7"


def test_a_worker_that_dies_once_costs_one_retry(tmp_path):
    outcomes = run_jobs(functions.die_the_first_time, [tmp_path / "a", tmp_path / "b"], workers=1)
    assert [outcome.value for outcome in outcomes] == ["done", "done"]


def test_what_a_generator_yields_comes_at_once():
    parts = []
    outcomes = run_jobs(functions.count_to, [2, 3], workers=1, on_part=lambda *part: parts.append(part))
    assert parts == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    assert [outcome.error for outcome in outcomes] == ["", "three is not wanted"]


def test_a_job_is_given_up_when_it_has_died_twice_at_the_same_part(tmp_path):
    parts = []
    (outcome,) = run_jobs(
        functions.die_at_the_second, [tmp_path / "a"], workers=1, on_part=lambda *part: parts.append(part)
    )
    assert (outcome.died, outcome.parts, parts) == (True, 1, [(0, "first")] * 2)


def test_a_result_or_a_job_that_cannot_travel_is_an_outcome():
    outcomes = run_jobs(functions.unreturnable, [0, 1], workers=1)
    assert outcomes[0].value == 0
    assert "its result cannot leave the process" in outcomes[1].error
    (outcome,) = run_jobs(functions.square, [Unreadable()], workers=1)
    assert "the job cannot be read by its worker" in outcome.error


def test_a_fault_in_on_done_ends_the_run_and_its_workers():
    def refuse(outcome):
        raise OSError("the disk is full")

    began = time.monotonic()
    with pytest.raises(OSError, match="disk is full"):
        run_jobs(functions.sleep, [0.01, 60.0], workers=2, on_done=refuse)
    assert time.monotonic() - began < 20


def test_what_workers_cannot_do_is_said():
    with pytest.raises(ValaroError, match="0 workers: expected at least 1"):
        run_jobs(functions.square, [1], workers=0)
    in_a_script = lambda job: job  # noqa: E731
    in_a_script.__module__ = "__main__"
    with pytest.raises(ValaroError, match="part of a script"):
        run_jobs(in_a_script, [1], workers=1)


def test_a_worker_has_one_thread():
    (outcome,) = run_jobs(functions.threads, [0], workers=1)
    assert outcome.value == (1, 1)


def alive(pids: list[int]) -> list[int]:
    def is_alive(pid: int) -> bool:
        try:
            return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False

    return [pid for pid in pids if is_alive(pid)]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_worker_outlives_its_parent(tmp_path, how):
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path; import worker_functions as functions\n"
        "from valaro.parallel.processes import run_jobs\n"
        "run_jobs(functions.write_pid_and_sleep, [Path(sys.argv[1])] * 2, workers=2)"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)]
    parent = subprocess.Popen(arguments, stderr=subprocess.PIPE)
    while len(list(tmp_path.iterdir())) < 2:
        assert parent.poll() is None
        time.sleep(0.02)
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert sorted(alive(pids)) == sorted(pids)
    os.kill(parent.pid, how)
    parent.communicate(timeout=5)
    deadline = time.monotonic() + 5
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert alive(pids) == []
