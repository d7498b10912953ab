"""IEMOCAP: five pairs of actors, 10,039 turns, two to four annotators' votes on each from 1 to 5; see docs/corpora.md.

What lies in `sentences/wav` is what the corpus says it has, so the summary counts against these names; where a dialogue
has neither votes nor sounds, its transcript alone says what is missing. The folders `Attribute`, `Categorical` and
`Self-evaluation` hold the same votes once more and are not read.

A dialogue is called `Ses01F_impro01` or `Ses01F_script01_1`: session, the gender of the actor who WEARS THE MARKERS,
and what they played; a turn adds the gender of the one who SPEAKS. Busso et al. 2008, "IEMOCAP: interactive emotional
dyadic motion capture database".
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
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
"""The default table of speaker positions: who wears the markers, by the dialogue's letter, sits on the left.

Such is the custom of code that others publish; nothing in the release says so.
"""


def read_iemocap(folder: Path, options: IemocapOptions = IemocapOptions()) -> Reading:
    """Read the release (the folder with `Session1` ... in it) into utterances with every annotator's votes.

    Raises:
        ValaroError: no session with a turn is there, or the table of speaker positions has faults, a row that matches
            no dialogue among them.
    """
    sessions = [_Session(path) for path in sorted(existing_folder(folder).glob("Session[0-9]*")) if path.is_dir()]
    if not sessions:
        raise nothing_in(folder, "the folders Session1 to Session5 of the release")
    positions = [MARKERS_LEFT]
    if options.speaker_positions is not None:
        dialogs = {name for session in sessions for name in (*session.evaluations, *session.pictures)}
        # A user's row holds, be it shorter than one of the default's.
        positions.insert(0, dict(read_speaker_positions(options.speaker_positions, dialogs)))
    readings = [session.read(positions) for session in sessions]
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


def _release_remarks(sessions: int, utterances: Sequence[Utterance], options: IemocapOptions) -> Iterator[str]:
    if sessions == SESSIONS and len(utterances) != TURNS:
        yield f"all five sessions are there, but {len(utterances)} turns instead of the release's {TURNS}"
    if options.speaker_positions is None and any(utterance.face_region for utterance in utterances):
        yield (
            "who sits on the left is assumed, not known (the actor with the markers): "
            "`valaro check --mouths` looks, --speaker-positions TABLE corrects"
        )


class _Session:
    """What lies in a session's folder, and what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        dialog, wav = folder / "dialog", folder / "sentences" / "wav"
        self.name, self.has_sounds, self.forks = folder.name, wav.is_dir(), 0
        # By dialogue, and sounds by turn.
        self.evaluations = self._files(dialog / "EmoEvaluation", "*.txt")
        self.pictures = self._files(dialog / "avi" / "DivX", "*.avi")
        self.transcripts = self._files(dialog / "transcriptions", "*.txt")
        self.sounds = self._files(wav, "*/*.wav")
        self._rejected: dict[str, list[Problem]] = {}

    def _files(self, folder: Path, pattern: str) -> dict[str, Path]:
        paths, forks = without_forks(folder.glob(pattern))
        self.forks += forks
        return {path.stem: path for path in paths if path.is_file()}

    def _reject(self, turn: str, where: str, why: str) -> None:
        """Note a fault; `turn` is empty where it belongs to none."""
        problem = Problem(utterance=f"{CORPUS}/{turn}" if turn else CORPUS, where=where, why=why)
        self._rejected.setdefault(turn, []).append(problem)

    def read(self, positions: Sequence[SpeakerPositions]) -> Reading:
        """Read the session: every turn that it has becomes an utterance or a Problem, never both and never neither."""
        unreadable: dict[str, str] = {}
        evaluations = self._evaluations(unreadable)
        turns = [turn for evaluation in evaluations.values() for turn in evaluation.turns]
        utterances = self._utterances(turns, positions)
        transcribed = self._transcribed()
        known = {*evaluations, *map(_dialog, self.sounds)}
        expected = {*self.sounds, *(turn for turn in transcribed if _dialog(turn) not in known)}
        for dialog, why in unreadable.items():
            for turn in [turn for turn in sorted(expected) if _dialog(turn) == dialog] or [""]:
                self._reject(turn, "evaluation", why)
        for turn in sorted(expected - set(utterances) - set(self._rejected)):
            self._reject(turn, self.name, "no evaluation file has this turn")
        strays = self._rejected.pop("", [])
        expected |= {*utterances, *self._rejected}
        return Reading(
            utterances=tuple(utterances[name] for name in sorted(utterances)),
            expected=len(expected),
            rejected=(*(_joined(self._rejected[turn]) for turn in sorted(self._rejected)), *strays),
            skipped={
                "turns that only the transcripts name": len(transcribed - expected),
                "annotators' lines with a 6, which means no rating": sum(turn.without_rating for turn in turns),
                "ratings of actors on themselves": sum(turn.self_ratings for turn in turns),
                FORKS: self.forks,
            },
            remarks=tuple(self._remarks(evaluations, utterances)),
        )

    def _evaluations(self, unreadable: dict[str, str]) -> dict[str, Evaluation]:
        """Return the evaluation of each dialogue; why one cannot be read at all goes into `unreadable`."""
        evaluations: dict[str, Evaluation] = {}
        for dialog, path in self.evaluations.items():
            try:
                evaluations[dialog] = read_evaluation(path)
            except ValaroError as error:
                unreadable[dialog] = str(error)
                continue
            for fault in evaluations[dialog].faults:
                self._reject(fault.turn, f"{path}, line {fault.line}", fault.why)
        return evaluations

    def _utterances(self, turns: Sequence[Turn], positions: Sequence[SpeakerPositions]) -> dict[str, Utterance]:
        utterances: dict[str, Utterance] = {}
        for turn in turns:
            try:
                utterances[turn.name] = self._utterance(turn, positions)
            except ValaroError as error:
                self._reject(turn.name, str(self.evaluations[turn.dialog]), str(error))
        # A turn that stands in two places is in neither: which of them is right?
        return {name: utterance for name, utterance in utterances.items() if name not in self._rejected}

    def _utterance(self, turn: Turn, positions: Sequence[SpeakerPositions]) -> Utterance:
        """Return the turn as an utterance: the picture of the dialogue with the voice beside it, or the voice alone."""
        sound, picture = self.sounds.get(turn.name), self.pictures.get(turn.dialog)
        if sound is None and self.has_sounds:
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

    def _transcribed(self) -> set[str]:
        """Return the turns that the transcripts name, in which lines of cues have no turn's name."""
        turns: set[str] = set()
        for dialog, path in self.transcripts.items():
            try:
                text = read_bytes(path).decode("utf-8", errors="replace")
            except ValaroError as error:
                self._reject("", "transcript", str(error))
                continue
            named = (line.split(maxsplit=1)[0] for line in text.splitlines() if line.strip())
            turns |= {name for name in named if name.startswith(f"{dialog}_")}
        return turns

    def _remarks(self, evaluations: dict[str, Evaluation], utterances: dict[str, Utterance]) -> Iterator[str]:
        turns = [turn for evaluation in evaluations.values() for turn in evaluation.turns]
        differing = [turn.name for turn in turns if not turn.is_mean_right]
        unused = [
            f"{self.evaluations[dialog]}, line {line.line}: {line.why}"
            for dialog, evaluation in evaluations.items()
            for line in evaluation.unused
        ]
        for count, what in (
            (sum(not turn.ratings for turn in turns), "turns have no annotator's rating, they are unlabelled"),
            (
                len(differing),
                "turns state another mean than that of their annotators "
                f'(a study with votes = "mean" takes the stated one): {_some(differing)}',
            ),
            (len(unused), f"lines that are not used have another form: {_some(unused)}"),
            (
                sum(utterance.face_region is None for utterance in utterances.values()),
                "turns have no picture, their sound was read",
            ),
        ):
            if count:
                yield f"{self.name}: {count} {what}"


def _joined(problems: Sequence[Problem]) -> Problem:
    """Return what is wrong with a turn as one row."""
    first, *others = problems
    more = f" (and {len(others)} more: {'; '.join(f'{p.where}: {p.why}' for p in others)})" if others else ""
    return replace(first, why=f"{first.why}{more}")


def _dialog(turn: str) -> str:
    return turn.rpartition("_")[0]


def _some(items: Sequence[str]) -> str:
    return f"{'; '.join(items[:3])}{' ...' if len(items) > 3 else ''}"
