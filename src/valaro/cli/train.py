"""`valaro train`: the model that is then used."""

import shlex
from pathlib import Path
from typing import Annotated

import typer


def run(
    settings: Annotated[Path, typer.Argument(help='Settings file (TOML); it must name one model, or "auto".')],
    to: Annotated[Path, typer.Option(help="The run folder.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="section.name=value, checked like the file; repeatable.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="A settings file whose data, and what the first leaves out, are used.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes, one thread each; one a dimension can be used.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the models and their alarms as JSON.")] = False,
) -> None:
    """Train one model a dimension on all labelled sessions but one, which validates."""
    from valaro.cli.console import list_alarms, print_json, progress, say, warn
    from valaro.experiments.final_model import train_final
    from valaro.experiments.settings import read_settings

    checked = read_settings(settings, change or [], data=data)
    with progress("train", "model") as told:
        models = train_final(checked, to, workers=workers, on_progress=told, on_warning=warn)
    for model in models:
        say(
            f"{model.dimension}: {model.label}, validation UAR {100 * model.validation_uar:.1f} % "
            f"(it chose the checkpoint: optimistic), {model.labelled} labelled, {model.unlabelled} unlabelled"
        )
        if model.others:
            others = ", ".join(f"{label} {100 * uar:.1f} %" for label, uar in model.others)
            margin = 100 * (model.validation_uar - model.others[0][1])
            say(f"  chosen by validation with {margin:.1f} points to the next: {others}")
    say(f"run -> {to}    next: valaro predict {shlex.quote(str(to))} RECORDING --to timeline.html")
    if as_json:
        print_json({"run": to, "models": models})
    list_alarms((model.label, model.dimension, model.alarms) for model in models)
