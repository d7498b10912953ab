"""Leave-one-session-out cross-validation: folds x seeds x models x dimensions, each an independent job."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from valaro.evaluation.folds import Fold, leave_one_session_out
from valaro.experiments.data import StudyData, load_data
from valaro.experiments.environment import environment
from valaro.experiments.run_folder import RunFolder, begin_run, write_result
from valaro.experiments.settings import Settings
from valaro.parallel.outcome import Outcome
from valaro.parallel.processes import run_jobs
from valaro.records import Dimension, FoldResult, Problem, RunRecord, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.plans import Plan
from valaro.training.recipes import Candidate
from valaro.training.train import Training, train_model
from valaro.training.trained_model import answer, predict_utterances


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """One training of a study, as plain values that a process can be handed."""

    name: str
    run: RunFolder
    store: Path
    candidate: Candidate
    fold: Fold
    unlabelled: tuple[Utterance, ...]
    dimension: Dimension
    seed: int
    plan: Plan


def cross_validate(
    settings: Settings,
    to: Path,
    *,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Problem, ...]:
    """Run a study into the folder `to` and return what failed; started again, it does only what is missing."""
    data = load_data(settings.data.labelled, settings.data.unlabelled, settings.data.features, settings.study.features)
    run = RunFolder(path=to)
    begin_run(run, describe(settings, data, to.name), "cross-validation")
    jobs = study_jobs(settings, data, run)
    waiting = [job for job in jobs if not run.result(job.name).is_file()]
    done = len(jobs) - len(waiting)

    def told(_: Outcome[None]) -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, len(jobs))

    outcomes = run_jobs(run_training, waiting, workers=workers, on_done=told)
    return tuple(
        Problem(utterance=waiting[outcome.index].name, where="training", why=outcome.error)
        for outcome in outcomes
        if outcome.error
    )


def study_jobs(settings: Settings, data: StudyData, run: RunFolder) -> list[TrainingJob]:
    """Return every training of the study."""
    study = settings.study
    plan = settings.plan()
    return [
        TrainingJob(
            name=f"{dimension} {candidate.label} {fold.name} seed {seed}".replace("/", "_"),
            run=run,
            store=data.store.path,
            candidate=candidate,
            fold=fold,
            unlabelled=data.unlabelled,
            dimension=dimension,
            seed=seed,
            plan=plan,
        )
        for seed in range(study.first_seed, study.first_seed + study.seeds)
        for dimension in study.dimensions
        for fold in folds_of(data, dimension, seed=seed, settings=settings)
        for candidate in settings.candidates()
    ]


def folds_of(data: StudyData, dimension: Dimension, *, seed: int, settings: Settings) -> tuple[Fold, ...]:
    """Return the folds over the utterances that have votes on `dimension`."""
    rated = [utterance for utterance in data.labelled if utterance.is_labelled(dimension)]
    return leave_one_session_out(rated, seed=seed, directions=settings.study.directions)


def run_training(job: TrainingJob) -> None:
    """Train, judge the fold's test part, and write the result."""
    store = FeatureStore.open(job.store)
    training = train_model(
        job.candidate, store, job.fold, job.unlabelled, dimension=job.dimension, seed=job.seed, plan=job.plan
    )
    write_result(job.run, job.name, result_of(training, store, job.fold, job.seed))


def result_of(training: Training, store: FeatureStore, fold: Fold, seed: int) -> FoldResult:
    """Judge validation and test utterances with the finished model."""
    model = training.model
    return FoldResult(
        dimension=model.dimension,
        model=model.label,
        fold=fold.name,
        seed=seed,
        test=predict_utterances(model, store, fold.test),
        validation=answer(model, store, [u for u in fold.validation if u.is_labelled(model.dimension)]),
        history=training.history,
        best_step=training.best_step,
        seconds=training.seconds,
        labelled=training.labelled,
        unlabelled=training.unlabelled,
        excluded=training.excluded,
    )


def describe(settings: Settings, data: StudyData, name: str) -> RunRecord:
    """Return what a run is about, before its first result."""
    plan = settings.plan()
    ids: set[str] = {utterance.id for utterance in (*data.labelled, *data.unlabelled)}
    return RunRecord(
        name=name,
        settings=settings.to_toml(),
        environment=environment(),
        fingerprint=data.fingerprint,
        normalisation=plan.normalisation,
        speaker_normalised=plan.normalise_speakers,
        corpora=data.summaries(),
        notes=data.notes,
        results=(),
        faces=tuple(quality for quality in data.store.qualities if quality.utterance in ids),
        problems=_concerning(data.store.problems, ids),
    )


def _concerning(problems: Sequence[Problem], ids: set[str]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.utterance in ids)
