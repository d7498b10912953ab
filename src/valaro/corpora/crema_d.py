"""CREMA-D: 91 actors say twelve sentences in six emotions, and crowds voted on what they heard, saw or both.

A clip with both files takes its picture from the one and its voice from the other: in copies from before December 2020
the sound of 28 videos is missing. People chose among six emotions, so each vote is turned into levels of valence and
arousal by a table; the votes are counted, not named: `voter 1` of one clip is not `voter 1` of the next. What the actor
meant is no label here. See docs/corpora.md.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from valaro.corpora.crema_d_votes import CLIP, CLIP_FORM, EMOTIONS, MODALITIES, VoteRow, ratings_of, read_votes
from valaro.corpora.levels_table import levels_for
from valaro.corpora.options import CremaDOptions
from valaro.corpora.pairs import paired_sessions
from valaro.corpora.reading import FORKS, Reading, existing_folder, nothing_in, without_forks
from valaro.corpora.table_faults import Fault
from valaro.corpora.table_reader import read_rows
from valaro.errors import ValaroError, unknown_name
from valaro.labels.categories import derived_note
from valaro.records import Problem, Utterance

CORPUS = "crema-d"
VIDEO, SOUND = ".flv", ".wav"
FOLDERS: Mapping[str, str] = {"VideoFlash": VIDEO, "AudioWAV": SOUND}
GENDERS: Mapping[str, str] = {"female": "F", "male": "M"}

# People voted on them all the same, and mostly for what the name says: whatever they met, it was not this recording.
NOT_WHAT_THEIR_NAMES_SAY: Mapping[str, str] = {
    "1064_IEO_DIS_MD": "a minute long, with all emotions of the sentence",
    "1064_TIE_SAD_XX": "no duration",
    "1076_MTI_NEU_XX": "very short, without sound",
    "1076_MTI_SAD_XX": "an error picture, without sound",
}
"""The four clips that the corpus's own description lists as broken, and how."""

SOUND_IS_FINE = frozenset({"1076_MTI_NEU_XX"})
"""Those of them whose wav file, by the same description, is what its name says."""

_POINTER = b"version https://git-lfs"
_LONGEST_POINTER = 1024
_IS_POINTER = "a pointer to a file in Git LFS instead of the recording; `git lfs pull` fetches it"

_MET: Mapping[str, str] = {
    "voice": "chosen by people who heard the clip without its picture",
    "face": "chosen by people who saw the clip without its sound",
    "both": "chosen by people who saw and heard the clip",
}


@dataclass(frozen=True, kw_only=True)
class _Clip:
    """One clip; at least one of `VIDEO` and `SOUND` is among its files."""

    name: str
    files: Mapping[str, Path]
    """By suffix."""

    @property
    def actor(self) -> str:
        return self.name[:4]

    @property
    def media(self) -> Path:
        return self.files.get(VIDEO) or self.files[SOUND]

    @property
    def is_as_named(self) -> bool:
        return self.name not in NOT_WHAT_THEIR_NAMES_SAY or (VIDEO not in self.files and self.name in SOUND_IS_FINE)


@dataclass(kw_only=True)
class _Files:
    """What lies in the two folders: files by clip and suffix, and what gives no clip."""

    clips: dict[str, dict[str, Path]] = field(default_factory=dict[str, dict[str, Path]])
    pointers: dict[str, Path] = field(default_factory=dict[str, Path])
    rejected: list[Problem] = field(default_factory=list[Problem])
    skipped: Counter[str] = field(default_factory=Counter[str])


def read_crema_d(folder: Path, options: CremaDOptions = CremaDOptions()) -> Reading:
    """Read CREMA-D as it is published, or any part of it that has its two tables.

    Raises:
        ValaroError: an unknown value of `votes`, no clip at all, a table that is not there or lacks a column.
    """
    if options.votes not in MODALITIES:
        raise unknown_name("kind of votes", options.votes, MODALITIES)
    levels = levels_for(EMOTIONS.values(), options.levels)
    files = _list_files(existing_folder(folder))
    actors_file, votes_file = _table_in(folder, "VideoDemographics.csv"), _table_in(folder, "tabulatedVotes.csv")
    genders, bad_actors = _read_actors(actors_file)
    rows, bad_rows = read_votes(votes_file, genders, str(actors_file))
    clips = [_Clip(name=name, files=files.clips[name]) for name in sorted(files.clips)]
    known = [clip for clip in clips if clip.actor in genders]
    unknown = [
        Problem(utterance=str(clip.media), where="actor", why=f"actor '{clip.actor}' is not in {actors_file}")
        for clip in clips
        if clip.actor not in genders
    ]
    chosen = {row.clip: row for row in rows if row.modality == options.votes}
    sessions = paired_sessions({clip.actor: genders[clip.actor] for clip in known})
    return Reading(
        utterances=tuple(
            Utterance(
                id=f"{CORPUS}/{clip.name}",
                corpus=CORPUS,
                session=sessions[clip.actor],
                speaker=f"{CORPUS}/{clip.actor}",
                gender=genders[clip.actor],
                media=clip.media,
                ratings=ratings_of(chosen[clip.name], levels) if clip.name in chosen and clip.is_as_named else (),
                sound=clip.files.get(SOUND) if VIDEO in clip.files else None,
            )
            for clip in known
        ),
        notes=(derived_note(CORPUS, f"CREMA-D, {_MET[options.votes]}"),),
        unit="clip",
        expected=len(clips) + len(files.rejected),
        rejected=(*files.rejected, *unknown, *bad_actors, *bad_rows),
        skipped={**files.skipped, **_unused_votes(known, rows, options.votes)},
        remarks=tuple(_remarks(known, chosen)),
    )


def _table_in(folder: Path, name: str) -> Path:
    """Return where a table lies: the published folder has its votes in `processedResults`."""
    path = next((path for path in (folder / name, folder / "processedResults" / name) if path.is_file()), None)
    if path is None:
        raise ValaroError(f"{folder}: no {name}; expected it there or in processedResults")
    return path


def _list_files(folder: Path) -> _Files:
    files = _Files()
    for subfolder, suffix in FOLDERS.items():
        paths, forks = without_forks((folder / subfolder).glob("*"))
        files.skipped[FORKS] += forks
        for path in paths:
            _sort_file(path, suffix, files)
    if not (files.clips or files.rejected or files.pointers):
        raise nothing_in(folder, "VideoFlash/*.flv or AudioWAV/*.wav")
    alone = [path for name, path in files.pointers.items() if name not in files.clips]
    files.rejected += [Problem(utterance=str(path), where="file", why=_IS_POINTER) for path in alone]
    files.skipped["Git LFS pointers beside the clip's other file"] = len(files.pointers) - len(alone)
    return files


def _sort_file(path: Path, suffix: str, files: _Files) -> None:
    """Add what lies in the folder of the recordings with this suffix to `files`."""
    if path.suffix.lower() != suffix:
        files.skipped[f"files in {path.parent.name} that are no {suffix}"] += not path.name.startswith(".")
    elif not path.is_file():
        files.rejected.append(Problem(utterance=str(path), where="file", why="a folder, or a link to nothing"))
    elif not CLIP.fullmatch(path.stem):
        files.rejected.append(Problem(utterance=str(path), where="name", why=f"expected {CLIP_FORM}"))
    elif path.stat().st_size <= _LONGEST_POINTER and path.read_bytes().startswith(_POINTER):
        files.pointers.setdefault(path.stem, path)
    else:
        files.clips.setdefault(path.stem, {})[suffix] = path


def _read_actors(path: Path) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Return each actor's gender, and a problem for each row that gives none."""
    rows = read_rows(path, ("ActorID", "Sex"), ("ActorID", "Sex"))
    rows.require_rows("actor")
    genders: dict[str, str] = {}
    faults: list[Fault] = []
    for line, (actor, sex) in rows.rows:
        if sex.lower() not in GENDERS:
            faults.append(Fault(line, f"Sex '{sex}' of actor '{actor}': expected Female or Male"))
        elif actor in genders:
            faults.append(Fault(line, f"actor '{actor}' stands there twice"))
        else:
            genders[actor] = GENDERS[sex.lower()]
    return genders, rows.problems("actors", faults)


def _unused_votes(known: Sequence[_Clip], rows: Sequence[VoteRow], votes: str) -> dict[str, int]:
    chosen = {row.clip for row in rows if row.modality == votes}
    others = " or ".join(name for name in MODALITIES if name != votes)
    return {
        f"rows of votes on clips that are not here ({votes})": len(chosen - {clip.name for clip in known}),
        f"rows of votes on {others}": len(rows) - len(chosen),
    }


def _remarks(clips: Sequence[_Clip], chosen: Mapping[str, VoteRow]) -> Iterator[str]:
    without = sum(clip.name not in chosen for clip in clips)
    if without:
        yield f"{without} of {len(clips)} clips have no votes: they are unlabelled"
    for clip in clips:
        if clip.name in chosen and not clip.is_as_named:
            why = NOT_WHAT_THEIR_NAMES_SAY[clip.name]
            yield f"{clip.name} is known not to be what its name says ({why}): its votes are left out"
    sound_only = sum(VIDEO not in clip.files for clip in clips)
    if 0 < sound_only < len(clips):
        yield f"{sound_only} of {len(clips)} clips have sound only"
