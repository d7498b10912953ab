"""`valaro report`: finished runs become one page, or tables for a paper."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run folders of valaro cross-validate.")],
    to: Annotated[
        Path,
        typer.Option(
            help="A page (.html), Markdown (.md), LaTeX tables (.tex) or scores (.csv, .json); without a suffix a "
            "folder with all of them, the predictions and every figure."
        ),
    ] = Path("report.html"),
    times: Annotated[
        bool,
        typer.Option(
            "--times/--no-times", help="Measured times; without them two runs of a study give the same bytes."
        ),
    ] = True,
) -> None:
    """Write a report of cross-validations: verdict, scores with intervals, confusion, learning curves, data, settings.

    Exit code 1 if a result is damaged; the report is made from the others and names it.
    """
    from valaro.cli.console import list_problems, say
    from valaro.errors import ValaroError
    from valaro.experiments.run_folder import read_run
    from valaro.reports.write import write_report_as

    # A run named twice is one run.
    named = {run.resolve(): run for run in runs}
    records = {run: read_run(run) for run in named.values()}
    damaged = [problem for record in records.values() for problem in record.damaged]
    list_problems(damaged)
    empty = [run for run, record in records.items() if not record.results]
    if len(empty) == len(records):
        raise ValaroError(
            f"no test result in {', '.join(map(str, empty))}: a report needs runs of valaro cross-validate"
        )
    write_report_as([record for run, record in records.items() if run not in empty], to, times=times)
    for run in empty:
        say(f"left out: {run} has no test result, as those of valaro cross-validate have")
    say(f"report -> {to}")
    if damaged:
        raise typer.Exit(1)
