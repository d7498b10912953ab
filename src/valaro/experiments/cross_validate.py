"""Leave-one-session-out cross-validation: folds x seeds x models x dimensions, each an independent job."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from valaro.evaluation.folds import Fold, leave_one_session_out, with_shuffled_labels
from valaro.experiments.choice import chosen_result
from valaro.experiments.data import StudyData, load_study
from valaro.experiments.environment import environment
from valaro.experiments.run_folder import RunFolder, begin_run, read_result, write_result
from valaro.experiments.sections import Settings
from valaro.experiments.variants import Variant, variants
from valaro.parallel.outcome import Outcome
from valaro.parallel.processes import run_jobs
from valaro.records import Dimension, FoldResult, Problem, RunRecord, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.feature_maps import map_features
from valaro.training.machine import device_called
from valaro.training.plans import Plan
from valaro.training.recipes import RECIPES, Candidate, linear_beside
from valaro.training.train import Training, train_folds
from valaro.training.trained_model import answer, predict_utterances


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """One training of a study, as plain values that a process can be handed; it serves the results in `names`.

    `shuffled`: it is the control's, which learns from labels that were dealt out at random.
    `has_map`: the first of these gets a map of what the network sees.
    """

    names: tuple[str, ...]
    run: RunFolder
    store: Path
    candidate: Candidate
    folds: tuple[Fold, ...]
    unlabelled: tuple[Utterance, ...]
    dimension: Dimension
    seed: int
    plan: Plan
    varied: tuple[tuple[str, str], ...] = ()
    shuffled: bool = False
    has_map: bool = False


def cross_validate(
    settings: Settings,
    to: Path,
    *,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Problem, ...]:
    """Run a study into the folder `to` and return what failed; started again, it does only what is missing.

    Raises:
        ValaroError: the study cannot be run here: no such data, features or device.
    """
    for variant in variants(settings):
        device_called(variant.settings.plan().schedule.device)
    data = load_study(settings)
    run = RunFolder(path=to)
    begin_run(run, describe(settings, data, to.name), "cross-validation")
    jobs = study_jobs(settings, data, run)
    waiting = [job for job in jobs if not all(run.result(name).is_file() for name in job.names)]
    done = len(jobs) - len(waiting)

    def told(_: Outcome[None]) -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, len(jobs))

    outcomes = run_jobs(run_training, waiting, workers=workers, on_done=told)
    for choice in study_choices(settings, data):
        choice.make(run)
    return tuple(
        Problem(utterance=waiting[outcome.index].names[0], where="training", why=outcome.error)
        for outcome in outcomes
        if outcome.error
    )


def study_jobs(settings: Settings, data: StudyData, run: RunFolder) -> list[TrainingJob]:
    """Return every training of the study; the linear models and the control stand beside whatever was asked for."""
    study = settings.study
    jobs = [
        job
        for seed in range(study.first_seed, study.first_seed + study.seeds)
        for dimension in study.dimensions
        for place, variant in enumerate(variants(settings))
        for job in _variant_jobs(
            variant, data, run, dimension, seed, control=study.control and place == 0 and seed == study.first_seed
        )
    ]
    # What a varied value does not concern stands in several variants, and is trained once.
    return list({job.names: job for job in jobs}.values())


def _variant_jobs(
    variant: Variant, data: StudyData, run: RunFolder, dimension: Dimension, seed: int, *, control: bool
) -> list[TrainingJob]:
    settings = variant.settings
    chosen = variant.candidates()
    beside = tuple(variant.named(candidate) for candidate in linear_beside(settings.candidates()))
    trained = [(candidate, False) for candidate in dict.fromkeys((*chosen, *beside))]
    if control:
        trained.append((control_of(chosen), True))
    folds = folds_of(data, dimension, seed=seed, settings=settings)
    plan = settings.plan()
    return [
        TrainingJob(
            names=tuple(
                f"{dimension} {candidate.label} {fold.name} seed {seed}".replace("/", "_") for fold in together
            ),
            run=run,
            store=data.store.path,
            candidate=candidate,
            folds=together,
            unlabelled=data.pool(dimension),
            dimension=dimension,
            seed=seed,
            plan=plan,
            varied=variant.varied(candidate),
            shuffled=shuffled,
            # One a model and dimension says what it has to say, and run folders stay small.
            has_map=seed == settings.study.first_seed
            and group == 0
            and not (shuffled or RECIPES[candidate.recipe].is_linear),
        )
        for candidate, shuffled in trained
        for group, together in enumerate(_sharing(candidate, folds))
    ]


def control_of(chosen: Sequence[Candidate]) -> Candidate:
    """Return the model that also learns from shuffled labels: the last network named, which as a rule uses most."""
    networks = [candidate for candidate in chosen if not RECIPES[candidate.recipe].is_linear]
    control = (networks or chosen)[-1]
    return replace(control, label=f"{control.label}, shuffled labels")


@dataclass(frozen=True, kw_only=True)
class ChoiceJob:
    """A result of `auto`, called `name`: that of whichever of the results `among` validation likes best."""

    name: str
    label: str
    among: tuple[str, ...]
    varied: tuple[tuple[str, str], ...]

    def make(self, run: RunFolder) -> None:
        """Write the result, once all that it is chosen among are there."""
        if not run.result(self.name).is_file() and all(run.result(name).is_file() for name in self.among):
            result = chosen_result(self.label, [read_result(run.result(name)) for name in self.among])
            write_result(run, self.name, replace(result, varied=self.varied))


def study_choices(settings: Settings, data: StudyData) -> list[ChoiceJob]:
    """Return every result of `auto` in the study."""
    study = settings.study
    return [
        ChoiceJob(
            name=_result_name(dimension, choice.label, fold, seed),
            label=choice.label,
            among=tuple(_result_name(dimension, candidate.label, fold, seed) for candidate in choice.candidates),
            varied=variant.varied(choice.candidates[-1]),
        )
        for seed in range(study.first_seed, study.first_seed + study.seeds)
        for dimension in study.dimensions
        for variant in variants(settings)
        for choice in variant.choices()
        for fold in folds_of(data, dimension, seed=seed, settings=settings)
    ]


def _result_name(dimension: Dimension, label: str, fold: Fold, seed: int) -> str:
    return f"{dimension} {label} {fold.name} seed {seed}".replace("/", "_")


def _sharing(candidate: Candidate, folds: Sequence[Fold]) -> list[tuple[Fold, ...]]:
    """Group the folds that one training can serve: the directions of a session, where only checkpoints are chosen."""
    if not RECIPES[candidate.recipe].is_shared:
        return [(fold,) for fold in folds]
    groups: dict[frozenset[str], list[Fold]] = {}
    for fold in folds:
        groups.setdefault(frozenset(u.id for u in (*fold.validation, *fold.test)), []).append(fold)
    return [tuple(group) for group in groups.values()]


def folds_of(data: StudyData, dimension: Dimension, *, seed: int, settings: Settings) -> tuple[Fold, ...]:
    """Return the folds over the utterances that have votes on `dimension`."""
    return leave_one_session_out(data.rated(dimension), seed=seed, directions=settings.study.directions)


def run_training(job: TrainingJob) -> None:
    """Train, judge the folds' test parts, and write the results."""
    store = FeatureStore.open(job.store)
    trail = job.run.trail(job.names[0])
    learnt = [with_shuffled_labels(f, job.dimension, seed=job.seed) for f in job.folds] if job.shuffled else job.folds
    trainings = train_folds(
        job.candidate,
        store,
        learnt,
        job.unlabelled,
        dimension=job.dimension,
        seed=job.seed,
        plan=job.plan,
        trail=trail,
    )
    for name, fold, training in zip(job.names, job.folds, trainings, strict=True):
        result = result_of(job.candidate, training, store, fold, job.seed)
        result = replace(result, varied=job.varied, shuffled=job.shuffled)
        if job.has_map and name == job.names[0]:
            result = replace(result, feature_map=map_features(training, fold.test, seed=job.seed))
        write_result(job.run, name, result)
    trail.forget_state()


def result_of(candidate: Candidate, training: Training, store: FeatureStore, fold: Fold, seed: int) -> FoldResult:
    """Judge validation and test utterances with the finished model."""
    model, recipe = training.model, RECIPES[candidate.recipe]
    return FoldResult(
        dimension=model.dimension,
        model=model.label,
        method=recipe.name,
        features=model.features,
        uses_pool=recipe.uses_pool,
        is_linear=recipe.is_linear,
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
        paper=settings.study.paper or "",
        stand_ins=settings.data.stand_ins,
    )


def _concerning(problems: Sequence[Problem], ids: set[str]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.utterance in ids)
