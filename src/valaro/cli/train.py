"""`valaro train`: the model that is then used."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    settings: Annotated[Path, typer.Argument(help="Settings file (TOML); it must name one model.")],
    to: Annotated[Path, typer.Option(help="The run folder.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="section.name=value, checked like the file; repeatable.")
    ] = None,
) -> None:
    """Train one model a dimension on all labelled sessions but one, which validates."""
    from valaro.cli.console import progress, say
    from valaro.experiments.final_model import train_final
    from valaro.experiments.settings import read_settings

    checked = read_settings(settings, change or [])
    with progress("train") as told:
        trainings = train_final(checked, to, on_progress=told)
    for training in trainings:
        best = max(training.history, key=lambda point: point.step == training.best_step)
        say(
            f"{training.model.dimension}: {training.model.label}, validation UAR {100 * best.validation_uar:.1f} % "
            f"(it chose the checkpoint: optimistic), {training.labelled} labelled, {training.unlabelled} unlabelled"
        )
    say(f"run -> {to}    next: valaro predict {to} RECORDING --to timeline.html")
