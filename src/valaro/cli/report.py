"""`valaro report`: finished runs become one page."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    runs: Annotated[list[Path], typer.Argument(help="Run folders of valaro cross-validate.")],
    to: Annotated[Path, typer.Option(help="The page to write (.html).")] = Path("report.html"),
) -> None:
    """Write one self-contained page: scores with intervals, confusion, learning curves, data, settings."""
    from valaro.cli.console import say
    from valaro.errors import ValaroError
    from valaro.experiments.run_folder import read_run
    from valaro.reports.html import write_report

    records = [read_run(run) for run in runs]
    empty = [str(run) for run, record in zip(runs, records, strict=True) if not record.results]
    if empty:
        raise ValaroError(f"no test result in {', '.join(empty)}: a report needs runs of valaro cross-validate")
    write_report(records, to)
    say(f"report -> {to}")
