"""`valaro export`: a manifest becomes what other programs read."""

import shlex
from pathlib import Path
from typing import Annotated

import typer


def run(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="A manifest written by valaro read.")],
    to: Annotated[Path, typer.Option(help="The folder to write into; recordings stay where they are.")],
    form: Annotated[
        str,
        typer.Option(
            "--as",
            help="audformat (a database), csv (one table per corpus for valaro read table) or levels (soft labels).",
        ),
    ] = "audformat",
) -> None:
    """Write a manifest's utterances and labels as an audformat database, or as tables."""
    from valaro.cli.console import say
    from valaro.corpora.export_form import root_option
    from valaro.corpora.to_audformat import write_audformat
    from valaro.corpora.to_levels import write_levels
    from valaro.corpora.to_table import write_tables
    from valaro.errors import unknown_name
    from valaro.reports.formats import plural
    from valaro.store.manifest import read_manifest

    forms = ("audformat", "csv", "levels")
    if form not in forms:
        raise unknown_name("form", form, forms)
    read = read_manifest(manifest)
    if form == "levels":
        say(f"soft labels -> {write_levels(to, read.utterances)}")
        return
    stated = sum(bool(utterance.stated_means) for utterance in read.utterances)
    if stated:
        say(f"no export has a place for the means that the corpus states of {stated} utterances: it has their votes")
    if form == "audformat":
        write_audformat(to, read.utterances, read.notes)
        command = _command("audformat", to, root_option(to, read.utterances))
        say(f"{plural(len(read.utterances), 'utterance')} -> {to}    to read it back: {command}")
        return
    for table in write_tables(to, read.utterances):
        say(f"table -> {table.path}    to read it back: {_command('table', table.path, table.options)}")
    for note in read.notes:
        options = "--derived and --note" if note.kind == "derived_labels" else "--note"
        say(f"a table has no place for the note of {note.corpus}; give it with {options}: {note.text}")


def _command(kind: str, path: Path, options: tuple[str, ...]) -> str:
    return " ".join(shlex.quote(word) for word in ("valaro", "read", kind, str(path), *options))
