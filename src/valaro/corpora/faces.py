"""Pictures of faces with their expressions, from a folder that has a sub-folder a class."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from valaro.corpora.reading import existing_folder
from valaro.errors import MediaError, ValaroError
from valaro.media.still import PICTURE_SUFFIXES, read_crop
from valaro.records import Problem


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Grey crops, and for each how sure it shows each of the `classes`: a row of `targets` sums to 1."""

    classes: tuple[str, ...]
    names: tuple[str, ...]
    crops: UInt8[np.ndarray, "n 64 64"]
    targets: Float32[np.ndarray, "n k"]

    def __len__(self) -> int:
        return len(self.names)

    def only(self, places: Sequence[int]) -> "Faces":
        """Return those at `places`, in this order."""
        return Faces(
            classes=self.classes,
            names=tuple(self.names[place] for place in places),
            crops=self.crops[list(places)],
            targets=self.targets[list(places)],
        )


@dataclass(frozen=True, kw_only=True)
class FaceReading:
    """Faces by the part they were given for, and the account: what was refused and why, what was passed over."""

    train: Faces
    validation: Faces | None = None
    test: Faces | None = None
    refused: tuple[Problem, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])


def read_class_folders(folder: Path, *, validation: Path | None = None, test: Path | None = None) -> FaceReading:
    """Read a folder with a sub-folder a class; `validation` and `test` are folders with the same classes.

    Raises:
        ValaroError: no such folder, fewer than two classes, other classes in another part, no picture in a class.
    """
    classes = _classes(folder)
    if len(classes) < 2:
        raise ValaroError(
            f"{folder}: {len(classes)} sub-folders, expected one for each of at least two classes of faces, "
            "or a table of votes beside the folder"
        )
    refused: list[Problem] = []
    left_out: dict[str, int] = {}
    parts: list[Faces | None] = []
    for part in (folder, validation, test):
        if part is None:
            parts.append(None)
            continue
        there = _classes(part)
        if there != classes:
            raise ValaroError(f"{part}: classes {', '.join(there) or 'none'}; expected {', '.join(classes)}")
        strays = sum(is_picture(path) for path in part.iterdir())
        if strays:
            left_out["pictures in no class's folder"] = left_out.get("pictures in no class's folder", 0) + strays
        labelled = _labelled(part, classes, left_out)
        faces = read_crops(labelled, classes, refused)
        absent = [name for name, count in zip(classes, faces.targets.sum(axis=0), strict=True) if not count]
        if absent:
            raise ValaroError(f"{part}: no picture that can be read in {', '.join(absent)}")
        parts.append(faces)
    train, for_validation, for_test = parts
    assert train is not None
    return FaceReading(train=train, validation=for_validation, test=for_test, refused=tuple(refused), left_out=left_out)


def read_crops(
    labelled: Iterable[tuple[str, Path, Sequence[float]]], classes: tuple[str, ...], refused: list[Problem]
) -> Faces:
    """Read the pictures of (name, path, distribution over the classes); what cannot be read is added to `refused`."""
    names: list[str] = []
    crops: list[np.ndarray] = []
    targets: list[Sequence[float]] = []
    for name, path, target in labelled:
        try:
            crop = read_crop(path)
        except MediaError as error:
            refused.append(Problem(utterance=str(path), where="picture", why=str(error)))
            continue
        names.append(name)
        crops.append(crop)
        targets.append(target)
    return Faces(
        classes=classes,
        names=tuple(names),
        crops=np.stack(crops) if crops else np.zeros((0, 64, 64), np.uint8),
        targets=np.array(targets, np.float32).reshape(-1, len(classes)),
    )


def is_picture(path: Path) -> bool:
    """Return whether this is a file that calls itself a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _classes(folder: Path) -> tuple[str, ...]:
    return tuple(
        sorted(
            path.name for path in existing_folder(folder).iterdir() if path.is_dir() and not path.name.startswith(".")
        )
    )


def _labelled(
    folder: Path, classes: tuple[str, ...], left_out: dict[str, int]
) -> Iterable[tuple[str, Path, Sequence[float]]]:
    for index, name in enumerate(classes):
        target = [float(place == index) for place in range(len(classes))]
        for path in sorted(path for path in (folder / name).rglob("*") if not path.is_dir()):
            if is_picture(path):
                yield path.relative_to(folder).as_posix(), path, target
            elif not path.name.startswith("."):
                left_out["files that are no pictures"] = left_out.get("files that are no pictures", 0) + 1
