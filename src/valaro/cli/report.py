"""`valaro report`: finished runs become one page, or tables for a paper."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    runs: Annotated[list[Path], typer.Argument(help="Run folders of valaro cross-validate.")],
    to: Annotated[
        Path,
        typer.Option(
            help="What to write: a page (.html), Markdown (.md), LaTeX (.tex), scores (.csv); a name without a suffix "
            "is a folder with all of them, the predictions and every figure."
        ),
    ] = Path("report.html"),
    times: Annotated[
        bool, typer.Option("--times/--no-times", help="Without measured times two runs of a study give the same bytes.")
    ] = True,
) -> None:
    """Write what was found: scores with intervals, confusion, learning curves, the paper beside it, data, settings."""
    from valaro.cli.console import say
    from valaro.errors import ValaroError
    from valaro.experiments.run_folder import read_run
    from valaro.reports.written import write_report_as

    records = [read_run(run) for run in runs]
    empty = [str(run) for run, record in zip(runs, records, strict=True) if not record.results]
    if empty:
        raise ValaroError(f"no test result in {', '.join(empty)}: a report needs runs of valaro cross-validate")
    write_report_as(records, to, times=times)
    say(f"report -> {to}")
