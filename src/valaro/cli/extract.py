"""`valaro extract`: recordings become features, once."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    manifests: Annotated[list[Path], typer.Argument(help="Manifests written by valaro read.")],
    to: Annotated[Path, typer.Option(help="The feature store (a folder).")],
    features: Annotated[
        str, typer.Option(help="Comma-separated: fft, fbank, face, dface=RUN (RUN of valaro train-face-network).")
    ] = "fbank,face",
    workers: Annotated[int, typer.Option(help="Processes, one thread each.")] = 1,
    retry_failed: Annotated[bool, typer.Option(help="Try recordings that failed before once more.")] = False,
) -> None:
    """Extract features; run it again to resume. Exit code 1 if a recording failed; the others are done.

    What is stopped keeps all but the 16 recordings at most that each worker had in hand.
    """
    from valaro.cli.console import list_problems, progress, say
    from valaro.extraction import extract
    from valaro.features.table import asked_features
    from valaro.store.manifest import read_manifest

    read = [read_manifest(path) for path in manifests]
    names, network = asked_features(name.strip() for name in features.split(",") if name.strip())
    with progress("extract") as told:
        summary = extract(
            [utterance for manifest in read for utterance in manifest.utterances],
            names,
            to=to,
            workers=workers,
            notes=[note for manifest in read for note in manifest.notes],
            on_progress=told,
            retry_failed=retry_failed,
            network=network,
        )
    say(
        f"{summary.requested} asked for: {summary.complete} complete, {summary.partial} in part, "
        f"{summary.failed} failed; {summary.skipped_existing} were there already -> {to}"
    )
    if summary.problems:
        list_problems(summary.problems)
    if any(not problem.is_remark for problem in summary.problems):
        raise typer.Exit(1)
