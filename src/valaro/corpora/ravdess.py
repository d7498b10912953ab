"""RAVDESS: 24 actors speak and sing two sentences in eight emotions, as video, as sound, and as both."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from valaro.corpora.levels_table import levels_for
from valaro.corpora.reading import Reading, existing_folder, nothing_in
from valaro.labels.categories import DERIVED, Levels, derived_ratings
from valaro.records import CorpusNote, Problem, Utterance

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
"""What a file of each modality (both, picture alone, sound alone) is, the preferred kind first."""

CHANNELS: Mapping[str, str] = {"01": "speech", "02": "song"}
WHOLE: Mapping[str, int] = {"speech": 1440, "song": 1012}
"""Takes of the whole corpus: 24 actors speak 60 each; 23 sing 44 each, since the recordings of actor 18 were lost."""

FORM = "MM-VV-EE-II-SS-RR-AA such as 03-01-05-02-01-01-12"
_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)", re.ASCII)
_NEUTRAL, _STRONG, _SONG, _NOT_SUNG = "01", "02", "02", ("07", "08")


class _Take(NamedTuple):
    """What was performed once: vocal channel, emotion, intensity, statement, repetition, actor, as two digits each."""

    channel: str
    emotion: str
    intensity: str
    statement: str
    repetition: str
    actor: str


@dataclass(frozen=True, kw_only=True)
class _Files:
    """The files of each take by modality, what was refused, what was passed over."""

    takes: Mapping[_Take, Mapping[str, Path]]
    refused: tuple[Problem, ...]
    left_out: Mapping[str, int]


def read_ravdess(folder: Path, *, levels: Path | None = None) -> Reading:
    """Read RAVDESS, or any part of it, from files `MM-VV-EE-II-SS-RR-AA.mp4`, `.wav` or `.flac` at any depth.

    A take is published up to three times: modality 01 has picture and sound, 02 the picture, 03 the sound. It is one
    utterance all the same, named after its other six numbers, so that no fold can have the same performance twice: of
    01 where it is there, else the picture of 02 with the sound of 03, else whichever is there. Copies (a file of the
    same name elsewhere, a FLAC beside the wav) are counted and left out, and so are resource forks (`._*`).

    The label is what the actor was asked to show, one vote, turned into levels of valence and arousal by a table
    (`levels`, a file, takes the known one's place); the note says so. Intensity is not used. Odd actors are men, even
    ones women; actors 1 and 2 make a session, 3 and 4 the next.

    Expected is the number of takes that file names speak of; the account also says how many of the 1,440 spoken and
    1,012 sung takes of the whole corpus that is. A name of another form or with a number that does not exist (actors go
    to 24, neutral has no strong intensity, disgust and surprise were not sung) is refused.

    Raises:
        ValaroError: no recording at all, a faulty table of levels.
    """
    table = levels_for(EMOTIONS.values(), levels)
    files = _find_takes(existing_folder(folder))
    utterances = tuple(_utterance(take, found, table) for take, found in sorted(files.takes.items()))
    return Reading(
        utterances=utterances,
        notes=(CorpusNote(corpus=CORPUS, text=DERIVED.format(source="RAVDESS, what actors were asked to show")),),
        units="takes",
        expected=len(files.takes) + len(files.refused),
        refused=files.refused,
        left_out=files.left_out,
        remarks=tuple(_remarks(files.takes)),
    )


def _find_takes(folder: Path) -> _Files:
    kinds = {suffix for suffixes in FILES.values() for suffix in suffixes}
    takes: dict[_Take, dict[str, Path]] = {}
    refused: list[Problem] = []
    forks = copies = 0
    for file in sorted(path for path in folder.rglob("*") if path.suffix.lower() in kinds):
        if file.name.startswith("._"):
            forks += 1
            continue
        modality, take, fault = _parse(file.stem, file.suffix.lower())
        if not file.is_file():
            take, fault = None, "no file (a folder, or a link to nothing)"
        if take is None:
            refused.append(Problem(utterance=str(file), where="name", why=fault))
            continue
        found = takes.setdefault(take, {})
        if modality in found:
            copies += 1
        if modality not in found or _rank(modality, file) < _rank(modality, found[modality]):
            found[modality] = file
    if not takes and not refused:
        raise nothing_in(str(folder), f"files named {FORM}, .mp4, .wav or .flac, at any depth")
    spare = sum(len(found) - len(_used(found)) for found in takes.values())
    left_out = {
        "resource forks (._*)": forks,
        "copies of a file": copies,
        "files that hold a part of a take that is there with picture and sound": spare,
    }
    return _Files(takes=takes, refused=tuple(refused), left_out=left_out)


def _rank(modality: str, file: Path) -> int:
    return FILES[modality].index(file.suffix.lower())


def _used(found: Mapping[str, Path]) -> tuple[str, ...]:
    """Return the modalities that a take is made from."""
    return ("01",) if "01" in found else tuple(sorted(found))


def _parse(stem: str, suffix: str) -> tuple[str, _Take | None, str]:
    """Return a file's modality and take, or no take and what is wrong with its name."""
    match = _NAME.fullmatch(stem)
    if match is None:
        return "", None, f"expected {FORM}"
    modality, *numbers = match.groups()
    take = _Take(*numbers)
    legal = {
        "modality": (modality, tuple(FILES)),
        "vocal channel": (take.channel, tuple(CHANNELS)),
        "emotion": (take.emotion, tuple(EMOTIONS)),
        "intensity": (take.intensity, ("01", "02")),
        "statement": (take.statement, ("01", "02")),
        "repetition": (take.repetition, ("01", "02")),
        "actor": (take.actor, tuple(f"{actor:02d}" for actor in range(1, 25))),
    }
    faults = [
        f"{what} {number}: expected {choices[0]} to {choices[-1]}"
        for what, (number, choices) in legal.items()
        if number not in choices
    ]
    if take.emotion == _NEUTRAL and take.intensity == _STRONG:
        faults.append("neutral (01) has no strong intensity (02)")
    if take.channel == _SONG and take.emotion in _NOT_SUNG:
        faults.append(f"emotion {take.emotion} was not sung")
    if modality in FILES and suffix not in FILES[modality]:
        faults.append(f"modality {modality} in a {suffix} file, expected {' or '.join(FILES[modality])}")
    return modality, None if faults else take, "; ".join(faults)


def _utterance(take: _Take, found: Mapping[str, Path], table: Mapping[str, Levels]) -> Utterance:
    media, *sounds = (found[modality] for modality in _used(found))
    return Utterance(
        id=f"{CORPUS}/{'-'.join(take)}",
        corpus=CORPUS,
        session=f"{(int(take.actor) + 1) // 2:02d}",
        speaker=f"{CORPUS}/{take.actor}",
        gender="M" if int(take.actor) % 2 else "F",
        media=media,
        ratings=derived_ratings(EMOTIONS[take.emotion], "actor", table),
        sound=sounds[0] if sounds else None,
    )


def _remarks(takes: Mapping[_Take, Mapping[str, Path]]) -> Iterator[str]:
    for channel, name in CHANNELS.items():
        count = sum(take.channel == channel for take in takes)
        if count:
            yield f"{name}: {count} of the {WHOLE[name]} takes of the whole corpus"
    silent = sum(set(found) == {"02"} for found in takes.values())
    if silent:
        yield f"{silent} takes have a picture and no sound"
