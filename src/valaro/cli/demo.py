"""`valaro demo`: the whole way on a synthetic corpus."""

import os
from pathlib import Path
from typing import Annotated

import typer


def run(
    to: Annotated[Path, typer.Option(help="The folder for everything the demo makes.")] = Path("demo"),
    workers: Annotated[int | None, typer.Option(help="Processes, one thread each (default: the cores).")] = None,
) -> None:
    """Make a synthetic corpus, train four models on it, write a report and a timeline. It takes a few minutes."""
    from valaro.cli.console import progress, say
    from valaro.demo import run_demo

    results = run_demo(to, workers=workers or min(os.cpu_count() or 1, 8), progress=progress)
    say(f"report   -> {results.report}\ntimeline -> {results.timeline}\nsettings -> {results.settings}")
