"""`valaro read`: a corpus on disk becomes a manifest."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    kind: Annotated[
        str, typer.Argument(help="What the corpus is: table, iemocap, ami, recordings, crema-d, ravdess, audformat.")
    ],
    path: Annotated[Path, typer.Argument(help="The corpus: a file or folder.")],
    to: Annotated[Path, typer.Option(help="The manifest to write (.parquet).")],
    corpus: Annotated[
        str | None, typer.Option(help="table, recordings, audformat: its name (default: the folder's, the database's).")
    ] = None,
    people: Annotated[
        str | None,
        typer.Option(help="table, recordings, audformat: corpora with the same PEOPLE share their speakers."),
    ] = None,
    scale: Annotated[
        tuple[float, float] | None,
        typer.Option(help="table, audformat: lowest and highest value of numeric labels, as in --scale 1 7."),
    ] = None,
    levels: Annotated[
        Path | None,
        typer.Option(help="crema-d, ravdess: your own table category,valence,arousal (low, medium, high)."),
    ] = None,
    votes: Annotated[
        str | None, typer.Option(help="crema-d: whose votes count, by what they met: voice, face or both (default).")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="table: the folder that recordings may lie in (default: the table's).")
    ] = None,
    seats: Annotated[
        Path | None, typer.Option(help="iemocap: a table of who sits on the left (columns dialog, left).")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="ami, recordings: how many samples to draw (default: 20000; all there are).")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="ami, recordings: another seed draws others (default: 0).")] = None,
    overlap: Annotated[
        bool | None, typer.Option("--overlap", help="ami, recordings: samples of a speaker may share time.")
    ] = None,
    faces: Annotated[
        bool | None,
        typer.Option("--faces/--no-faces", help="ami, recordings: drop samples without a face (default: faces)."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="ami, recordings: threads that look at samples (default: 1).")
    ] = None,
    note: Annotated[str, typer.Option(help="What every page made from this corpus must say about it.")] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing unless all that the corpus has was read.")
    ] = False,
) -> None:
    """Read a corpus into a manifest and say what was expected, read, refused and why.

    Exit code 1 if something was refused; the rest is written. A table with a fault is not written at all, and a
    manifest without an utterance neither: exit code 1 as well.
    """
    from valaro.cli.console import list_problems, progress, say
    from valaro.corpora.kinds import read_kind
    from valaro.corpora.reading import strictly
    from valaro.records import CorpusNote
    from valaro.reports.table_1 import level_line
    from valaro.store.manifest import check_target, write_manifest

    check_target(to)
    options = {"corpus": corpus, "people": people, "scale": scale, "root": root, "seats": seats}
    options |= {"levels": levels, "votes": votes}
    options |= {"samples": samples, "seed": seed, "overlap": overlap, "faces": faces, "workers": workers}
    with progress("read", "sample") as told:
        reading = read_kind(kind, path, options, told)
    if strict:
        strictly(reading, str(path))
    utterances = reading.utterances
    own = [CorpusNote(corpus=name, text=note) for name in dict.fromkeys(u.corpus for u in utterances) if note]
    if utterances:
        write_manifest(to, utterances, [*reading.notes, *own])
    for line in reading.account():
        say(line)
    for tally in reading.tallies:
        say(level_line(tally))
    if utterances:
        labelled = sum(bool(utterance.ratings) for utterance in utterances)
        speakers = len({utterance.speaker for utterance in utterances})
        say(f"{len(utterances)} utterances of {speakers} speakers, {labelled} labelled -> {to}")
    else:
        say(f"nothing was read, and {to} is not written")
    if reading.refused or not utterances:
        list_problems(reading.refused)
        raise typer.Exit(1)
