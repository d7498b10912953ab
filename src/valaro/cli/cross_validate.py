"""`valaro cross-validate`: a study, a session held out at a time."""

import shlex
from pathlib import Path
from typing import Annotated

import typer


def run(
    settings: Annotated[Path, typer.Argument(help="Settings file (TOML).")],
    to: Annotated[Path, typer.Option(help="The run folder; again to resume.")],
    seeds: Annotated[int | None, typer.Option(help="How many seeds (study.seeds).")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="section.name=value, checked like the file; repeatable.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="A settings file whose data, and what the first leaves out, are used.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes, one thread each.")] = 1,
) -> None:
    """Cross-validate models, leaving one session out at a time. Exit code 1 if a training failed."""
    from valaro.cli.console import list_alarms, list_problems, progress, say, warn
    from valaro.experiments.cross_validate import cross_validate
    from valaro.experiments.run_folder import read_run
    from valaro.experiments.settings import read_settings

    changes = [*(change or []), *([f"study.seeds={seeds}"] if seeds is not None else [])]
    checked = read_settings(settings, changes, data=data)
    with progress("cross-validate", "training") as told:
        problems = cross_validate(checked, to, workers=workers, on_progress=told, on_warning=warn)
    say(f"run -> {to}    next: valaro report {shlex.quote(str(to))} --to report.html")
    # From the folder, so that a run that goes on speaks of what it finished before, too.
    list_alarms((result.model, result.dimension, result.alarms) for result in read_run(to).results)
    if problems:
        list_problems(problems)
        raise typer.Exit(1)
