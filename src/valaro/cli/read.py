"""`valaro read`: a corpus on disk becomes a manifest, a command for each kind of corpus."""

from collections.abc import Callable
from dataclasses import fields, replace
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from typer.core import TyperGroup

from valaro.corpora.registry import KINDS, Kind

if TYPE_CHECKING:
    from valaro.corpora.reading import Reading
    from valaro.records import CorpusNote


class _Kinds(TyperGroup):
    """Says of an unknown kind which one was meant, as for any other name."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer's own, private classes
        from valaro.errors import unknown_name

        if args and not args[0].startswith("-") and args[0] not in KINDS:
            raise unknown_name("kind of corpus", args[0], KINDS)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Kinds,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Read a corpus into a manifest: valaro read KIND PATH --to MANIFEST. Each kind explains its options: "
    "valaro read table --help.",
)

_EMPTY = Parameter.empty
_BEFORE = (
    ("path", Annotated[Path, typer.Argument(metavar="PATH", help="The corpus: a file or folder.")], _EMPTY),
    ("to", Annotated[Path, typer.Option(help="The manifest to write (.parquet).")], _EMPTY),
)
_AFTER = (
    ("note", Annotated[str, typer.Option(help="What every page made from this corpus must say about it.")], ""),
    (
        "derived",
        Annotated[bool, typer.Option("--derived", help="Its levels stand for categories, nobody rated them.")],
        False,
    ),
    (
        "strict",
        Annotated[bool, typer.Option("--strict", help="Write nothing unless all that the corpus has was read.")],
        False,
    ),
    ("as_json", Annotated[bool, typer.Option("--json", help="Print what was read and rejected as JSON.")], False),
)
"""What every kind takes: name, type with help, default."""


def _command(name: str, kind: Kind) -> Callable[..., None]:
    """Return a command whose parameters are those of every kind and the options of this one."""
    hints = get_type_hints(kind.options)
    own = []
    for field in fields(kind.options):
        words = dict(field.metadata)
        names = filter(None, [words.pop("names", "")])
        own.append((field.name, Annotated[hints[field.name], typer.Option(*names, **words)], field.default))
    parameters = (*_BEFORE, *own, *_AFTER)

    def run(**values: Any) -> None:  # noqa: ANN401 - what the signature below says
        options = {field.name: values.pop(field.name) for field in fields(kind.options)}
        note = _note(values.pop("note"), values.pop("derived"))
        _read(name, options, note=note, **values)

    signature = Signature([Parameter(n, Parameter.KEYWORD_ONLY, annotation=t, default=d) for n, t, d in parameters])
    setattr(run, "__signature__", signature)  # noqa: B010 - functions have no such attribute to a type checker
    run.__annotations__ = {name: annotation for name, annotation, _ in parameters}
    return run


for _name, _kind in KINDS.items():
    app.command(_name, short_help=_kind.what, help=f"Read: {_kind.what} {_kind.more}".strip())(_command(_name, _kind))


def _read(
    kind: str,
    options: dict[str, object],
    *,
    path: Path,
    to: Path,
    note: "CorpusNote | None",
    strict: bool,
    as_json: bool,
) -> None:
    """Read, write and say what was expected, read, rejected and why; exit code 1 if something was rejected."""
    from valaro.checks.manifests import people_findings
    from valaro.cli.console import list_problems, print_json, progress, say, warn
    from valaro.corpora.reading import require_complete
    from valaro.corpora.registry import read_kind
    from valaro.reports.table_1 import level_line
    from valaro.store.manifest import check_target

    check_target(to)
    with progress("read", "sample") as on_progress:
        reading = read_kind(kind, path, options, on_progress)
    if strict:
        require_complete(reading, str(path))
    _write(reading, to, note)
    for line in (*reading.summary(), *map(level_line, reading.tallies)):
        say(line)
    # Known now, and too late after hours of extraction.
    findings = people_findings(reading.utterances)
    for finding in findings:
        warn(f"{finding.what}: {', '.join(finding.cases[:3])}{' ...' if len(finding.cases) > 3 else ''}")
    if as_json:
        print_json({**_facts(reading, to), "warnings": [finding.what for finding in findings]})
    _say_read(reading, to)
    if reading.rejected or not reading.utterances:
        list_problems(reading.rejected)
        raise typer.Exit(1)


def _note(text: str, is_derived: bool) -> "CorpusNote | None":
    from valaro.labels.categories import derived_note
    from valaro.records import CorpusNote

    if is_derived:
        note = derived_note("")
        return replace(note, text=text or note.text)
    return CorpusNote(corpus="", text=text) if text else None


def _write(reading: "Reading", to: Path, note: "CorpusNote | None") -> None:
    from valaro.store.manifest import write_manifest

    corpora = dict.fromkeys(utterance.corpus for utterance in reading.utterances)
    own = [replace(note, corpus=corpus) for corpus in corpora] if note else []
    if reading.utterances:
        write_manifest(to, reading.utterances, [*reading.notes, *own])


def _say_read(reading: "Reading", to: Path) -> None:
    from valaro.cli.console import say
    from valaro.reports.formats import plural

    if not reading.utterances:
        say(f"nothing was read, and {to} is not written")
        return
    facts = _facts(reading, to)
    utterances, speakers = plural(len(reading.utterances), "utterance"), plural(facts["speakers"], "speaker")
    say(f"{utterances} of {speakers}, {facts['labelled']} labelled -> {to}")


def _facts(reading: "Reading", to: Path) -> dict[str, Any]:
    """Return what a script may want to know, in the order of docs/json.md."""
    return {
        "manifest": str(to) if reading.utterances else None,
        "utterances": len(reading.utterances),
        "speakers": len({utterance.speaker for utterance in reading.utterances}),
        "labelled": sum(bool(utterance.ratings) for utterance in reading.utterances),
        "expected": reading.expected,
        "skipped": {what: count for what, count in reading.skipped.items() if count},
        "rejected": reading.rejected,
        "remarks": reading.remarks,
    }
