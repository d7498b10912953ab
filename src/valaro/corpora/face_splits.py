"""Parts of a set of faces that have no picture in common."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import xxhash

from valaro.corpora.faces import FaceReading, Faces
from valaro.errors import ValaroError
from valaro.rng import numpy_stream

SHARE = 0.1
"""Of each class, for validation, where nothing else is said."""


@dataclass(frozen=True, kw_only=True)
class FaceSplits:
    """Faces to train on, to choose the best network by, and to test it once; `doubles` were taken out for that."""

    train: Faces
    validation: Faces
    test: Faces | None
    doubles: int = 0

    def named(self) -> tuple[tuple[str, Faces], ...]:
        """Return the parts that there are, by what they are for."""
        tested = () if self.test is None else (("test", self.test),)
        return ("train", self.train), ("validate", self.validation), *tested

    @property
    def fingerprint(self) -> str:
        """The checksum of all pictures and targets, part by part."""
        digest = xxhash.xxh3_64()
        for name, part in self.named():
            digest.update(repr((name, part.classes, part.names)).encode())
            digest.update(part.crops.tobytes())
            digest.update(part.targets.tobytes())
        return digest.hexdigest()


def part_faces(reading: FaceReading, *, share: float | None = None, seed: int) -> FaceSplits:
    """Set `share` (SHARE) of each class aside for validation where no such part was read; no picture is in two parts.

    Photographs of the web come in several copies. Copies that would be in two parts stay in the one that is to say
    how good the network is.

    Raises:
        ValaroError: nothing would be left to train on, or nothing of a class; a share beside a part that validates.
    """
    train, validation = reading.train, reading.validation
    if validation is None:
        train, validation = _split(train, SHARE if share is None else share, seed)
    elif share is not None:
        why = f"there are {len(validation)} pictures that validate already"
        raise ValaroError(f"--share {share:g} means nothing here: {why}")
    tested = set(_digests(reading.test)) if reading.test is not None else set[str]()
    clean_validation = _without(validation, tested)
    clean_train = _without(train, tested | set(_digests(validation)))
    for name, faces in (("training", clean_train), ("validation", clean_validation)):
        if not len(faces):
            raise ValaroError(f"no picture is left for {name} of {len(reading.train)} that were read")
    before, after = (faces.targets.sum(axis=0) for faces in (reading.train, clean_train))
    lost = [name for name, had, has in zip(reading.train.classes, before, after, strict=True) if had and not has]
    if lost:
        raise ValaroError(f"nothing of {', '.join(lost)} is left to train on: all its pictures validate or test, too")
    doubles = len(train) - len(clean_train) + len(validation) - len(clean_validation)
    return FaceSplits(train=clean_train, validation=clean_validation, test=reading.test, doubles=doubles)


def _split(faces: Faces, share: float, seed: int) -> tuple[Faces, Faces]:
    """Return (the rest, a `share` of each class, at least one picture where two differ), copies on the same side."""
    if not 0 < share < 1:
        raise ValaroError(f"validation share {share:g}: expected a fraction between 0 and 1, such as 0.1")
    copies: dict[str, list[int]] = defaultdict(list)
    for place, digest in enumerate(_digests(faces)):
        copies[digest].append(place)
    by_class: dict[int, list[list[int]]] = defaultdict(list)
    for places in copies.values():
        by_class[int(faces.targets[places[0]].argmax())].append(places)
    rng = numpy_stream(seed, "validation faces")
    chosen: set[int] = set()
    for _, groups in sorted(by_class.items()):
        count = min(max(1, round(share * len(groups))), len(groups) - 1)
        chosen.update(place for at in rng.permutation(len(groups))[:count] for place in groups[at])
    everything = range(len(faces))
    return (
        faces.only([place for place in everything if place not in chosen]),
        faces.only([place for place in everything if place in chosen]),
    )


def _without(faces: Faces, digests: set[str]) -> Faces:
    return faces.only([place for place, digest in enumerate(_digests(faces)) if digest not in digests])


def _digests(faces: Faces) -> list[str]:
    return [xxhash.xxh3_64_hexdigest(np.ascontiguousarray(crop).data.cast("B")) for crop in faces.crops]
