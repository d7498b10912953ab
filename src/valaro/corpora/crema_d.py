"""CREMA-D: 91 actors say twelve sentences in six emotions, and crowds voted on what they heard, saw or both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from valaro.corpora.crema_d_votes import (
    CLIP,
    CLIP_FORM,
    EMOTIONS,
    MODALITIES,
    VoteRow,
    VoteTable,
    ratings_of,
    read_votes,
)
from valaro.corpora.levels_table import levels_for
from valaro.corpora.pairs import paired_sessions
from valaro.corpora.reading import Reading, existing_folder, nothing_in
from valaro.corpora.table_reader import as_problems, place, read_sheet
from valaro.errors import ValaroError, all_at_once, unknown_name
from valaro.labels.categories import DERIVED, Levels
from valaro.records import CorpusNote, Problem, Rating, Utterance

CORPUS = "crema-d"
VIDEO, SOUND = ("VideoFlash", ".flv"), ("AudioWAV", ".wav")
GENDERS: Mapping[str, str] = {"female": "F", "male": "M"}

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


@dataclass(frozen=True, kw_only=True)
class _Clip:
    """The files of one clip; at least one of the two is there."""

    name: str
    video: Path | None
    sound: Path | None

    @property
    def media(self) -> Path:
        media = self.video or self.sound
        assert media is not None
        return media


@dataclass(frozen=True, kw_only=True)
class _Files:
    """What lies in the two folders: clips by name, what was refused, what was passed over."""

    clips: tuple[_Clip, ...]
    refused: tuple[Problem, ...]
    left_out: Mapping[str, int]


def read_crema_d(folder: Path, *, levels: Path | None = None, votes: str = "both") -> Reading:
    """Read CREMA-D as it is published, or any part of it that has its two tables.

    7,442 clips of 91 actors (`1001_DFA_ANG_XX`: actor, sentence, acted emotion, acted intensity) lie as
    `VideoFlash/*.flv` and, the sound alone, as `AudioWAV/*.wav`. A clip with both takes its picture from the one and
    its voice from the other: in copies from before December 2020 the sound of 28 videos is missing.

    A clip has about ten votes on its voice alone, ten on the face without sound, ten on both; `votes` says which of
    them count (`voice`, `face`, `both`). People chose among six emotions, not levels of valence and arousal, so each
    vote is turned into two by a table (`levels`, a file, takes the known one's place), and the note says so. The votes
    are counted, not named: `voter 1` of one clip is not `voter 1` of the next. What the actor meant is no label here.
    A clip without votes is unlabelled.

    Four clips are not what their names say (NOT_WHAT_THEIR_NAMES_SAY). People voted on them all the same, and mostly
    for what the name says, so whatever those voters met, it was not this recording: such a clip stays, without the
    votes.

    The corpus has no sessions. The actors whose clips are there are paired by `paired_sessions`, so a part of the
    corpus has other pairs than the whole.

    Refused, with file and line, and the rest goes on: a row of votes that says nothing (see `read_votes`) or whose
    actor is not in VideoDemographics.csv, an actor without a known sex, a clip whose name has another form or whose
    actor is unknown, and a clip that is a pointer to a file in Git LFS, which is what a copy without LFS consists of.
    Votes on clips that are not there are counted.

    Raises:
        ValaroError: an unknown value of `votes`, no clip at all, a table that is not there or lacks a column.
    """
    if votes not in MODALITIES:
        raise unknown_name("kind of votes", votes, MODALITIES)
    table = levels_for(EMOTIONS.values(), levels)
    files = _find_clips(existing_folder(folder))
    actors = _read_actors(_file_of(folder, "VideoDemographics.csv"))
    path = _file_of(folder, "tabulatedVotes.csv")
    voted = _of_known_actors(read_votes(path), path, actors)
    known = [clip for clip in files.clips if clip.name[:4] in actors.genders]
    chosen = {row.clip: row for row in voted.rows if row.modality == votes}
    names = {clip.name for clip in known}
    sessions = paired_sessions({actor: actors.genders[actor] for actor in {name[:4] for name in names}})
    utterances = [_utterance(clip, chosen.get(clip.name), table, actors.genders, sessions) for clip in known]
    return Reading(
        utterances=tuple(utterances),
        notes=(CorpusNote(corpus=CORPUS, text=DERIVED.format(source=f"CREMA-D, {_MET[votes]}")),),
        units="clips",
        expected=len(files.clips) + len(files.refused),
        refused=(
            *files.refused,
            *(_unknown_actor(clip, actors) for clip in files.clips if clip.name[:4] not in actors.genders),
            *actors.refused,
            *voted.refused,
        ),
        left_out={
            **files.left_out,
            f"rows of votes on clips that are not here ({votes})": len(chosen.keys() - names),
            f"rows of votes on {' or '.join(name for name in MODALITIES if name != votes)}": len(voted.rows)
            - len(chosen),
        },
        remarks=tuple(_remarks(known, utterances, chosen)),
    )


_MET: Mapping[str, str] = {
    "voice": "chosen by people who heard the clip without its picture",
    "face": "chosen by people who saw the clip without its sound",
    "both": "chosen by people who saw and heard the clip",
}


def _file_of(folder: Path, name: str) -> Path:
    """Return where a table lies: the published folder has its votes in `processedResults`."""
    places = (folder / name, folder / "processedResults" / name)
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise ValaroError(f"{folder}: no {name}; expected it there or in processedResults")
    return found


def _find_clips(folder: Path) -> _Files:
    found: dict[str, dict[str, Path]] = {}
    refused: list[Problem] = []
    pointers: dict[str, Path] = {}
    others: dict[str, int] = {}
    forks = 0
    for subfolder, suffix in (VIDEO, SOUND):
        for file in sorted((folder / subfolder).glob("*")):
            if file.suffix.lower() != suffix:
                if not file.name.startswith("."):
                    what = f"files in {subfolder} that are no {suffix}"
                    others[what] = others.get(what, 0) + 1
                continue
            if file.name.startswith("._"):
                forks += 1
            elif not file.is_file():
                refused.append(Problem(utterance=str(file), where="file", why="a folder, or a link to nothing"))
            elif not CLIP.fullmatch(file.stem):
                refused.append(Problem(utterance=str(file), where="name", why=f"expected {CLIP_FORM}"))
            elif _is_pointer(file):
                pointers.setdefault(file.stem, file)
            else:
                found.setdefault(file.stem, {})[suffix] = file
    if not found and not refused and not pointers:
        raise nothing_in(str(folder), "VideoFlash/*.flv or AudioWAV/*.wav")
    why = "a pointer to a file in Git LFS instead of the recording; `git lfs pull` fetches it"
    refused += [
        Problem(utterance=str(file), where="file", why=why) for name, file in pointers.items() if name not in found
    ]
    clips = tuple(
        _Clip(name=name, video=files.get(VIDEO[1]), sound=files.get(SOUND[1])) for name, files in sorted(found.items())
    )
    left_out = {
        "resource forks (._*)": forks,
        "Git LFS pointers beside the clip's other file": len(pointers.keys() & found.keys()),
        **others,
    }
    return _Files(clips=clips, refused=tuple(refused), left_out=left_out)


def _is_pointer(file: Path) -> bool:
    if file.stat().st_size > _LONGEST_POINTER:
        return False
    return file.read_bytes().startswith(_POINTER)


@dataclass(frozen=True, kw_only=True)
class _Actors:
    path: Path
    genders: Mapping[str, str]
    refused: tuple[Problem, ...]


def _read_actors(path: Path) -> _Actors:
    sheet = read_sheet(path, ("ActorID", "Sex"), ("ActorID", "Sex"))
    if not sheet.rows:
        raise all_at_once(f"{path}: no actor can be read", sheet.faults or ("no rows below the column names",))
    refused = list(as_problems(path, sheet, "actors"))
    genders: dict[str, str] = {}
    for row in sheet.rows:
        actor, sex = row.cells
        fault = ""
        if sex.lower() not in GENDERS:
            fault = f"Sex '{sex}' of actor '{actor}': expected Female or Male"
        elif actor in genders:
            fault = f"actor '{actor}' stands there twice"
        if fault:
            refused.append(Problem(utterance=place(path, row.line), where="actors", why=fault))
        else:
            genders[actor] = GENDERS[sex.lower()]
    return _Actors(path=path, genders=genders, refused=tuple(refused))


def _of_known_actors(table: VoteTable, path: Path, actors: _Actors) -> VoteTable:
    known = tuple(row for row in table.rows if row.clip[:4] in actors.genders)
    unknown = [
        Problem(
            utterance=place(path, row.line),
            where="votes",
            why=f"fileName '{row.clip}': actor '{row.clip[:4]}' is not in {actors.path}",
        )
        for row in table.rows
        if row.clip[:4] not in actors.genders
    ]
    return VoteTable(rows=known, refused=(*table.refused, *unknown))


def _unknown_actor(clip: _Clip, actors: _Actors) -> Problem:
    why = f"actor '{clip.name[:4]}' is not in {actors.path}"
    return Problem(utterance=str(clip.media), where="actor", why=why)


def _is_as_named(clip: _Clip) -> bool:
    return clip.name not in NOT_WHAT_THEIR_NAMES_SAY or (clip.video is None and clip.name in SOUND_IS_FINE)


def _utterance(
    clip: _Clip,
    row: VoteRow | None,
    table: Mapping[str, Levels],
    genders: Mapping[str, str],
    sessions: Mapping[str, str],
) -> Utterance:
    actor = clip.name[:4]
    ratings: tuple[Rating, ...] = ratings_of(row, table) if row is not None and _is_as_named(clip) else ()
    return Utterance(
        id=f"{CORPUS}/{clip.name}",
        corpus=CORPUS,
        session=sessions[actor],
        speaker=f"{CORPUS}/{actor}",
        gender=genders[actor],
        media=clip.media,
        ratings=ratings,
        sound=clip.sound if clip.video is not None else None,
    )


def _remarks(clips: Sequence[_Clip], utterances: Sequence[Utterance], chosen: Mapping[str, VoteRow]) -> Iterator[str]:
    without = sum(clip.name not in chosen for clip in clips)
    if without:
        yield f"{without} of {len(utterances)} clips have no votes: they are unlabelled"
    for clip in clips:
        if clip.name in chosen and not _is_as_named(clip):
            why = NOT_WHAT_THEIR_NAMES_SAY[clip.name]
            yield f"{clip.name} is known not to be what its name says ({why}): its votes are left out"
    sound_only = sum(clip.video is None for clip in clips)
    if 0 < sound_only < len(clips):
        yield f"{sound_only} of {len(clips)} clips have sound only"
