"""Faces to train, to validate and to test, with no picture in two of these parts."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import xxhash

from valaro.dface.pictures import FaceReading, Faces
from valaro.errors import ValaroError
from valaro.rng import numpy_stream

DEFAULT_FRACTION = 0.1


@dataclass(frozen=True, kw_only=True)
class FaceSplits:
    """Faces to train on, to choose the best epoch by, and to test it once."""

    train: Faces
    validation: Faces
    test: Faces | None
    duplicates: int = 0
    """Pictures taken out because another part has them."""

    def named(self) -> tuple[tuple[str, Faces], ...]:
        """Return the parts that there are, by what they are for."""
        tested = () if self.test is None else (("test", self.test),)
        return ("train", self.train), ("validate", self.validation), *tested

    @property
    def fingerprint(self) -> str:
        """The checksum of all pictures and targets, part by part."""
        digest = xxhash.xxh3_64()
        for name, faces in self.named():
            digest.update(repr((name, faces.classes, faces.names)).encode())
            digest.update(faces.crops.tobytes())
            digest.update(faces.targets.tobytes())
        return digest.hexdigest()


def split_faces(reading: FaceReading, *, fraction: float | None = None, seed: int) -> FaceSplits:
    """Set a `fraction` of each class aside for validation where no such part was read; no picture is in two parts.

    Photographs of the web come in several copies. Copies that would be in two parts stay in the one that is to say
    how good the network is.

    Raises:
        ValaroError: nothing would be left to train on, or nothing of a class; a fraction beside a part that validates.
    """
    train, validation = reading.train, reading.validation
    if validation is None:
        train, validation = _split(train, DEFAULT_FRACTION if fraction is None else fraction, seed)
    elif fraction is not None:
        why = f"there are {len(validation)} pictures that validate already"
        raise ValaroError(f"validation_fraction = {fraction:g} means nothing here: {why}")
    tested = set(_digests(reading.test)) if reading.test is not None else set[str]()
    clean_train = _without(train, tested.union(_digests(validation)))
    clean_validation = _without(validation, tested)
    _require_faces(reading.train, clean_train, clean_validation)
    duplicates = len(train) - len(clean_train) + len(validation) - len(clean_validation)
    return FaceSplits(train=clean_train, validation=clean_validation, test=reading.test, duplicates=duplicates)


def _require_faces(read: Faces, train: Faces, validation: Faces) -> None:
    for name, faces in (("training", train), ("validation", validation)):
        if not len(faces):
            raise ValaroError(f"no picture is left for {name} of {len(read)} that were read")
    before, after = (faces.targets.sum(axis=0) for faces in (read, train))
    lost = [name for name, had, has in zip(read.classes, before, after, strict=True) if had and not has]
    if lost:
        raise ValaroError(f"nothing of {', '.join(lost)} is left to train on: all its pictures validate or test, too")


def _split(faces: Faces, fraction: float, seed: int) -> tuple[Faces, Faces]:
    """Return (the rest, a fraction of each class, at least one picture of two that differ), copies on the same side."""
    if not 0 < fraction < 1:
        raise ValaroError(f"validation_fraction = {fraction:g}: expected a number between 0 and 1, such as 0.1")
    copies: dict[str, list[int]] = defaultdict(list)
    for row, digest in enumerate(_digests(faces)):
        copies[digest].append(row)
    by_class: dict[int, list[list[int]]] = defaultdict(list)
    for rows in copies.values():
        by_class[int(faces.targets[rows[0]].argmax())].append(rows)
    rng = numpy_stream(seed, "validation faces")
    chosen: set[int] = set()
    for _, groups in sorted(by_class.items()):
        count = min(max(1, round(fraction * len(groups))), len(groups) - 1)
        chosen.update(row for at in rng.permutation(len(groups))[:count] for row in groups[at])
    return faces.only([row for row in range(len(faces)) if row not in chosen]), faces.only(sorted(chosen))


def _without(faces: Faces, digests: Collection[str]) -> Faces:
    return faces.only([row for row, digest in enumerate(_digests(faces)) if digest not in digests])


def _digests(faces: Faces) -> list[str]:
    return [xxhash.xxh3_64_hexdigest(np.ascontiguousarray(crop).data.cast("B")) for crop in faces.crops]
