"""Training the model that is then used: all labelled sessions but one, which validates."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from valaro.errors import ValaroError
from valaro.evaluation.folds import hold_out_for_validation
from valaro.experiments.cross_validate import describe
from valaro.experiments.data import load_data
from valaro.experiments.run_folder import RunFolder, begin_run
from valaro.experiments.settings import Settings
from valaro.training.checkpoint import save_model
from valaro.training.train import Training, train_model


def train_final(
    settings: Settings, to: Path, *, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Training, ...]:
    """Train one model a dimension into the run folder `to`; the study must name one model.

    Raises:
        ValaroError: the study names several models.
    """
    candidates = settings.candidates()
    if len(candidates) != 1:
        labels = ", ".join(candidate.label for candidate in candidates)
        raise ValaroError(
            f"train makes one model for use, the settings name {len(candidates)} ({labels}): "
            'choose one, as in --set study.models=\'["MSSGAN"]\' or ["SSGAN:face"]'
        )
    data = load_data(settings.data.labelled, settings.data.unlabelled, settings.data.features, settings.study.features)
    run = RunFolder(path=to)
    begin_run(run, describe(settings, data, to.name), "training")
    trainings: list[Training] = []
    for done, dimension in enumerate(settings.study.dimensions):
        rated = [utterance for utterance in data.labelled if utterance.is_labelled(dimension)]
        fold = hold_out_for_validation(rated, seed=settings.study.first_seed)
        training = train_model(
            candidates[0],
            data.store,
            fold,
            data.unlabelled,
            dimension=dimension,
            seed=settings.study.first_seed,
            plan=settings.plan(),
        )
        noted = replace(training.model, notes=data.notes)
        save_model(noted, run.model(dimension))
        trainings.append(replace(training, model=noted))
        if on_progress is not None:
            on_progress(done + 1, len(settings.study.dimensions))
    return tuple(trainings)
