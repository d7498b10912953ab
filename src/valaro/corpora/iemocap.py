"""IEMOCAP: five pairs of actors, 10,039 turns, two to four annotators' votes on each from 1 to 5.

The release has a folder a session. Read are, in each,

- `dialog/EmoEvaluation/<dialog>.txt`: times, votes and their means (see iemocap_turns.py). Raters E1, E2 ... are
  annotators; F1, M1 ... are the actors on themselves, who are no annotators: skipped and counted. A 6 is no rating and
  no vote, but the means in the file count it, and they alone give the paper's Table I. The folders `Attribute`,
  `Categorical` and `Self-evaluation` beside these files hold the same votes once more and are not read.
- `sentences/wav/<dialog>/<turn>.wav`: the voice, a file a turn. What lies there is what the corpus says it has, so the
  summary counts against these names.
- `dialog/avi/DivX/<dialog>.avi`: both actors in one picture, side by side. A copy without pictures is read as sound.
- `dialog/transcriptions/<dialog>.txt`: `turn [start-end]: words`; lines of cues without a turn's name are passed over.
  Turns that stand there alone were rated by nobody (46 in the release): skipped and counted. Where a dialogue has
  neither votes nor sounds, they are what is missing.

A dialogue is called `Ses01F_impro01` or `Ses01F_script01_1`: session, the gender of the actor who WEARS THE MARKERS,
and what they played; a turn adds the gender of the one who SPEAKS. The actor with the markers sits on the left of the
picture: such is the custom of code that others publish; nothing in the release says so, and a table of one's own
replaces it. The scripted dialogues are played in every session, so that their words stand in training and in test.

Busso et al. 2008, "IEMOCAP: interactive emotional dyadic motion capture database".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from valaro.corpora.iemocap_turns import Evaluation, Turn, read_bytes, read_evaluation
from valaro.corpora.options import IemocapOptions
from valaro.corpora.reading import FORKS, Reading, existing_folder, nothing_in, without_forks
from valaro.corpora.speaker_positions import SpeakerPositions, half_of, read_speaker_positions
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
"""The default table of speaker positions: who wears the markers, by the dialogue's letter, sits on the left."""


@dataclass(frozen=True, kw_only=True)
class _Session:
    """What lies in a session's folder."""

    name: str
    evaluations: dict[str, Path]
    """By dialogue, as pictures and transcripts are."""
    pictures: dict[str, Path]
    transcripts: dict[str, Path]
    sounds: dict[str, Path]
    """By turn."""
    has_sounds: bool
    forks: int


@dataclass(kw_only=True)
class _Rejections:
    """What is wrong with each turn, and with what belongs to no turn."""

    turns: dict[str, list[Problem]] = field(default_factory=dict[str, list[Problem]])
    strays: list[Problem] = field(default_factory=list[Problem])

    def add(self, turn: str, where: str, why: str) -> None:
        """Note a fault; `turn` is empty where it belongs to none."""
        problem = Problem(utterance=f"{CORPUS}/{turn}" if turn else CORPUS, where=where, why=why)
        (self.turns.setdefault(turn, []) if turn else self.strays).append(problem)

    def rows(self) -> tuple[Problem, ...]:
        """Return one row per turn, with all its faults, and the strays."""
        return (*(_joined(self.turns[name]) for name in sorted(self.turns)), *self.strays)


def _joined(problems: Sequence[Problem]) -> Problem:
    first, *others = problems
    more = f" (and {len(others)} more: {'; '.join(f'{p.where}: {p.why}' for p in others)})" if others else ""
    return replace(first, why=f"{first.why}{more}")


def read_iemocap(folder: Path, options: IemocapOptions = IemocapOptions()) -> Reading:
    """Read the release (the folder with `Session1` ... in it) into utterances with every annotator's votes.

    Raises:
        ValaroError: no session with a turn is there, or the table of speaker positions has faults, a row that matches
            no dialogue among them.
    """
    sessions = [_list_files(path) for path in sorted(existing_folder(folder).glob("Session[0-9]*")) if path.is_dir()]
    if not sessions:
        raise nothing_in(folder, "the folders Session1 to Session5 of the release")
    positions = _position_tables(sessions, options)
    readings = [_read_session(session, positions) for session in sessions]
    if not any(reading.expected or reading.rejected for reading in readings):
        raise nothing_in(folder, f"turns in {sessions[0].name}/dialog/EmoEvaluation and in the sessions beside it")
    utterances = tuple(chain.from_iterable(reading.utterances for reading in readings))
    return Reading(
        utterances=utterances,
        unit="turn",
        expected=sum(reading.expected or 0 for reading in readings),
        rejected=tuple(chain.from_iterable(reading.rejected for reading in readings)),
        skipped=sum((Counter(reading.skipped) for reading in readings), Counter[str]()),
        remarks=(
            *chain.from_iterable(reading.remarks for reading in readings),
            *_release_remarks(len(sessions), utterances, options),
        ),
        tallies=level_tallies(utterances),
    )


def _position_tables(sessions: Sequence[_Session], options: IemocapOptions) -> list[SpeakerPositions]:
    """Return the user's table and the default one: a user's row holds, be it shorter than one of the default's."""
    if options.speaker_positions is None:
        return [MARKERS_LEFT]
    dialogs = {name for session in sessions for name in (*session.evaluations, *session.pictures)}
    return [read_speaker_positions(options.speaker_positions, dialogs), MARKERS_LEFT]


def _release_remarks(sessions: int, utterances: Sequence[Utterance], options: IemocapOptions) -> Iterator[str]:
    if sessions == SESSIONS and len(utterances) != TURNS:
        yield f"all five sessions are there, but {len(utterances)} turns instead of the release's {TURNS}"
    if options.speaker_positions is None and any(utterance.face_region for utterance in utterances):
        yield (
            "who sits on the left is assumed, not known (the actor with the markers): "
            "`valaro check --mouths` looks, --speaker-positions TABLE corrects"
        )


def _list_files(folder: Path) -> _Session:
    dialog, wav = folder / "dialog", folder / "sentences" / "wav"
    patterns = (
        (dialog / "EmoEvaluation", "*.txt"),
        (dialog / "avi" / "DivX", "*.avi"),
        (dialog / "transcriptions", "*.txt"),
        (wav, "*/*.wav"),
    )
    listed = [without_forks(parent.glob(pattern)) for parent, pattern in patterns]
    evaluations, pictures, transcripts, sounds = (
        {path.stem: path for path in paths if path.is_file()} for paths, _ in listed
    )
    return _Session(
        name=folder.name,
        evaluations=evaluations,
        pictures=pictures,
        transcripts=transcripts,
        sounds=sounds,
        has_sounds=wav.is_dir(),
        forks=sum(forks for _, forks in listed),
    )


def _read_session(session: _Session, positions: Sequence[SpeakerPositions]) -> Reading:
    """Read a session: every turn that it has becomes an utterance or a Problem, never both and never neither."""
    rejections, unreadable = _Rejections(), dict[str, str]()
    evaluations = _evaluations(session, rejections, unreadable)
    turns = [turn for evaluation in evaluations.values() for turn in evaluation.turns]
    utterances = _utterances(turns, session, positions, rejections)
    transcribed = _transcribed(session, rejections)
    # Where a dialogue has neither votes nor sounds, its transcript alone says what is missing.
    known = {*evaluations, *map(_dialog, session.sounds)}
    expected = {*session.sounds, *(turn for turn in transcribed if _dialog(turn) not in known)}
    for dialog, why in unreadable.items():
        for turn in [turn for turn in sorted(expected) if _dialog(turn) == dialog] or [""]:
            rejections.add(turn, "evaluation", why)
    for turn in sorted(expected - set(utterances) - set(rejections.turns)):
        rejections.add(turn, session.name, "no evaluation file has this turn")
    expected |= {*utterances, *rejections.turns}
    return Reading(
        utterances=tuple(utterances[name] for name in sorted(utterances)),
        expected=len(expected),
        rejected=rejections.rows(),
        skipped={
            "turns that only the transcripts name": len(transcribed - expected),
            "annotators' lines with a 6, which means no rating": sum(turn.without_rating for turn in turns),
            "ratings of actors on themselves": sum(turn.self_ratings for turn in turns),
            FORKS: session.forks,
        },
        remarks=tuple(_remarks(session, evaluations, utterances.values())),
    )


def _evaluations(session: _Session, rejections: _Rejections, unreadable: dict[str, str]) -> dict[str, Evaluation]:
    """Return the evaluation of each dialogue, its faults in `rejections`; why one cannot be read at all, apart."""
    evaluations: dict[str, Evaluation] = {}
    for dialog, path in session.evaluations.items():
        try:
            evaluations[dialog] = read_evaluation(path)
        except ValaroError as error:
            unreadable[dialog] = str(error)
            continue
        for fault in evaluations[dialog].faults:
            rejections.add(fault.turn, f"{path}, line {fault.line}", fault.why)
    return evaluations


def _utterances(
    turns: Iterable[Turn], session: _Session, positions: Sequence[SpeakerPositions], rejections: _Rejections
) -> dict[str, Utterance]:
    utterances: dict[str, Utterance] = {}
    for turn in turns:
        try:
            utterances[turn.name] = _utterance(turn, session, positions)
        except ValaroError as error:
            rejections.add(turn.name, str(session.evaluations[turn.dialog]), str(error))
    # A turn that stands in two places is in neither: which of them is right?
    return {name: utterance for name, utterance in utterances.items() if name not in rejections.turns}


def _utterance(turn: Turn, session: _Session, positions: Sequence[SpeakerPositions]) -> Utterance:
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
    half = half_of(turn.dialog, turn.gender, positions)
    return replace(voice, media=picture, face_region=half, start=turn.start, end=turn.end, sound=sound)


def _dialog(turn: str) -> str:
    return turn.rpartition("_")[0]


def _transcribed(session: _Session, rejections: _Rejections) -> set[str]:
    """Return the turns that the transcripts name."""
    turns: set[str] = set()
    for dialog, path in session.transcripts.items():
        try:
            text = read_bytes(path).decode("utf-8", errors="replace")
        except ValaroError as error:
            rejections.add("", "transcript", str(error))
            continue
        named = (line.split(maxsplit=1)[0] for line in text.splitlines() if line.strip())
        turns |= {name for name in named if name.startswith(f"{dialog}_")}
    return turns


def _remarks(session: _Session, evaluations: dict[str, Evaluation], utterances: Iterable[Utterance]) -> Iterator[str]:
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
