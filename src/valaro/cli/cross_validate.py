"""`valaro cross-validate`: a study, a session held out at a time."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from valaro.cli.arguments import AsJson, Changes, DataFile, Run, SettingsFile, Workers

if TYPE_CHECKING:
    from valaro.records import FoldResult


def run(
    settings: SettingsFile,
    to: Run,
    seeds: Annotated[int | None, typer.Option(help="How many seeds: short for --set study.seeds=SEEDS.")] = None,
    change: Changes = None,
    data: DataFile = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Evaluate models by leaving out one session at a time. Exit code 1 if a training failed; the others are done."""
    from valaro.cli.alarms import list_alarms
    from valaro.cli.console import list_problems, print_json, progress, say, warn
    from valaro.experiments.cross_validate import cross_validate
    from valaro.experiments.run_folder import read_run
    from valaro.experiments.settings import read_settings

    changes = [*(change or []), *([f"study.seeds={seeds}"] if seeds is not None else [])]
    checked = read_settings(settings, changes, data=data)
    with progress("cross-validate", "training") as count:
        problems = cross_validate(checked, to, workers=workers, on_progress=count, on_warning=warn)
    say(f"run -> {to}    next: valaro report {shlex.quote(str(to))} --to report.html")
    # From the folder, so that a run that goes on speaks of what it finished before, too.
    results = read_run(to).results
    if as_json:
        print_json({"run": to, "trainings": [_facts(result) for result in results], "failures": problems})
    list_alarms((result.model, result.dimension, result.alarms) for result in results)
    if problems:
        list_problems(problems)
        raise typer.Exit(1)


def _facts(result: "FoldResult") -> dict[str, object]:
    """Return what a script may want to know of a training, as docs/json.md says; the scores are those of the report."""
    from valaro.evaluation.scores import score

    names = ("model", "dimension", "fold", "seed", "labelled", "unlabelled", "seconds", "alarms")
    return {
        **{name: getattr(result, name) for name in names},
        "validation_uar": score(result.validation).uar if result.validation.ids else None,
    }
