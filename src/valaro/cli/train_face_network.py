"""`valaro train-face-network`: pictures of faces become the network behind `dface`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from valaro.dface.pictures import FaceReading
    from valaro.dface.run import FaceNetworkRun
    from valaro.dface.scores import Epoch
    from valaro.dface.splits import FaceSplits


def run(
    images: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGES",
            help="Pictures of faces: a folder per class in it, or all that LABELS names.",
        ),
    ],
    to: Annotated[Path, typer.Option(help="The run folder; the same command again resumes.")],
    labels: Annotated[
        Path | None,
        typer.Argument(metavar="LABELS", help="A table of votes in the form of FERPlus (fer2013new.csv)."),
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(help="Class folders that choose the best epoch (default: a tenth of IMAGES).")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="Class folders that test the best network, once.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="name=value, as in epochs=40, lr=0.1, device=cuda (docs/dface.md); repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws the validation part, weights, orders and augmentation.")] = 0,
) -> None:
    """Train the DenseNet of the paper, whose 342 features `valaro extract --features dface=RUN` computes.

    Exit code 1 if a picture was rejected; the network is trained on the others.
    """
    from valaro.cli.console import list_problems, progress, say
    from valaro.dface.config import config_from
    from valaro.dface.run import begin_face_run, train_face_network
    from valaro.dface.splits import split_faces

    config = config_from(change or [])
    reading = _read(images, labels, validation, test)
    splits = split_faces(reading, fraction=config.validation_fraction, seed=seed)
    begin_face_run(splits, to, config, seed=seed)
    _say_splits(reading, splits)
    with progress("train") as on_step:
        finished = train_face_network(
            splits, to, config, seed=seed, on_step=on_step, on_epoch=lambda epoch: say(_words(epoch, config.epochs))
        )
    _say_result(finished, to)
    if reading.rejected:
        list_problems(reading.rejected)
        raise typer.Exit(1)


def _read(images: Path, labels: Path | None, validation: Path | None, test: Path | None) -> "FaceReading":
    from valaro.dface.pictures import read_class_folders
    from valaro.dface.votes import read_votes
    from valaro.errors import ValaroError

    if labels is None:
        return read_class_folders(images, validation=validation, test=test)
    if validation is not None or test is not None:
        raise ValaroError("--validation and --test are folders of classes; a table says each picture's part in Usage")
    return read_votes(images, labels)


def _say_splits(reading: "FaceReading", splits: "FaceSplits") -> None:
    from valaro.cli.console import say

    for what, count in reading.skipped.items():
        say(f"left out: {count} {what}")
    if splits.duplicates:
        say(f"left out: {splits.duplicates} copies of pictures that validate or test")
    parts = ", ".join(f"{len(faces)} to {name}" for name, faces in splits.named())
    say(f"{', '.join(splits.train.classes)}: {parts}")


def _say_result(finished: "FaceNetworkRun", to: Path) -> None:
    from valaro.cli.console import say

    best, test = finished.best, finished.test
    accuracy = f"{100 * best.validation_accuracy:.1f} %"
    say(f"best: epoch {best.epoch}, validation accuracy {accuracy} (it chose the epoch: optimistic)")
    if test is not None:
        say(f"test: accuracy {100 * test.accuracy:.1f} %, mean recall {100 * test.uar:.1f} %")
    next_step = f"valaro extract MANIFEST --features {shlex.quote(f'dface={to}')} --to STORE"
    say(f"network -> {finished.network}    next: {next_step}")


def _words(epoch: "Epoch", epochs: int) -> str:
    return (
        f"epoch {epoch.epoch}/{epochs}: loss {epoch.training_loss:.3f}, validation accuracy "
        f"{100 * epoch.validation_accuracy:.1f} %, mean recall {100 * epoch.validation_uar:.1f} %"
    )
