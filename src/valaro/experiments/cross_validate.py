"""Leave-one-session-out cross-validation: folds x seeds x models x dimensions, each an independent job."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from valaro.errors import ValaroError
from valaro.evaluation.folds import Fold, with_shuffled_labels
from valaro.experiments.data import StudyData, load_study
from valaro.experiments.jobs import ChoiceJob, TrainingJob, study_choices, study_jobs
from valaro.experiments.offers import Asked, warnings_before
from valaro.experiments.run_folder import RunFolder, write_failures, write_result
from valaro.experiments.run_start import only_run
from valaro.experiments.sections import Settings
from valaro.experiments.variants import study_features, variants
from valaro.parallel.count import Count, OnProgress
from valaro.parallel.processes import check_workers, run_jobs
from valaro.records import FoldResult, Problem, RunAbout
from valaro.rng import stream_seed
from valaro.store.feature_store import FeatureStore
from valaro.training.durations import expected, slow_words
from valaro.training.environment import environment
from valaro.training.feature_maps import map_features
from valaro.training.methods import METHODS, ModelSpec
from valaro.training.runtime import device_called
from valaro.training.train import Training, train_folds
from valaro.training.trained_model import answer, predict_utterances
from valaro.training.training_data import prepare


def cross_validate(
    settings: Settings,
    to: Path,
    *,
    workers: int = 1,
    on_progress: OnProgress | None = None,
    on_warning: Callable[[str], None] | None = None,
) -> tuple[Problem, ...]:
    """Run a study into the folder `to` and return what failed; started again, it does only what is missing.

    `on_warning` is told before the first training what a user would regret to learn after the last.

    Raises:
        ValaroError: the study cannot be run here: no such data, features or device, nothing to learn from, or another
            process is at it.
    """
    check_workers(workers)
    for variant in variants(settings):
        device_called(variant.settings.config().schedule.device)
    data = load_study(settings)
    data.verify(study_features(settings))
    run = RunFolder(path=to)
    jobs, choices = study_jobs(settings, data, run), study_choices(settings, data)
    trainings: Iterator[Asked] = (
        (job.spec, fold, job.dimension, job.seed, job.config) for job in jobs for fold in job.folds
    )
    warnings = warnings_before(trainings, data)
    planned = [*(name for job in jobs for name in job.names), *(choice.name for choice in choices)]
    with only_run(run, replace(describe(settings, data, "cross-validation"), planned=tuple(sorted(planned)))):
        waiting = [job for job in jobs if not all(run.has_result(name) for name in job.names)]
        slow = slow_words([expected(job.spec, data.store, job.config) for job in waiting])
        for warning in (*warnings, *slow):
            if on_warning is not None:
                on_warning(warning)
        failed = _train(waiting, len(jobs), workers, on_progress)
        failed += [problem for choice in choices for problem in _decide(choice, run)]
        write_failures(run, failed)
    return tuple(failed)


def _train(waiting: Sequence[TrainingJob], total: int, workers: int, on_progress: OnProgress | None) -> list[Problem]:
    """Run the trainings that lack a result, `total` less those that have one; return why some have none in the end."""
    count = Count(total=total, done=total - len(waiting), on_progress=on_progress)
    outcomes = run_jobs(run_training, waiting, workers=workers, on_done=count.add)
    return [
        Problem(utterance=waiting[outcome.index].names[0], where="training", why=outcome.error)
        for outcome in outcomes
        if outcome.error
    ]


def _decide(choice: ChoiceJob, run: RunFolder) -> list[Problem]:
    """Write a result of `auto`; return why it cannot be, if it cannot."""
    try:
        lacking = choice.make(run)
    except ValaroError as error:
        return [Problem(utterance=choice.name, where="choice", why=str(error))]
    why = f"a candidate has no result: {', '.join(lacking)}"
    return [Problem(utterance=choice.name, where="choice", why=why)] if lacking else []


def run_training(job: TrainingJob) -> None:
    """Train, judge the folds' test parts, and write the results."""
    store = FeatureStore.open(job.store)
    paths = job.run.paths(job.names[0])
    learnt, seed = job.folds, job.seed
    if job.shuffled:
        learnt = [with_shuffled_labels(fold, job.dimension, seed=seed) for fold in learnt]
        # Shuffles that began with the same weights would err in the same direction, and would not be independent.
        seed = stream_seed(seed, f"control {job.dimension} {sorted(learnt[0].held_out_sessions)}")
    data = prepare(job.spec, store, learnt, job.unlabelled, dimension=job.dimension, seed=seed, config=job.config)
    trainings = train_folds(job.spec, data, seed=seed, config=job.config, paths=paths)
    for name, fold, training in zip(job.names, job.folds, trainings, strict=True):
        if job.run.has_result(name):
            # Killed between two results of one training: what is there stays as it was, its seconds too.
            continue
        result = result_of(job.spec, training, store, fold, job.seed)
        result = replace(result, shuffled=job.shuffled)
        if job.has_map and name == job.names[0]:
            result = replace(result, feature_map=map_features(training, fold.test, seed=job.seed))
        write_result(job.run, name, result)
    paths.forget_state()


def result_of(spec: ModelSpec, training: Training, store: FeatureStore, fold: Fold, seed: int) -> FoldResult:
    """Judge validation and test utterances with the finished model."""
    model, method = training.model, METHODS[spec.method]
    return FoldResult(
        dimension=model.dimension,
        model=model.label,
        method=method.name,
        features=model.features,
        is_semi_supervised=method.is_semi_supervised,
        is_linear=method.is_linear,
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
        alarms=training.alarms,
        normalisation=training.data.normalisation if method.is_semi_supervised else "",
        varied=spec.varied,
        unvaried=spec.unvaried or spec.label,
        session=fold.session,
        test_half=fold.test_half,
    )


def describe(settings: Settings, data: StudyData, kind: Literal["cross-validation", "training"]) -> RunAbout:
    """Return what a run is about, before its first result."""
    config = settings.config()
    ids: set[str] = {utterance.id for utterance in (*data.labelled, *data.unlabelled)}
    halves = {utterance.id: utterance.half for utterance in data.labelled}
    return RunAbout(
        kind=kind,
        settings=settings.to_toml(),
        environment=environment(),
        fingerprint=data.fingerprint,
        normalisation=config.normalisation,
        speaker_normalised=config.normalise_speakers,
        corpora=data.summaries(),
        notes=data.notes,
        faces=tuple(
            replace(quality, half=halves.get(quality.utterance, ""))
            for quality in data.store.qualities
            if quality.utterance in ids
        ),
        problems=_concerning(data.store.problems, ids),
        paper=settings.study.paper or "",
        stand_ins=settings.data.stand_ins,
    )


def _concerning(problems: Sequence[Problem], ids: set[str]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.utterance in ids)
