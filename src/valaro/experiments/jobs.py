"""What a study consists of: its trainings and its choices, each as plain values that know their results' names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from valaro.errors import unknown_name
from valaro.evaluation.folds import Fold, leave_one_session_out
from valaro.experiments.choice import chosen_result
from valaro.experiments.data import StudyData
from valaro.experiments.run_folder import RunFolder, read_result, write_result
from valaro.experiments.sections import Settings
from valaro.experiments.variants import Variant, variants
from valaro.records import Dimension, Utterance
from valaro.training.config import TrainConfig
from valaro.training.methods import METHODS, AutoChoice, ModelSpec, linear_beside


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """One training of a study, as plain values that a process can be handed; it serves the results in `names`.

    `shuffled`: it is the control's, which learns from labels that were dealt out at random.
    `has_map`: the first of these gets a map of what the network sees.
    """

    names: tuple[str, ...]
    run: RunFolder
    store: Path
    spec: ModelSpec
    folds: tuple[Fold, ...]
    unlabelled: tuple[Utterance, ...]
    dimension: Dimension
    seed: int
    config: TrainConfig
    shuffled: bool = False
    has_map: bool = False


def study_jobs(settings: Settings, data: StudyData, run: RunFolder) -> list[TrainingJob]:
    """Return every training of the study; the linear models and the control stand beside whatever was asked for."""
    study = settings.study
    jobs = [
        job
        for seed in range(study.first_seed, study.first_seed + study.seeds)
        for dimension in study.dimensions
        for index, variant in enumerate(variants(settings))
        for job in _variant_jobs(variant, data, run, dimension, seed, control=study.control and index == 0)
    ]
    # What a varied value does not concern stands in several variants, and is trained once.
    return list({job.names: job for job in jobs}.values())


def _variant_jobs(
    variant: Variant, data: StudyData, run: RunFolder, dimension: Dimension, seed: int, *, control: bool
) -> list[TrainingJob]:
    settings = variant.settings
    chosen = variant.model_specs()
    beside = tuple(variant.named(spec) for spec in linear_beside(settings.model_specs()))
    trained = [(spec, False) for spec in dict.fromkeys((*chosen, *beside))]
    if control:
        trained.append((control_of(chosen), True))
    folds = folds_of(data, dimension, seed=seed, settings=settings)
    config = settings.config()
    return [
        TrainingJob(
            names=tuple(_result_name(dimension, spec.label, fold, seed) for fold in together),
            run=run,
            store=data.store.path,
            spec=spec,
            folds=together,
            unlabelled=data.unlabelled_for(dimension),
            dimension=dimension,
            seed=seed,
            config=config,
            shuffled=shuffled,
            # One a model and dimension says what it has to say, and run folders stay small.
            has_map=seed == settings.study.first_seed
            and group == 0
            and not (shuffled or METHODS[spec.method].is_linear),
        )
        for spec, shuffled in trained
        for group, together in enumerate(_sharing(spec, folds))
    ]


def control_of(chosen: Sequence[ModelSpec]) -> ModelSpec:
    """Return the model that also learns from shuffled labels: the last network named, which as a rule uses most."""
    networks = [spec for spec in chosen if not METHODS[spec.method].is_linear]
    control = (networks or chosen)[-1]
    return replace(control, label=f"{control.label}, shuffled labels")


@dataclass(frozen=True, kw_only=True)
class ChoiceJob:
    """A result of `auto`, called `name`: that of whichever of the results `among` validation likes best."""

    name: str
    choice: AutoChoice
    among: tuple[str, ...]

    def make(self, run: RunFolder) -> tuple[str, ...]:
        """Write the result unless it is there, and return which of those that it is chosen among are lacking."""
        lacking = tuple(name for name in self.among if not run.has_result(name))
        if not lacking and not run.has_result(self.name):
            result = chosen_result(self.choice, [read_result(run.result(name)) for name in self.among])
            write_result(run, self.name, result)
        return lacking


def study_choices(settings: Settings, data: StudyData) -> list[ChoiceJob]:
    """Return every result of `auto` in the study."""
    study = settings.study
    return [
        ChoiceJob(
            name=_result_name(dimension, choice.label, fold, seed),
            choice=choice,
            among=tuple(_result_name(dimension, spec.label, fold, seed) for spec in choice.model_specs),
        )
        for seed in range(study.first_seed, study.first_seed + study.seeds)
        for dimension in study.dimensions
        for variant in variants(settings)
        for choice in variant.choices()
        for fold in folds_of(data, dimension, seed=seed, settings=settings)
    ]


def _result_name(dimension: Dimension, label: str, fold: Fold, seed: int) -> str:
    # The name of a file: no two names may become one.
    return f"{dimension} {label} {fold.name} seed {seed}".replace("%", "%25").replace("/", "%2F")


def _sharing(spec: ModelSpec, folds: Sequence[Fold]) -> list[tuple[Fold, ...]]:
    """Group the folds that one training can serve: the directions of a session, where only checkpoints are chosen."""
    if not METHODS[spec.method].is_shared:
        return [(fold,) for fold in folds]
    groups: dict[frozenset[str], list[Fold]] = {}
    for fold in folds:
        groups.setdefault(frozenset(u.id for u in (*fold.validation, *fold.test)), []).append(fold)
    return [tuple(group) for group in groups.values()]


def folds_of(data: StudyData, dimension: Dimension, *, seed: int, settings: Settings) -> tuple[Fold, ...]:
    """Return the folds over the utterances that have votes on `dimension`, of the sessions that are asked for.

    Raises:
        ValaroError: a session that is asked for is not among the labelled ones.
    """
    folds = leave_one_session_out(data.rated(dimension), seed=seed, directions=settings.study.directions)
    asked = settings.study.sessions
    if asked is None:
        return folds
    known = {session for fold in folds for _, session in fold.held_out_sessions}
    for session in asked:
        if session not in known:
            raise unknown_name(f"session in study.sessions with {dimension} labels", session, sorted(known))
    return tuple(fold for fold in folds if any(session in asked for _, session in fold.held_out_sessions))
