"""A folder in the exact form of IEMOCAP's release, of any size, with the oddities that the real one has."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEADING = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"
CATEGORIES = {"neu": "Neutral", "ang": "Anger", "sad": "Sadness", "hap": "Happiness", "fru": "Frustration"}


@dataclass(frozen=True, kw_only=True)
class MadeTurn:
    """A turn as it was written: its annotators' (valence, arousal) and its times."""

    name: str
    start: float
    end: float
    votes: tuple[tuple[int, int], ...]


def block(turn: MadeTurn, rng: np.random.Generator) -> list[str]:
    """Return the lines of a turn: header, categories (several of some raters), votes with their oddities."""
    valence, arousal = (np.mean([vote[place] for vote in turn.votes]) for place in (0, 1))
    category = str(rng.choice([*CATEGORIES, "xxx"]))
    named = CATEGORIES.get(category, "Other")
    actor = turn.name.rpartition("_")[2][0] + "1"
    raters = [f"E{number}" for number in range(1, 1 + len(turn.votes))]
    # Double blanks are the rule in `dom`; now and then the number is missing, a rater names two categories, a remark.
    oddity = int(rng.integers(20))
    lines = [
        f"[{turn.start:.4f} - {turn.end:.4f}]\t{turn.name}\t{category}\t[{valence:.4f}, {arousal:.4f}, 2.5000]",
        *(
            f"C-{rater}:\t{named};{' Frustration;' if oddity == 1 else ''}\t({'laughing' if oddity == 2 else ''})"
            for rater in raters
        ),
        f"C-{actor}:\t{named};\t()",
    ]
    for rater, (v, a) in zip(raters, turn.votes, strict=True):
        dom = {3: "", 4: "dom  ;"}.get(oddity, f"dom  {int(rng.integers(1, 6))};")
        lines.append(f"A-{rater}:\tval {v}; act {a}; {dom}\t()")
    return [*lines, f"A-{actor}:\tval 3; act 3; dom  3;\t()", ""]


def make_dialog(
    folder: Path, session: int, letter: str, play: str, turns: int, *, rng: np.random.Generator, picture: bool = True
) -> list[MadeTurn]:
    """Write a dialogue's evaluation, transcript, (empty) picture and sounds below `folder`; return its turns."""
    dialog = f"Ses{session:02d}{letter}_{play}"
    base = folder / f"Session{session}"
    numbers = {"F": 0, "M": 0}
    made: list[MadeTurn] = []
    for place in range(turns):
        speaker = "FM"[place % 2]
        name = f"{dialog}_{speaker}{numbers[speaker]:03d}"
        numbers[speaker] += 1
        votes = tuple((int(v), int(a)) for v, a in rng.integers(1, 6, (int(rng.integers(2, 5)), 2)))
        made.append(MadeTurn(name=name, start=5.0 * place + 0.29, end=5.0 * place + 3.5, votes=votes))
    ending = "\r\n" if play.endswith("1") else "\n"
    lines = [HEADING, "", *(line for turn in made for line in block(turn, rng))]
    _write(base / "dialog" / "EmoEvaluation" / f"{dialog}.txt", ending.join(lines), bom=play.endswith("2"))
    words = [f"{turn.name} [{turn.start:08.4f}-{turn.end:08.4f}]: Yes, {place}." for place, turn in enumerate(made)]
    # A cue line without a turn, as the real transcripts have.
    _write(base / "dialog" / "transcriptions" / f"{dialog}.txt", "\n".join([*words, "F: [LAUGHTER]", ""]))
    sounds = base / "sentences" / "wav" / dialog
    sounds.mkdir(parents=True)
    for turn in made:
        (sounds / f"{turn.name}.wav").touch()
    if picture:
        video = base / "dialog" / "avi" / "DivX"
        video.mkdir(parents=True, exist_ok=True)
        (video / f"{dialog}.avi").touch()
    return made


def make_release(folder: Path, *, turns: int, sessions: int = 5, dialogs: int = 4, seed: int = 0) -> list[MadeTurn]:
    """Write a release of so many turns over sessions of `dialogs` dialogues, improvised and scripted."""
    rng = np.random.default_rng(seed)
    shares = np.full(sessions * dialogs, turns // (sessions * dialogs))
    shares[: turns % (sessions * dialogs)] += 1
    made: list[MadeTurn] = []
    for place, count in enumerate(shares.tolist()):
        session, number = divmod(place, dialogs)
        play = f"impro{number + 1:02d}" if number % 2 == 0 else f"script{number:02d}_{1 + number % 3}"
        made += make_dialog(folder, session + 1, "FM"[number % 2], play, count, rng=rng)
        (folder / f"Session{session + 1}" / "dialog" / "EmoEvaluation" / "Attribute").mkdir(exist_ok=True)
    fork = folder / "Session1" / "dialog" / "EmoEvaluation" / "._Ses01F_impro01.txt"
    fork.write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
    return made


def evaluation_of(folder: Path, dialog: str) -> Path:
    return folder / f"Session{int(dialog[3:5])}" / "dialog" / "EmoEvaluation" / f"{dialog}.txt"


def _write(path: Path, text: str, *, bom: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.encode())
