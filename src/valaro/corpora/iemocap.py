"""IEMOCAP: five pairs of actors, 10,039 turns, two to four annotators' votes on each from 1 to 5.

The release has a folder a session. Read are, in each,

- `dialog/EmoEvaluation/<dialog>.txt`: times, votes and their means (see iemocap_turns.py). Raters E1, E2 ... are
  annotators; F1, M1 ... are the actors on themselves, who are no annotators: left out and counted. A 6 is no rating and
  no vote, but the means in the file count it, and they alone give the paper's Table I. The folders `Attribute`,
  `Categorical` and `Self-evaluation` beside these files hold the same votes once more and are not read.
- `sentences/wav/<dialog>/<turn>.wav`: the voice, a file a turn. What lies there is what the corpus says it has, so the
  account is against these names.
- `dialog/avi/DivX/<dialog>.avi`: both actors in one picture, side by side. A copy without pictures is read as sound.
- `dialog/transcriptions/<dialog>.txt`: `turn [start-end]: words`; lines of cues without a turn's name are passed over.
  Turns that stand there alone were rated by nobody (46 in the release): left out and counted. Where a dialogue has
  neither votes nor sounds, they are what is missing.

A dialogue is called `Ses01F_impro01` or `Ses01F_script01_1`: session, the gender of the actor who WEARS THE MARKERS,
and what they played; a turn adds the gender of the one who SPEAKS. The actor with the markers sits on the left of the
picture: such is the custom of code that others publish; nothing in the release says so, and a table of one's own
replaces it. The scripted dialogues are played in every session, so that their words stand in training and in test.

Busso et al. 2008, "IEMOCAP: interactive emotional dyadic motion capture database".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from valaro.corpora.iemocap_turns import Evaluation, Turn, read_bytes, read_evaluation
from valaro.corpora.reading import Reading, existing_folder, nothing_in
from valaro.corpora.speaker_positions import Seats, half_of, read_seats
from valaro.errors import ValaroError
from valaro.labels.table_1 import level_tallies
from valaro.records import Problem, Utterance

CORPUS = "iemocap"
SESSIONS = 5
TURNS = 10_039
"""Of the whole release."""

MARKERS_LEFT: dict[str, str] = {
    f"Ses{number:02d}{gender}": gender for number in range(1, SESSIONS + 1) for gender in "FM"
}
"""The default table of seats: the actor with the markers, whose gender is the dialogue's letter, sits on the left."""


@dataclass(frozen=True, kw_only=True)
class _Session:
    """What lies in a session's folder: dialogue -> its evaluation, its picture; turn -> its sound."""

    name: str
    evaluations: dict[str, Path]
    pictures: dict[str, Path]
    sounds: dict[str, Path]
    has_sounds: bool
    transcripts: dict[str, Path]
    forks: int


def read_iemocap(folder: Path, *, seats: Path | None = None) -> Reading:
    """Read the release (the folder with `Session1` ... in it) into utterances with every annotator's votes.

    `seats` is a table of who sits on the left (seats.py) that takes the default's place where it says something.

    Raises:
        ValaroError: no session with a turn is there, or the table of seats has faults, a row that matches no dialogue
            among them.
    """
    sessions = [_look_into(path) for path in sorted(existing_folder(folder).glob("Session[0-9]*")) if path.is_dir()]
    if not sessions:
        raise nothing_in(str(folder), "the folders Session1 to Session5 of the release")
    dialogs = {name for session in sessions for name in (*session.evaluations, *session.pictures)}
    # A user's row holds, be it shorter than one of the default's.
    tables = [MARKERS_LEFT] if seats is None else [read_seats(seats, dialogs), MARKERS_LEFT]
    readings = [_read_session(session, tables) for session in sessions]
    if not any(reading.expected or reading.refused for reading in readings):
        raise nothing_in(str(folder), f"turns in {sessions[0].name}/dialog/EmoEvaluation and in the sessions beside it")
    left_out = Counter[str]()
    for reading in readings:
        left_out.update(reading.left_out)
    utterances = tuple(utterance for reading in readings for utterance in reading.utterances)
    remarks = [remark for reading in readings for remark in reading.remarks]
    if len(sessions) == SESSIONS and len(utterances) != TURNS:
        remarks.append(f"all five sessions are there, but {len(utterances)} turns instead of the release's {TURNS}")
    if seats is None and any(utterance.face_region for utterance in utterances):
        remarks.append(
            "who sits on the left is assumed, not known (the actor with the markers): "
            "`valaro check --mouths` looks, --seats TABLE corrects"
        )
    return Reading(
        utterances=utterances,
        units="turns",
        expected=sum(reading.expected or 0 for reading in readings),
        refused=tuple(problem for reading in readings for problem in reading.refused),
        left_out=left_out,
        remarks=tuple(remarks),
        tallies=level_tallies(utterances),
    )


def _look_into(folder: Path) -> _Session:
    """List a session's files; `._` files, which one system leaves in copies, are counted and passed over."""
    forks = 0

    def files(place: Path, suffix: str) -> Iterator[Path]:
        nonlocal forks
        for path in sorted(place.glob(f"*{suffix}")) if place.is_dir() else ():
            if path.name.startswith("._"):
                forks += 1
            elif path.is_file():
                yield path

    dialog, wav = folder / "dialog", folder / "sentences" / "wav"
    sounds = [path for place in (sorted(wav.iterdir()) if wav.is_dir() else ()) for path in files(place, ".wav")]
    return _Session(
        name=folder.name,
        evaluations={path.stem: path for path in files(dialog / "EmoEvaluation", ".txt")},
        pictures={path.stem: path for path in files(dialog / "avi" / "DivX", ".avi")},
        sounds={path.stem: path for path in sounds},
        has_sounds=wav.is_dir(),
        transcripts={path.stem: path for path in files(dialog / "transcriptions", ".txt")},
        forks=forks,
    )


@dataclass(frozen=True, kw_only=True)
class _Refusals:
    """What is wrong: with which turn, and with what belongs to no turn."""

    turns: dict[str, list[Problem]] = field(default_factory=dict[str, list[Problem]])
    strays: list[Problem] = field(default_factory=list[Problem])

    def add(self, turn: str, where: str, why: str) -> None:
        """Note a fault; `turn` is empty where it belongs to none."""
        if turn:
            self.turns.setdefault(turn, []).append(Problem(utterance=f"{CORPUS}/{turn}", where=where, why=why))
        else:
            self.strays.append(Problem(utterance=CORPUS, where=where, why=why))

    def rows(self) -> tuple[Problem, ...]:
        """Return a row a turn, with all its faults, and the strays."""
        return (*(_joined(self.turns[name]) for name in sorted(self.turns)), *self.strays)


def _read_session(session: _Session, seats: Sequence[Seats]) -> Reading:
    """Read a session: every turn that it has becomes an utterance or a Problem, never both and never neither."""
    refusals, unreadable = _Refusals(), dict[str, str]()
    evaluations = _evaluations(session, refusals, unreadable)
    turns = [turn for evaluation in evaluations.values() for turn in evaluation.turns]
    utterances: dict[str, Utterance] = {}
    for turn in turns:
        try:
            utterances[turn.name] = _utterance(turn, session, seats)
        except ValaroError as error:
            refusals.add(turn.name, str(session.evaluations[turn.dialog]), str(error))
    # A turn that stands in two places is in neither: which of them is right?
    utterances = {name: utterance for name, utterance in utterances.items() if name not in refusals.turns}
    transcribed = _transcribed(session, refusals)
    # Where a dialogue has neither votes nor sounds, its transcript alone says what is missing.
    known = {*evaluations, *map(_dialog, session.sounds)}
    expected = {*session.sounds, *(turn for turn in transcribed if _dialog(turn) not in known)}
    for dialog, why in unreadable.items():
        for turn in [turn for turn in sorted(expected) if _dialog(turn) == dialog] or [""]:
            refusals.add(turn, "evaluation", why)
    for turn in sorted(expected - set(utterances) - set(refusals.turns)):
        refusals.add(turn, session.name, "no evaluation file has this turn")
    expected |= {*utterances, *refusals.turns}
    return Reading(
        utterances=tuple(utterances[name] for name in sorted(utterances)),
        expected=len(expected),
        refused=refusals.rows(),
        left_out={
            "turns that only the transcripts name": len(transcribed - expected),
            "annotators' lines with a 6, which means no rating": sum(turn.without_rating for turn in turns),
            "ratings of actors on themselves": sum(turn.self_ratings for turn in turns),
            "files whose names begin with '._'": session.forks,
        },
        remarks=tuple(_remarks(session, evaluations, utterances.values())),
    )


def _evaluations(session: _Session, refusals: _Refusals, unreadable: dict[str, str]) -> dict[str, Evaluation]:
    """Return the evaluation of each dialogue, its faults among the `refusals`; why one cannot be read at all, apart."""
    evaluations: dict[str, Evaluation] = {}
    for dialog, path in session.evaluations.items():
        try:
            evaluations[dialog] = read_evaluation(path)
        except ValaroError as error:
            unreadable[dialog] = str(error)
            continue
        for fault in evaluations[dialog].faults:
            refusals.add(fault.turn, f"{path}, line {fault.line}", fault.why)
    return evaluations


def _utterance(turn: Turn, session: _Session, seats: Sequence[Seats]) -> Utterance:
    """Return the turn as an utterance: the picture of the dialogue with the voice beside it, or the voice alone."""
    sound, picture = session.sounds.get(turn.name), session.pictures.get(turn.dialog)
    if sound is None and session.has_sounds:
        raise ValaroError(f"sentences/wav/{turn.dialog}/{turn.name}.wav is not there")
    if picture is None and sound is None:
        raise ValaroError("neither sound nor picture of the turn is there")
    number, _, script = turn.dialog.partition("_")
    voice = Utterance(
        id=f"{CORPUS}/{turn.name}",
        corpus=CORPUS,
        session=number[:-1],
        speaker=f"{CORPUS}/{number[:-1]}{turn.gender}",
        gender=turn.gender,
        media=sound or picture or Path(),
        ratings=turn.ratings,
        stated_means=turn.stated_means,
        script=script if script.startswith("script") else "",
    )
    if picture is None:
        return voice
    half = half_of(turn.dialog, turn.gender, seats)
    return replace(voice, media=picture, face_region=half, start=turn.start, end=turn.end, sound=sound)


def _dialog(turn: str) -> str:
    return turn.rpartition("_")[0]


def _transcribed(session: _Session, refusals: _Refusals) -> set[str]:
    """Return the turns that the transcripts name."""
    turns: set[str] = set()
    for dialog, path in session.transcripts.items():
        try:
            text = read_bytes(path).decode("utf-8", errors="replace")
        except ValaroError as error:
            refusals.add("", "transcript", str(error))
            continue
        named = (line.split(maxsplit=1)[0] for line in text.splitlines() if line.strip())
        turns |= {name for name in named if name.startswith(f"{dialog}_")}
    return turns


def _joined(problems: list[Problem]) -> Problem:
    first, *others = problems
    more = f" (and {len(others)} more: {'; '.join(f'{p.where}: {p.why}' for p in others)})" if others else ""
    return Problem(utterance=first.utterance, where=first.where, why=f"{first.why}{more}")


def _remarks(
    session: _Session, evaluations: Mapping[str, Evaluation], utterances: Iterable[Utterance]
) -> Iterator[str]:
    turns = [turn for evaluation in evaluations.values() for turn in evaluation.turns]
    unrated = sum(not turn.ratings for turn in turns)
    if unrated:
        yield f"{session.name}: {unrated} turns have no annotator's rating, they are unlabelled"
    differing = [turn.name for turn in turns if not turn.is_mean_right]
    if differing:
        yield (
            f"{session.name}: {len(differing)} turns state another mean than that of their annotators "
            f'(a study with votes = "mean" takes the stated one): {_some(differing)}'
        )
    unused = [
        f"{session.evaluations[dialog]}, line {line.line}: {line.why}"
        for dialog, evaluation in evaluations.items()
        for line in evaluation.unused
    ]
    if unused:
        yield f"{session.name}: {len(unused)} lines that are not used have another form: {_some(unused)}"
    blind = sum(utterance.face_region is None for utterance in utterances)
    if blind:
        yield f"{session.name}: {blind} turns have no picture, their sound was read"


def _some(items: Sequence[str]) -> str:
    return f"{'; '.join(items[:3])}{' ...' if len(items) > 3 else ''}"
