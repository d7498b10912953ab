"""`valaro extract`: recordings become features, once."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from valaro.cli.arguments import AsJson, Manifests, Workers


def run(
    manifests: Manifests,
    to: Annotated[Path, typer.Option(help="The feature store, a folder; the same command again resumes.")],
    features: Annotated[
        str,
        typer.Option(
            help="Comma-separated: fft, fbank, face, dface, expressions; dface=RUN for your own face network."
        ),
    ] = "fbank,face",
    workers: Workers = 1,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try recordings again that failed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Extract features of recordings into a store. Exit code 1 if a recording failed; the others are done.

    A table (.csv) beside the store lists why each failed. If the command is stopped, each worker loses at most the 16
    recordings that it was at.
    """
    from valaro.cli.console import list_problems, print_json, progress, say
    from valaro.extraction.extract import ExtractOptions, extract
    from valaro.extraction.summary import problem_table, write_problems
    from valaro.features.table import asked_features
    from valaro.reports.formats import plural
    from valaro.store.manifest import read_manifest

    read = [read_manifest(path) for path in manifests]
    names, network = asked_features(name.strip() for name in features.split(",") if name.strip())
    table = problem_table(to)
    with progress("extract", "utterance") as count:
        summary = extract(
            [utterance for manifest in read for utterance in manifest.utterances],
            names,
            to=to,
            workers=workers,
            notes=[note for manifest in read for note in manifest.notes],
            network=network,
            options=ExtractOptions(on_progress=count, on_look=count.look, retry_failed=retry_failed),
        )
    say(
        f"{summary.requested} asked for: {summary.complete} complete, {summary.partial} in part, "
        f"{summary.failed} failed; {summary.skipped_existing} were there already -> {to}"
    )
    write_problems(table, summary.problems)
    if as_json:
        print_json({"store": to, **{field.name: getattr(summary, field.name) for field in fields(summary)}})
    for modality in ("picture", "sound"):
        if summary.without(modality):
            say(
                f"{summary.without(modality)} of them have no {modality}: complete with what they have; models that "
                "join voice and face leave them out, models of one feature do not"
            )
    if summary.problems:
        list_problems([problem for problem in summary.problems if not problem.is_absence])
        say(f"all {plural(len(summary.problems), 'reason')} -> {table}")
    if summary.faults or summary.failed:
        raise typer.Exit(1)
