"""Trainings in the process of the test."""

import pytest

from valaro.experiments.jobs import TrainingJob
from valaro.parallel.outcome import attempt


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Trainings run in this process, which is faster than a new one; the fixture is their (first) names."""
    names: list[str] = []

    def run_here(function, jobs, *, workers, on_done=None):
        outcomes = []
        for index, job in enumerate(jobs):
            names.append(job.names[0] if isinstance(job, TrainingJob) else job.dimension)
            outcomes.append(attempt(function, job, index))
            if on_done is not None:
                on_done(outcomes[-1])
        return tuple(outcomes)

    monkeypatch.setattr("valaro.experiments.cross_validate.run_jobs", run_here)
    monkeypatch.setattr("valaro.experiments.final_model.run_jobs", run_here)
    return names
