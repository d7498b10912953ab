"""`valaro predict`: a recording becomes a timeline."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from valaro.records import Timeline


def run(
    model: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder of valaro train.")],
    recordings: Annotated[list[Path], typer.Argument(metavar="RECORDING...", help="Audio or video files.")],
    to: Annotated[Path, typer.Option(help="timeline.html, .csv or .json; a folder for several recordings.")] = Path(
        "timeline.html"
    ),
) -> None:
    """Judge recordings of any length and write their timelines. Exit code 1 if one failed; the others are done."""
    from valaro.cli.console import list_problems, progress, say
    from valaro.errors import MediaError
    from valaro.experiments.run_folder import read_models
    from valaro.files import check_replaceable
    from valaro.prediction.export import COLUMNS
    from valaro.prediction.predictor import make_timeline
    from valaro.records import Problem

    models = read_models(model)
    targets = _targets(recordings, to)
    for target in targets:
        check_replaceable(target, ",".join(COLUMNS))
    failed: list[Problem] = []
    for recording, target in zip(recordings, targets, strict=True):
        if not _is_utf8(recording):
            why = "its name holds bytes that are not UTF-8: rename it"
            failed.append(Problem(utterance=str(recording), where="name", why=why))
            continue
        try:
            with progress(f"watch {recording.name}") as told:
                timeline = make_timeline(models, recording, on_progress=_seconds(told))
        except MediaError as error:
            failed.append(Problem(utterance=str(recording), where="recording", why=str(error)))
            continue
        _writer(target)(timeline, target)
        list_problems(timeline.problems)
        say(f"{len(timeline.moments)} moments -> {target}")
    if failed:
        list_problems(failed)
        raise typer.Exit(1)


def _targets(recordings: list[Path], to: Path) -> list[Path]:
    """Return where each recording's timeline goes: `to` itself, or an .html for each in the folder `to`."""
    from valaro.errors import ValaroError

    missing = [str(recording) for recording in recordings if not recording.is_file()]
    if missing:
        raise ValaroError(f"no recording {', '.join(missing)}")
    if len(recordings) == 1 and to.suffix:
        _writer(to)
        return [to]
    if to.suffix:
        raise ValaroError(f"{len(recordings)} recordings do not fit into '{to}': give a folder with --to")
    names = [recording.stem for recording in recordings]
    # Two files of one name from different folders must not overwrite each other.
    return [
        to / (f"{name}.html" if names.count(name) == 1 else f"{name}-{number}.html")
        for number, name in enumerate(names, 1)
    ]


def _is_utf8(path: Path) -> bool:
    """Whether a page can hold the path: Python stands other bytes in by lone surrogates."""
    return not any("\ud800" <= sign <= "\udfff" for sign in str(path))


def _writer(target: Path) -> "Callable[[Timeline, Path], None]":
    from valaro.errors import unknown_name
    from valaro.prediction.export import write_csv, write_json
    from valaro.prediction.page import write_timeline_page

    writers = {".html": write_timeline_page, ".csv": write_csv, ".json": write_json}
    if target.suffix not in writers:
        raise unknown_name("kind of timeline", target.suffix, writers)
    return writers[target.suffix]


def _seconds(told: Callable[[int, int], None]) -> Callable[[float, float], None]:
    return lambda done, duration: told(int(done), max(int(duration), int(done)))
