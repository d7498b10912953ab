"""`valaro check`: what is true of a manifest and a store, and what should be."""

from pathlib import Path
from typing import Annotated

import typer

from valaro.cli.arguments import AsJson, Manifests


def run(
    manifests: Manifests,
    store: Annotated[Path | None, typer.Option(help="The feature store extracted from them.")] = None,
    to: Annotated[Path, typer.Option(help="The page to write (.html).")] = Path("check.html"),
    mouths: Annotated[
        int,
        typer.Option(help="Where two people sit side by side, watch their mouths in so many utterances per recording."),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Check manifests and their features: list what is wrong or odd, and draw the data on a page.

    Exit code 1 if something is wrong; things that are only worth a look do not count.
    """
    from valaro.checks.check import check
    from valaro.checks.folds import fold_line
    from valaro.cli.console import print_json, progress, say
    from valaro.errors import ValaroError
    from valaro.files import check_replaceable
    from valaro.reports.check_page import write_check_page
    from valaro.reports.formats import plural
    from valaro.reports.table_1 import level_line, several_votes

    if to.suffix.lower() != ".html":
        raise ValaroError(f"cannot write the page to '{to}': expected a name that ends in .html")
    check_replaceable(to)
    with progress("check") as on_progress:
        record = check(manifests, store, mouths=mouths, on_progress=on_progress)
    write_check_page(record, to)
    for tally in several_votes(tally for corpus in record.corpora for tally in corpus.tallies):
        say(level_line(tally))
    for use in record.folds:
        say(f"fold {fold_line(use)}")
    for finding in record.findings:
        say(f"{'wrong' if finding.is_fault else 'look'}: {finding.what}: {plural(len(finding.cases), 'case')}")
        say(f"  {finding.cases[0]}{f' and {len(finding.cases) - 1} more' if len(finding.cases) > 1 else ''}")
    looks = len(record.findings) - len(record.faults)
    say(f"{plural(len(record.faults), 'rule')} broken, {plural(looks, 'thing')} worth a look -> {to}")
    if as_json:
        print_json(
            {
                "findings": record.findings,
                "folds": record.folds,
                "corpora": record.corpora,
                "agreements": record.agreements,
                "speakers": record.speakers,
                "notes": record.notes,
            }
        )
    if record.faults:
        raise typer.Exit(1)
