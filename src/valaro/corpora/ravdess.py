"""RAVDESS: 24 actors speak and sing two sentences in eight emotions, as video, as sound, and as both; docs/corpora.md.

A take is published up to three times: modality 01 has picture and sound, 02 the picture, 03 the sound. It is one
utterance all the same, named after its other six numbers, so that no fold can have the same performance twice: of 01
where it is there, else the picture of 02 with the sound of 03, else whichever is there.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from valaro.corpora.levels_table import levels_for
from valaro.corpora.options import LevelOptions
from valaro.corpora.reading import FORKS, Reading, existing_folder, nothing_in, without_forks
from valaro.labels.categories import Levels, derived_note, derived_ratings
from valaro.records import Problem, Utterance

CORPUS = "ravdess"
EMOTIONS: Mapping[str, str] = {
    "01": "neutral",
    "02": "calm",
    "03": "happiness",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
FILES: Mapping[str, tuple[str, ...]] = {"01": (".mp4",), "02": (".mp4",), "03": (".wav", ".flac")}
"""What a file of each modality (both, picture alone, sound alone) is; a wav goes before a FLAC beside it."""

CHANNELS: Mapping[str, str] = {"01": "speech", "02": "song"}
WHOLE: Mapping[str, int] = {"speech": 1440, "song": 1012}
"""Takes of the whole corpus: 24 actors speak 60 each; 23 sing 44 each, since the recordings of actor 18 were lost."""

FORM = "MM-VV-EE-II-SS-RR-AA such as 03-01-05-02-01-01-12"
_NAME = re.compile("-".join([r"(\d\d)"] * 7), re.ASCII)
_NEUTRAL, _STRONG, _SONG, _NOT_SUNG = "01", "02", "02", ("07", "08")
_LEGAL: Mapping[str, tuple[str, ...]] = {
    "modality": tuple(FILES),
    "vocal channel": tuple(CHANNELS),
    "emotion": tuple(EMOTIONS),
    **dict.fromkeys(("intensity", "statement", "repetition"), ("01", "02")),
    "actor": tuple(f"{actor:02d}" for actor in range(1, 25)),
}
"""The numbers of a name in their order, and what each may be."""


class _Take(NamedTuple):
    """What was performed once, two digits each."""

    channel: str
    emotion: str
    intensity: str
    statement: str
    repetition: str
    actor: str


def read_ravdess(folder: Path, options: LevelOptions = LevelOptions()) -> Reading:
    """Read RAVDESS, or any part of it.

    Raises:
        ValaroError: no recording at all, a faulty table of levels.
    """
    levels = levels_for(EMOTIONS.values(), options.levels)
    takes: dict[_Take, dict[str, Path]] = {}
    rejected: list[Problem] = []
    skipped = Counter[str]()
    kinds = {suffix for suffixes in FILES.values() for suffix in suffixes}
    files = (path for path in existing_folder(folder).rglob("*") if path.suffix.lower() in kinds)
    paths, skipped[FORKS] = without_forks(files)
    for path in sorted(paths, key=lambda path: path.suffix.lower() == ".flac"):
        modality, take, faults = _parse(path)
        if take is None or faults:
            rejected.append(Problem(utterance=str(path), where="name", why="; ".join(faults)))
        else:
            parts = takes.setdefault(take, {})
            skipped["copies of a file"] += modality in parts
            parts.setdefault(modality, path)
    if not (takes or rejected):
        raise nothing_in(folder, f"files named {FORM}, .mp4, .wav or .flac, at any depth")
    spare = sum(len(parts) - len(_used(parts)) for parts in takes.values())
    skipped["files that hold a part of a take that is there with picture and sound"] = spare
    return Reading(
        utterances=tuple(_utterance(take, takes[take], levels) for take in sorted(takes)),
        notes=(derived_note(CORPUS, "RAVDESS, what actors were asked to show"),),
        unit="take",
        expected=len(takes) + len(rejected),
        rejected=tuple(rejected),
        skipped=skipped,
        remarks=tuple(_remarks(takes)),
    )


def _used(parts: Mapping[str, Path]) -> tuple[str, ...]:
    """Return the modalities that a take is made from."""
    return ("01",) if "01" in parts else tuple(sorted(parts))


def _parse(path: Path) -> tuple[str, _Take | None, list[str]]:
    """Return a file's modality and take, and what is wrong with its name."""
    match, suffix = _NAME.fullmatch(path.stem), path.suffix.lower()
    if not path.is_file():
        return "", None, ["no file (a folder, or a link to nothing)"]
    if match is None:
        return "", None, [f"expected {FORM}"]
    modality, *numbers = match.groups()
    take = _Take(*numbers)
    faults = [
        f"{what} {number}: expected {choices[0]} to {choices[-1]}"
        for (what, choices), number in zip(_LEGAL.items(), (modality, *take), strict=True)
        if number not in choices
    ]
    if take.emotion == _NEUTRAL and take.intensity == _STRONG:
        faults.append("neutral (01) has no strong intensity (02)")
    if take.channel == _SONG and take.emotion in _NOT_SUNG:
        faults.append(f"emotion {take.emotion} was not sung")
    if modality in FILES and suffix not in FILES[modality]:
        faults.append(f"modality {modality} in a {suffix} file, expected {' or '.join(FILES[modality])}")
    return modality, take, faults


def _utterance(take: _Take, parts: Mapping[str, Path], levels: Mapping[str, Levels]) -> Utterance:
    media, *sounds = (parts[modality] for modality in _used(parts))
    return Utterance(
        id=f"{CORPUS}/{'-'.join(take)}",
        corpus=CORPUS,
        session=f"{(int(take.actor) + 1) // 2:02d}",
        speaker=f"{CORPUS}/{take.actor}",
        gender="M" if int(take.actor) % 2 else "F",
        media=media,
        ratings=derived_ratings(EMOTIONS[take.emotion], "actor", levels),
        sound=sounds[0] if sounds else None,
    )


def _remarks(takes: Mapping[_Take, Mapping[str, Path]]) -> Iterator[str]:
    for channel, name in CHANNELS.items():
        count = sum(take.channel == channel for take in takes)
        if count:
            yield f"{name}: {count} of the {WHOLE[name]} takes of the whole corpus"
    silent = sum(set(parts) == {"02"} for parts in takes.values())
    if silent:
        yield f"{silent} takes have a picture and no sound"
