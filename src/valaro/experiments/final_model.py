"""Training the model that is then used: all labelled sessions but one, which validates."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from valaro.errors import StoreError, ValaroError
from valaro.evaluation.folds import hold_out_for_validation
from valaro.experiments.choice import most_liked
from valaro.experiments.cross_validate import describe
from valaro.experiments.data import load_study
from valaro.experiments.offers import Asked, warnings_before
from valaro.experiments.run_folder import RunFolder, damaged
from valaro.experiments.run_start import only_run
from valaro.experiments.sections import Settings
from valaro.jsonfile import read_record, write_record
from valaro.parallel.count import Count, OnProgress
from valaro.parallel.processes import check_workers, run_jobs
from valaro.records import Alarm, Dimension
from valaro.saved_model import load_model, save_model
from valaro.training.durations import expected, slow_words
from valaro.training.methods import ModelSpec
from valaro.training.runtime import device_called
from valaro.training.train import Training, train_folds
from valaro.training.training_data import prepare


@dataclass(frozen=True, kw_only=True)
class FinalModel:
    """What `train` made for one dimension; `validation_uar` (0-1) chose the checkpoint and is optimistic.

    Where `auto` chose among several, `others` are the rest with their validation UAR, the best first.
    """

    label: str
    dimension: Dimension
    validation_uar: float
    labelled: int
    unlabelled: int
    alarms: tuple[Alarm, ...] = ()
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class FinalJob:
    """The model of one dimension: the only one of the candidates, or the one of them that validation likes best."""

    settings: Settings
    run: RunFolder
    dimension: Dimension
    model_specs: tuple[ModelSpec, ...]

    @property
    def about(self) -> Path:
        """Where it says how the model came about, written after the model."""
        return self.run.model(self.dimension).with_suffix(".json")


def train_final(
    settings: Settings,
    to: Path,
    *,
    workers: int = 1,
    on_progress: OnProgress | None = None,
    on_warning: Callable[[str], None] | None = None,
) -> tuple[FinalModel, ...]:
    """Train one model a dimension into the run folder `to`; what is there from before is not trained again.

    `on_warning` is told before the first training what a user would regret to learn after the last.

    Raises:
        ValaroError: the study names several models, no such device is here, nothing is to learn from, a training
            failed, or another process is at it.
    """
    check_workers(workers)
    model_specs = _candidates(settings)
    device_called(settings.config().schedule.device)
    data = load_study(settings)
    data.verify(settings.features)
    run = RunFolder(path=to)
    seed, config = settings.study.first_seed, settings.config()
    trainings: Iterator[Asked] = (
        (spec, hold_out_for_validation(data.rated(dimension), seed=seed), dimension, seed, config)
        for dimension in settings.study.dimensions
        for spec in model_specs
    )
    warnings = warnings_before(trainings, data)
    jobs = [
        FinalJob(settings=settings, run=run, dimension=dimension, model_specs=model_specs)
        for dimension in settings.study.dimensions
    ]
    with only_run(run, describe(settings, data, "training")):
        waiting = [job for job in jobs if not _has_model(job)]
        slow = slow_words([expected(spec, data.store, config) for job in waiting for spec in job.model_specs])
        for warning in (*warnings, *slow):
            if on_warning is not None:
                on_warning(warning)
        _train(waiting, len(jobs), workers, on_progress)
    return tuple(_read_final(job) for job in jobs)


def _train(waiting: Sequence[FinalJob], total: int, workers: int, on_progress: OnProgress | None) -> None:
    count = Count(total=total, done=total - len(waiting), on_progress=on_progress)
    outcomes = run_jobs(train_dimension, waiting, workers=min(workers, total), on_done=count.add)
    failed = [
        f"{job.dimension}: {outcome.error}" for job, outcome in zip(waiting, outcomes, strict=True) if outcome.error
    ]
    if failed:
        raise ValaroError("training failed: " + "; ".join(failed))


def _has_model(job: FinalJob) -> bool:
    """Whether the model and what is said of it can be read; a damaged one is trained again."""
    try:
        _read_final(job)
        load_model(job.run.model(job.dimension))
    except StoreError:
        return False
    return True


def train_dimension(job: FinalJob) -> None:
    """Train the candidates of one dimension, keep the one that validation likes best, and say how it came about."""
    data = load_study(job.settings)
    trainings: list[tuple[Training, float]] = []
    seed, config = job.settings.study.first_seed, job.settings.config()
    trails = [job.run.paths(_trail_name(job, spec)) for spec in job.model_specs]
    for spec, paths in zip(job.model_specs, trails, strict=True):
        folds = [hold_out_for_validation(data.rated(job.dimension), seed=seed)]
        unlabelled = data.unlabelled_for(job.dimension)
        offered = prepare(spec, data.store, folds, unlabelled, dimension=job.dimension, seed=seed, config=config)
        (training,) = train_folds(spec, offered, seed=seed, config=config, paths=paths)
        trainings.append((training, training.validation_uar))
    choice = most_liked(trainings)
    chosen = choice.winner
    save_model(replace(chosen.model, notes=data.notes).exported(), job.run.model(job.dimension))
    others = [(training.model.label, uar) for training, uar in trainings if training is not chosen]
    final = FinalModel(
        label=chosen.model.label,
        dimension=job.dimension,
        validation_uar=choice.validation_uar,
        labelled=chosen.labelled,
        unlabelled=chosen.unlabelled,
        alarms=chosen.alarms,
        others=tuple(sorted(others, key=lambda other: -other[1])),
    )
    write_record(job.about, final)
    for paths in trails:
        paths.forget_state()


def _candidates(settings: Settings) -> tuple[ModelSpec, ...]:
    if settings.vary:
        raise ValaroError("train makes one model for use: settings that vary something are for valaro cross-validate")
    automatic, model_specs = settings.choices(), settings.model_specs()
    if len(automatic) == 1 and model_specs == automatic[0].model_specs:
        return model_specs
    if len(model_specs) != 1:
        labels = ", ".join(spec.label for spec in model_specs)
        raise ValaroError(
            f"train makes one model for use, the settings name {len(model_specs)} ({labels}): "
            'choose one, as in --set \'study.models=["MSSGAN"]\' or ["SSGAN:face"], or let validation choose: ["auto"]'
        )
    return model_specs


def _trail_name(job: FinalJob, spec: ModelSpec) -> str:
    return job.dimension if len(job.model_specs) == 1 else f"{job.dimension} {spec.label}"


def _read_final(job: FinalJob) -> FinalModel:
    path = job.about
    try:
        return read_record(FinalModel, path, "the model")
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error
