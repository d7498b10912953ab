"""`valaro predict`: a recording becomes a timeline."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from valaro.model import ExportedModel
    from valaro.records import Problem, Timeline


def run(
    model: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder of valaro train.")],
    recordings: Annotated[
        list[Path],
        # What cannot be read is one recording's problem, not the end of all.
        typer.Argument(metavar="RECORDING", help="Audio or video files, or folders of them.", readable=False),
    ],
    to: Annotated[Path, typer.Option(help="timeline.html, .csv or .json; a folder for several recordings.")] = Path(
        "timeline.html"
    ),
    form: Annotated[
        str | None, typer.Option("--as", help="In a folder: html, csv or json.", show_default="html")
    ] = None,
    expressions: Annotated[
        bool, typer.Option("--expressions", help="Add a column for each expression of the face (CSV, JSON).")
    ] = False,
) -> None:
    """Judge recordings of any length and write their timelines. Exit code 1 if one failed; the others are done."""
    from valaro.cli.console import list_problems, progress, say
    from valaro.errors import ValaroError
    from valaro.files import check_replaceable
    from valaro.prediction.export import COLUMNS
    from valaro.records import Problem
    from valaro.saved_model import load_models

    models = load_models(model)
    recordings = _recordings(recordings)
    targets = _targets(recordings, to, form)
    if expressions and any(target.suffix.lower() == ".html" for target in targets):
        raise ValaroError("a page does not show expressions: give --to timeline.csv or .json, or --as csv for a folder")
    for target in targets:
        check_replaceable(target, ",".join(COLUMNS))
    failed: list[Problem] = []
    has_faults = False
    several = len(recordings) > 1
    # One recording may take hours: how far it is says more than that none of one is done.
    with progress("predict", "recording") if several else progress(f"watch {recordings[0].name}") as count:
        for done, (recording, target) in enumerate(zip(recordings, targets, strict=True)):
            if several:
                count(done, len(recordings), len(failed))
            timeline = _timeline(models, recording, expressions, None if several else _seconds(count))
            if isinstance(timeline, Problem):
                failed.append(timeline)
                continue
            _writer(target)(timeline, target)
            list_problems(timeline.problems)
            say(f"{len(timeline.moments)} moments -> {target}")
            has_faults = has_faults or any(problem.is_fault for problem in timeline.problems)
        if several:
            count(len(recordings), len(recordings), len(failed))
    list_problems(failed)
    if failed or has_faults:
        raise typer.Exit(1)


def _timeline(
    models: "Sequence[ExportedModel]",
    recording: Path,
    expressions: bool,
    on_progress: Callable[[float, float], None] | None,
) -> "Timeline | Problem":
    """Return a recording's timeline, or why there is none."""
    from valaro.errors import MediaError
    from valaro.prediction.predictor import make_timeline
    from valaro.records import Problem

    if not _is_utf8(recording):
        why = "its name holds bytes that are not UTF-8: rename it"
        return Problem(utterance=str(recording), where="name", why=why)
    try:
        return make_timeline(models, recording, expressions=expressions, on_progress=on_progress)
    except MediaError as error:
        return Problem(utterance=str(recording), where="recording", why=str(error))


def _recordings(named: Sequence[Path]) -> list[Path]:
    """Return the recordings that are named, and those in the folders that are."""
    from valaro.cli.console import say
    from valaro.corpora.recordings import recordings_below
    from valaro.errors import ValaroError
    from valaro.regular import why_not_readable

    missing = [f"{path}: it {why_not_readable(path)}" for path in named if not _is_there(path)]
    if missing:
        raise ValaroError(f"no recording {', '.join(missing)}")
    recordings: list[Path] = []
    for path in named:
        if not path.is_dir():
            recordings.append(path)
            continue
        below, _, left_out = recordings_below(path)
        if not below:
            raise ValaroError(f"no recording {path}: it is a folder without any")
        recordings += below
        for what, count in left_out.items():
            if count:
                say(f"left out of {path}: {count} {what}")
    return recordings


def _is_there(path: Path) -> bool:
    """Whether a name is not merely misspelt; what lies there may not be readable for other reasons."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _targets(recordings: Sequence[Path], to: Path, form: str | None) -> list[Path]:
    """Return where each recording's timeline goes: `to` itself, or a file for each in the folder `to`."""
    from valaro.errors import ValaroError, unknown_name
    from valaro.prediction.targets import page_names

    forms = [suffix.removeprefix(".") for suffix in _writers()]
    if form is not None and form not in forms:
        raise unknown_name("kind of timeline in --as", form, forms)
    if not to.suffix or (to.is_dir() and to.suffix.lower() not in _writers()):
        return [to / name for name in page_names(recordings, f".{form or forms[0]}")]
    _writer(to)
    if form is not None and to.suffix.lower() != f".{form}":
        raise ValaroError(f"--to '{to}' and --as {form} name two kinds of timelines: give a folder with --to")
    if len(recordings) == 1:
        return [to]
    raise ValaroError(
        f"{len(recordings)} recordings do not fit into '{to}': give a folder with --to, and --as "
        f"{to.suffix.lower().removeprefix('.')} for this kind of files"
    )


def _is_utf8(path: Path) -> bool:
    """Whether a page can hold the path: Python stands other bytes in by lone surrogates."""
    return not any("\ud800" <= sign <= "\udfff" for sign in str(path))


def _writers() -> "dict[str, Callable[[Timeline, Path], None]]":
    from valaro.prediction.export import write_csv, write_json
    from valaro.prediction.page import write_timeline_page

    return {".html": write_timeline_page, ".csv": write_csv, ".json": write_json}


def _writer(target: Path) -> "Callable[[Timeline, Path], None]":
    from valaro.errors import unknown_name

    writers = _writers()
    if target.suffix.lower() not in writers:
        raise unknown_name("kind of timeline", target.suffix, writers)
    return writers[target.suffix.lower()]


def _seconds(count: Callable[[int, int], None]) -> Callable[[float, float], None]:
    return lambda done, duration: count(int(done), max(int(duration), int(done)))
