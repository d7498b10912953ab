"""`valaro read`: a corpus on disk becomes a manifest, a command for each kind of corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from valaro.corpora.reading import Reading

NAMES = ("table", "iemocap", "ami", "recordings", "crema-d", "ravdess", "audformat")


class _Kinds(TyperGroup):
    """Says of an unknown kind which one was meant, as for any other name."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer's own, private classes
        from valaro.errors import unknown_name

        if args and not args[0].startswith("-") and args[0] not in NAMES:
            raise unknown_name("kind of corpus", args[0], NAMES)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Kinds,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Read a corpus into a manifest: valaro read KIND PATH --to MANIFEST. Each kind explains its options: "
    "valaro read table --help.",
)

Corpus = Annotated[Path, typer.Argument(metavar="PATH", help="The corpus: a file or folder.")]
To = Annotated[Path, typer.Option(help="The manifest to write (.parquet).")]
Note = Annotated[str, typer.Option(help="What every page made from this corpus must say about it.")]
Strict = Annotated[bool, typer.Option("--strict", help="Write nothing unless all that the corpus has was read.")]
Json = Annotated[bool, typer.Option("--json", help="Print what was read and refused as JSON.")]
Name = Annotated[str | None, typer.Option(help="The corpus's name.", show_default="the table's")]
FolderName = Annotated[str | None, typer.Option(help="The corpus's name.", show_default="the folder's")]
People = Annotated[str | None, typer.Option(help="Corpora with the same PEOPLE share their speakers.")]
Scale = Annotated[tuple[float, float] | None, typer.Option(help="Lowest and highest numeric label, as in --scale 1 7.")]
Levels = Annotated[
    Path | None, typer.Option(help="Your own table category,valence,arousal with the levels low, medium, high.")
]
Samples = Annotated[int | None, typer.Option(help="How many samples to draw.")]
Seed = Annotated[int | None, typer.Option(help="Another seed draws other samples.", show_default="0")]
Overlap = Annotated[bool | None, typer.Option("--overlap", help="Samples of a speaker may share time.")]
Faces = Annotated[
    bool | None, typer.Option("--faces/--no-faces", help="Drop samples without a face.", show_default="faces")
]
Workers = Annotated[int | None, typer.Option(help="Threads that look at samples.", show_default="1")]


@app.command("table", short_help="A CSV, TSV or Parquet table.")
def table(
    path: Corpus,
    to: To,
    corpus: Name = None,
    people: People = None,
    scale: Scale = None,
    root: Annotated[
        Path | None,
        typer.Option(
            help="Where relative names of recordings begin and all must lie.", show_default="the table's folder"
        ),
    ] = None,
    note: Note = "",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Read a CSV, TSV or Parquet table, one row per utterance.

    Columns utterance and file are required; speaker, gender, session, valence, arousal and others are optional. An
    empty label means unlabelled. A table with a fault is not read at all: every fault is named with its line.
    """
    _read("table", path, to, note, strict, as_json, corpus=corpus, people=people, scale=scale, root=root)


@app.command("iemocap", short_help="The folder IEMOCAP_full_release.")
def iemocap(
    path: Corpus,
    to: To,
    seats: Annotated[
        Path | None, typer.Option(help="A table of who sits on the left (columns dialog, left: F or M).")
    ] = None,
    note: Note = "",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Read the folder IEMOCAP_full_release."""
    _read("iemocap", path, to, note, strict, as_json, seats=seats)


@app.command("ami", short_help="The folder amicorpus: unlabelled samples.")
def ami(
    path: Corpus,
    to: To,
    samples: Samples = None,
    seed: Seed = None,
    overlap: Overlap = None,
    faces: Faces = None,
    workers: Workers = None,
    note: Note = "",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Read the folder amicorpus, its annotations in or beside it: unlabelled samples, 20,000 if not said otherwise."""
    options = {"samples": samples, "seed": seed, "overlap": overlap, "faces": faces, "workers": workers}
    _read("ami", path, to, note, strict, as_json, **options)


@app.command("recordings", short_help="Any videos or sounds: unlabelled samples.")
def recordings(
    path: Corpus,
    to: To,
    speaker_from: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="Who speaks, by the path below the folder: '{speaker}/{session}_{take}', or a regular expression with "
            "a group (?P<speaker>...).",
        ),
    ] = None,
    speakers: Annotated[
        Path | None, typer.Option(help="Who speaks, by a table (columns file, speaker, and session, gender).")
    ] = None,
    corpus: FolderName = None,
    people: People = None,
    samples: Samples = None,
    seed: Seed = None,
    overlap: Overlap = None,
    faces: Faces = None,
    workers: Workers = None,
    note: Note = "",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Read any folder of videos or sounds: unlabelled samples in which somebody speaks, as many as there are."""
    options = {"samples": samples, "seed": seed, "overlap": overlap, "faces": faces, "workers": workers}
    options |= {"corpus": corpus, "people": people, "speaker_from": speaker_from, "speakers": speakers}
    _read("recordings", path, to, note, strict, as_json, **options)


@app.command("crema-d", short_help="CREMA-D: VideoFlash or AudioWAV.")
def crema_d(
    path: Corpus,
    to: To,
    levels: Levels = None,
    votes: Annotated[
        str | None,
        typer.Option(help="Whose votes count, by what they met: voice, face or both.", show_default="both"),
    ] = None,
    note: Note = "",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Read a folder with VideoFlash or AudioWAV of CREMA-D."""
    _read("crema-d", path, to, note, strict, as_json, levels=levels, votes=votes)


@app.command("ravdess", short_help="RAVDESS: Actor_01, Actor_02 and so on.")
def ravdess(
    path: Corpus,
    to: To,
    levels: Levels = None,
    note: Note = "",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Read a folder with Actor_01, Actor_02 ... of RAVDESS, at any depth."""
    _read("ravdess", path, to, note, strict, as_json, levels=levels)


@app.command("audformat", short_help="An audformat database with db.yaml.")
def audformat(
    path: Corpus,
    to: To,
    corpus: Name = None,
    people: People = None,
    scale: Scale = None,
    root: Annotated[
        Path | None,
        typer.Option(
            help="Where relative names of recordings begin and all must lie.", show_default="the database's folder"
        ),
    ] = None,
    note: Note = "",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Read an audformat database, a folder with db.yaml."""
    _read("audformat", path, to, note, strict, as_json, corpus=corpus, people=people, scale=scale, root=root)


def _read(kind: str, path: Path, to: Path, note: str, strict: bool, as_json: bool, **options: object) -> None:
    """Read, write and say what was expected, read, refused and why; exit code 1 if something was refused."""
    from valaro.checks.manifests import people_findings
    from valaro.cli.console import list_problems, print_json, progress, say, warn
    from valaro.corpora.reading import strictly
    from valaro.corpora.registry import read_kind
    from valaro.records import CorpusNote
    from valaro.reports.table_1 import level_line
    from valaro.store.manifest import check_target, write_manifest

    check_target(to)
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
    # Known now, and too late after hours of extraction.
    findings = people_findings(utterances)
    for finding in findings:
        warn(f"{finding.what}: {', '.join(finding.cases[:3])}{' ...' if len(finding.cases) > 3 else ''}")
    if as_json:
        print_json({**_facts(reading, to), "warnings": [finding.what for finding in findings]})
    _say_read(reading, to)
    if reading.refused or not utterances:
        list_problems(reading.refused)
        raise typer.Exit(1)


def _say_read(reading: "Reading", to: Path) -> None:
    from valaro.cli.console import say

    if not reading.utterances:
        say(f"nothing was read, and {to} is not written")
        return
    facts = _facts(reading, to)
    say(f"{facts['utterances']} utterances of {facts['speakers']} speakers, {facts['labelled']} labelled -> {to}")


def _facts(reading: "Reading", to: Path) -> dict[str, object]:
    """Return what a script may want to know, in the order of docs/json.md."""
    return {
        "manifest": str(to) if reading.utterances else None,
        "utterances": len(reading.utterances),
        "speakers": len({utterance.speaker for utterance in reading.utterances}),
        "labelled": sum(bool(utterance.ratings) for utterance in reading.utterances),
        "expected": reading.expected,
        "left_out": {what: count for what, count in reading.left_out.items() if count},
        "refused": reading.refused,
        "remarks": reading.remarks,
    }
