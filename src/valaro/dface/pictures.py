"""Pictures of faces with their expressions, from a folder that has a sub-folder for each class."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from valaro.corpora.reading import existing_folder
from valaro.errors import MediaError, ValaroError
from valaro.media.crops import PICTURE_SUFFIXES, read_crop
from valaro.records import Problem

Labelled = tuple[str, Path, Sequence[float]]
"""A picture's name, its file, and its distribution over the classes."""


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Grey crops, and for each how sure it shows each of the `classes`: a row of `targets` sums to 1."""

    classes: tuple[str, ...]
    names: tuple[str, ...]
    crops: UInt8[np.ndarray, "n 64 64"]
    targets: Float32[np.ndarray, "n k"]

    def __len__(self) -> int:
        return len(self.names)

    def only(self, rows: Sequence[int]) -> "Faces":
        """Return those in `rows`, in this order."""
        names = tuple(self.names[row] for row in rows)
        return Faces(classes=self.classes, names=names, crops=self.crops[list(rows)], targets=self.targets[list(rows)])


@dataclass(frozen=True, kw_only=True)
class FaceReading:
    """Faces by the part they were given for, what was rejected and why, and how many of what were skipped."""

    train: Faces
    validation: Faces | None = None
    test: Faces | None = None
    rejected: tuple[Problem, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])


def read_class_folders(folder: Path, *, validation: Path | None = None, test: Path | None = None) -> FaceReading:
    """Read a folder with a sub-folder for each class; `validation` and `test` are folders with the same classes.

    Raises:
        ValaroError: no such folder, fewer than two classes, other classes in another part, no picture in a class.
    """
    classes = _classes(folder)
    if len(classes) < 2:
        raise ValaroError(
            f"{folder}: {len(classes)} sub-folders, expected one for each of at least two classes of faces, "
            "or a table of votes beside the folder"
        )
    rejected: list[Problem] = []
    skipped: Counter[str] = Counter()
    train, *others = (
        None if part is None else _read_part(part, classes, rejected, skipped) for part in (folder, validation, test)
    )
    assert train is not None
    return FaceReading(
        train=train, validation=others[0], test=others[1], rejected=tuple(rejected), skipped=dict(skipped)
    )


def _read_part(folder: Path, classes: tuple[str, ...], rejected: list[Problem], skipped: Counter[str]) -> Faces:
    if (own := _classes(folder)) != classes:
        raise ValaroError(f"{folder}: classes {', '.join(own) or 'none'}; expected {', '.join(classes)}")
    if strays := sum(is_picture(path) for path in folder.iterdir()):
        skipped["pictures in no class's folder"] += strays
    faces = read_crops(_labelled(folder, classes, skipped), classes, rejected)
    absent = [name for name, count in zip(classes, faces.targets.sum(axis=0), strict=True) if not count]
    if absent:
        raise ValaroError(f"{folder}: no picture that can be read in {', '.join(absent)}")
    return faces


def read_crops(labelled: Iterable[Labelled], classes: tuple[str, ...], rejected: list[Problem]) -> Faces:
    """Read the pictures; what cannot be read is added to `rejected`."""
    rows: list[tuple[str, np.ndarray, Sequence[float]]] = []
    for name, path, target in labelled:
        try:
            rows.append((name, read_crop(path), target))
        except MediaError as error:
            rejected.append(Problem(utterance=str(path), where="picture", why=str(error)))
    return Faces(
        classes=classes,
        names=tuple(name for name, _, _ in rows),
        crops=np.stack([crop for _, crop, _ in rows]) if rows else np.zeros((0, 64, 64), np.uint8),
        targets=np.array([target for _, _, target in rows], np.float32).reshape(-1, len(classes)),
    )


def is_picture(path: Path) -> bool:
    """Return whether this is a file that calls itself a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _classes(folder: Path) -> tuple[str, ...]:
    folders = (path for path in existing_folder(folder).iterdir() if path.is_dir())
    return tuple(sorted(path.name for path in folders if not path.name.startswith(".")))


def _labelled(folder: Path, classes: tuple[str, ...], skipped: Counter[str]) -> Iterable[Labelled]:
    for name in classes:
        target = [float(name == other) for other in classes]
        for path in sorted(path for path in (folder / name).rglob("*") if not path.is_dir()):
            if is_picture(path):
                yield path.relative_to(folder).as_posix(), path, target
            elif not path.name.startswith("."):
                skipped["files that are no pictures"] += 1
