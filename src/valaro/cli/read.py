"""`valaro read`: a corpus on disk becomes a manifest."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    kind: Annotated[str, typer.Argument(help="table: a CSV or Parquet file, a row an utterance.")],
    path: Annotated[Path, typer.Argument(help="The corpus: a file or folder.")],
    to: Annotated[Path, typer.Option(help="The manifest to write (.parquet).")],
    corpus: Annotated[str | None, typer.Option(help="Name of the corpus (default: the folder's name).")] = None,
    people: Annotated[
        str | None, typer.Option(help="Corpora with the same PEOPLE share their speakers (default: the corpus).")
    ] = None,
    scale: Annotated[
        tuple[float, float] | None, typer.Option(help="Lowest and highest value of numeric labels, as in --scale 1 7.")
    ] = None,
    note: Annotated[str, typer.Option(help="What every page made from this corpus must say about it.")] = "",
) -> None:
    """Read a corpus into a manifest; every problem is named with its line, and nothing is written if there is one."""
    from valaro.cli.console import say
    from valaro.corpora.table import read_table
    from valaro.errors import unknown_name
    from valaro.records import CorpusNote
    from valaro.store.manifest import write_manifest

    if kind != "table":
        raise unknown_name("kind of corpus", kind, ["table"])
    utterances = read_table(path, corpus=corpus, people=people, scale=scale)
    write_manifest(to, utterances, [CorpusNote(corpus=utterances[0].corpus, text=note)] if note else [])
    labelled = sum(bool(utterance.ratings) for utterance in utterances)
    speakers = len({utterance.speaker for utterance in utterances})
    say(f"{len(utterances)} utterances of {speakers} speakers, {labelled} labelled -> {to}")
