"""`valaro train-face-network`: pictures of faces become the network behind `dface`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from valaro.corpora.faces import FaceReading
    from valaro.training.faces.best import Epoch


def run(
    images: Annotated[
        Path, typer.Argument(help="Pictures of faces: a folder with a sub-folder a class, or one that LABELS names.")
    ],
    to: Annotated[Path, typer.Option(help="The run folder; again to resume.")],
    labels: Annotated[
        Path | None, typer.Argument(help="A table of votes in the form of FERPlus (fer2013new.csv).")
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(help="Class folders that choose the best epoch (default: a share of IMAGES).")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="Class folders that test the best network, once.")] = None,
    share: Annotated[
        float | None, typer.Option(help="The share for validation where none is given (default: 0.1).")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Times that every picture is seen.")] = 40,
    batch: Annotated[int, typer.Option(help="Pictures an update.")] = 64,
    rate: Annotated[float, typer.Option(help="The highest learning rate.")] = 0.1,
    descent: Annotated[
        Literal["cosine", "steps"], typer.Option(help="How the rate falls: steps is DenseNet's own, for 300 epochs.")
    ] = "cosine",
    weight_decay: Annotated[float, typer.Option(help="DenseNet's own is 1e-4, for 300 epochs.")] = 5e-4,
    smoothing: Annotated[float, typer.Option(help="Label smoothing.")] = 0.1,
    average: Annotated[
        float, typer.Option(help="Decay of the averaged weights that are judged and kept; 0: the last ones.")
    ] = 0.0,
    erased: Annotated[float, typer.Option(help="Blank a square of up to this part of a picture's side.")] = 0.0,
    device: Annotated[Literal["cpu", "cuda"], typer.Option(help="What trains: the processor, or a GPU.")] = "cpu",
    seed: Annotated[int, typer.Option(help="Draws the validation share, weights, orders and variations.")] = 0,
) -> None:
    """Train the DenseNet of the paper, whose 342 features `valaro extract --features dface=RUN` computes.

    Exit code 1 if a picture was refused; the network is trained on the others.
    """
    from valaro.cli.console import list_problems, progress, say
    from valaro.corpora.face_splits import part_faces
    from valaro.experiments.face_network import begin_face_run, train_face_network
    from valaro.training.faces.config import FaceAugmentation, FacePlan

    plan = FacePlan(
        epochs=epochs,
        batch=batch,
        rate=rate,
        lr_schedule=descent,
        weight_decay=weight_decay,
        smoothing=smoothing,
        average=average,
        device=device,
        variation=FaceAugmentation(erased=erased),
    )
    reading = _read(images, labels, validation, test)
    parts = part_faces(reading, share=share, seed=seed)
    begin_face_run(parts, to, plan, seed=seed)
    for what, count in reading.left_out.items():
        say(f"left out: {count} {what}")
    if parts.doubles:
        say(f"left out: {parts.doubles} copies of pictures that validate or test")
    say(f"{', '.join(parts.train.classes)}: " + ", ".join(f"{len(part)} to {name}" for name, part in parts.named()))
    with progress("train") as told:
        done = train_face_network(
            parts, to, plan, seed=seed, on_step=told, on_epoch=lambda epoch: say(_sentence(epoch, epochs))
        )
    say(
        f"best: epoch {done.best.epoch}, validation accuracy {100 * done.best.validation_accuracy:.1f} % "
        "(it chose the epoch: optimistic)"
    )
    if done.test is not None:
        say(f"test: accuracy {100 * done.test.accuracy:.1f} %, mean recall {100 * done.test.uar:.1f} %")
    next_step = f"valaro extract MANIFEST --features {shlex.quote(f'dface={to}')} --to STORE"
    say(f"network -> {done.network}    next: {next_step}")
    if reading.refused:
        list_problems(reading.refused)
        raise typer.Exit(1)


def _read(images: Path, labels: Path | None, validation: Path | None, test: Path | None) -> "FaceReading":
    from valaro.corpora.faces import read_class_folders
    from valaro.corpora.ferplus import read_votes
    from valaro.errors import ValaroError

    if labels is None:
        return read_class_folders(images, validation=validation, test=test)
    if validation is not None or test is not None:
        raise ValaroError("--validation and --test are folders of classes; a table says each picture's part in Usage")
    return read_votes(images, labels)


def _sentence(epoch: "Epoch", epochs: int) -> str:
    return (
        f"epoch {epoch.epoch}/{epochs}: loss {epoch.training_loss:.3f}, validation accuracy "
        f"{100 * epoch.validation_accuracy:.1f} %, mean recall {100 * epoch.validation_uar:.1f} %"
    )
