"""Training the model that is then used: all labelled sessions but one, which validates."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from valaro.errors import ValaroError
from valaro.evaluation.folds import hold_out_for_validation
from valaro.experiments.cross_validate import describe
from valaro.experiments.data import load_study
from valaro.experiments.run_folder import RunFolder, begin_run
from valaro.experiments.sections import Settings
from valaro.parallel.outcome import Outcome
from valaro.parallel.processes import run_jobs
from valaro.records import Alarm, Dimension
from valaro.training.checkpoint import save_model
from valaro.training.machine import device_called
from valaro.training.train import train_model


@dataclass(frozen=True, kw_only=True)
class FinalModel:
    """What `train` made for one dimension; `validation_uar` (0-1) chose the checkpoint and is optimistic."""

    label: str
    dimension: Dimension
    validation_uar: float
    labelled: int
    unlabelled: int
    alarms: tuple[Alarm, ...] = ()


def train_final(
    settings: Settings,
    to: Path,
    *,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[FinalModel, ...]:
    """Train one model a dimension into the run folder `to`; the study must name one model.

    Raises:
        ValaroError: the study names several models, no such device is here, or a training failed.
    """
    candidates = settings.candidates()
    if len(candidates) != 1:
        labels = ", ".join(candidate.label for candidate in candidates)
        raise ValaroError(
            f"train makes one model for use, the settings name {len(candidates)} ({labels}): "
            'choose one, as in --set \'study.models=["MSSGAN"]\' or ["SSGAN:face"]'
        )
    device_called(settings.plan().schedule.device)
    data = load_study(settings)
    begin_run(RunFolder(path=to), describe(settings, data, to.name), "training")
    jobs: list[tuple[Settings, Path, Dimension]] = [
        (settings, to, dimension) for dimension in settings.study.dimensions
    ]
    done = 0

    def told(_: Outcome[FinalModel]) -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, len(jobs))

    outcomes = run_jobs(train_dimension, jobs, workers=min(workers, len(jobs)), on_done=told)
    failed = [f"{job[2]}: {outcome.error}" for job, outcome in zip(jobs, outcomes, strict=True) if outcome.error]
    if failed:
        raise ValaroError("training failed: " + "; ".join(failed))
    return tuple(outcome.value for outcome in outcomes if outcome.value is not None)


def train_dimension(job: tuple[Settings, Path, Dimension]) -> FinalModel:
    """Train and save the model of one dimension; (settings, run folder, dimension) come as one job."""
    settings, to, dimension = job
    data = load_study(settings)
    seed = settings.study.first_seed
    run = RunFolder(path=to)
    trail = run.trail(dimension)
    training = train_model(
        settings.candidates()[0],
        data.store,
        hold_out_for_validation(data.rated(dimension), seed=seed),
        data.pool(dimension),
        dimension=dimension,
        seed=seed,
        plan=settings.plan(),
        trail=trail,
    )
    save_model(replace(training.model, notes=data.notes), run.model(dimension))
    trail.forget_state()
    best = next(point for point in training.history if point.step == training.best_step)
    return FinalModel(
        label=training.model.label,
        dimension=dimension,
        validation_uar=best.validation_uar,
        labelled=training.labelled,
        unlabelled=training.unlabelled,
        alarms=training.alarms,
    )
