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


ODDITIES = {
    # A byte-order mark and CRLF; turns that overlap; two blanks before `dom`'s number.
    "Ses01F_impro01": """\
\ufeff% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\r
\r
[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.0000]\r
C-E2:\tNeutral;\t()\r
C-E4:\tNeutral state; Frustration;\t(laughing; then not)\r
C-F1:\t;\t()\r
A-E2:\tval 3; act 2; dom  2;\t()\r
A-E4:\tval 2; act 3; dom  2;\t(calm\r
A-F1:\tval 5; act 5; dom  5;\t()\r
\r
[7.0400 - 9.1000]\tSes01F_impro01_M000\txxx\t[5.5000, 5.0000, 4.0000]\r
C-M3:\tOther; ;\t(a comment)\r
A-E1:\tval 5; act 4; dom 4;\t()\r
A-E2:\tval 6; act 6; dom ;\t()\r
A-M1:\tval 3; act 3; dom  3;\t()\r
\r
[9.5000 - 11.0000]\tSes01F_impro01_F001\tsad\t[1.0000, 4.0000, 2.0000]\r
A-E1:\tval 1; act 4;\t()\r
A-F1:\tval 1; act 4; dom  3;\t()\r
\r
[11.2000 - 13.0000]\tSes01F_impro01_M001\thap\t[3.2500, 3.5000, 2.5000]\r
A-E1:\tval 2; act 4; dom ;\t()\r
A-E2:\tval 3; act 4; dom  3;\t()\r
A-E3:\tval 4; act 3; dom  2;\t()\r
A-E4:\tval 4; act 3; dom  2;\t()\r
A-M1:\tval ; act ;\t()\r
""",
    "Ses01M_script01_1": """\
% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[1.0000 - 3.0000]\tSes01M_script01_1_M000\tang\t[3.0000, 3.0000, 2.0000]
A-E1:\tval 1; act 1; dom  2;\t()
A-E2:\tval 6; act 6; dom ;\t()
A-E3:\tval 2; act 2; dom  2;\t()
A-M1:\tval 3; act 3; dom  3;\t()

[4.0000 - 6.0000]\tSes01M_script01_1_F000\txxx\t[6.0000, 6.0000, 6.0000]
A-E1:\tval 6; act 6; dom ;\t()
A-F1:\tval 3; act 3; dom  3;\t()
""",
}
"""Evaluation files with everything that the real ones have; the means in the first lines count sixes, as there."""

TRANSCRIPTS = {
    "Ses01F_impro01": """\
Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.
F: [LAUGHTER]
Ses01F_impro01_M000 [007.0400-009.1000]: Do you have your forms?
Ses01F_impro01_MXX0 [009.1000-009.4000]: Mmhmm.
Ses01F_impro01_F001 [009.5000-011.0000]: Yeah.
Ses01F_impro01_M001 [011.2000-013.0000]: Let me see them.
""",
    "Ses01M_script01_1": """\
Ses01M_script01_1_M000 [001.0000-003.0000]: Who are you?
Ses01M_script01_1_FXX0 [003.2000-003.5000]: [BREATHING]
Ses01M_script01_1_F000 [004.0000-006.0000]: Nobody.
""",
}


def make_oddities(folder: Path, *, sounds: bool = True) -> None:
    """Write a session of two dialogues and six turns in which everything stands that the real release has."""
    dialog = folder / "Session1" / "dialog"
    for name, text in ODDITIES.items():
        _write(dialog / "EmoEvaluation" / f"{name}.txt", text)
        _write(dialog / "transcriptions" / f"{name}.txt", TRANSCRIPTS[name])
        _write(dialog / "avi" / "DivX" / f"{name}.avi", "")
        for line in text.splitlines() if sounds else ():
            if line.startswith("["):
                _write(folder / "Session1" / "sentences" / "wav" / name / f"{line.split(chr(9))[1]}.wav", "sound")
    evaluations = dialog / "EmoEvaluation"
    _write(evaluations / "._Ses01F_impro01.txt", "\x00\x05\x16\x07Mac OS X")
    _write(evaluations / "Attribute" / "Ses01F_impro01_e2_atr.txt", "Ses01F_impro01_F000 :act 2; :val 3; :dom  2; ;\n")
    _write(evaluations / "Categorical" / "Ses01F_impro01_e2_cat.txt", "Ses01F_impro01_F000 :Neutral state; ()\n")
    _write(evaluations / "Self-evaluation" / "Ses01F_impro01_f1_atr.txt", "Ses01F_impro01_F000 :act 5; :val 5;\n")


TURNS_A_SESSION = (1819, 1811, 2136, 2103, 2170)
SIXES = 34
"""Turns of the release in which an annotator gave no rating."""


def make_annotations(folder: Path, *, arousal: tuple[int, int, int], valence: tuple[int, int, int]) -> None:
    """Write a release of 10,039 turns, annotations and (empty) pictures alone, with so many low, medium, high means.

    The first SIXES of the high arousals are means of a 2 and of a 6 that is no rating: their votes alone are low.
    """
    levels = {
        name: np.repeat((1, 3, 5), counts).tolist() for name, counts in (("arousal", arousal), ("valence", valence))
    }
    first_high = arousal[0] + arousal[1]
    turn = 0
    for session, turns in enumerate(TURNS_A_SESSION, start=1):
        dialog = f"Ses{session:02d}F_impro01"
        lines = [HEADING, ""]
        for number in range(turns):
            v, a = levels["valence"][turn], levels["arousal"][turn]
            votes, mean = [(v, a), (v, a)], (v, a)
            if first_high <= turn < first_high + SIXES:
                votes, mean = [(v, 2), (v, 6)], (v, 4)
            name = f"{dialog}_{'FM'[number % 2]}{number // 2:04d}"
            lines += [
                f"[{number:.4f} - {number + 0.5:.4f}]\t{name}\txxx\t[{mean[0]:.4f}, {mean[1]:.4f}, 2.5000]",
                *(f"A-E{rater}:\tval {v}; act {a}; dom  2;\t()" for rater, (v, a) in enumerate(votes, start=1)),
                "",
            ]
            turn += 1
        base = folder / f"Session{session}" / "dialog"
        _write(base / "EmoEvaluation" / f"{dialog}.txt", "\n".join(lines))
        _write(base / "avi" / "DivX" / f"{dialog}.avi", "picture")


def evaluation_of(folder: Path, dialog: str) -> Path:
    return folder / f"Session{int(dialog[3:5])}" / "dialog" / "EmoEvaluation" / f"{dialog}.txt"


def _write(path: Path, text: str, *, bom: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.encode())
