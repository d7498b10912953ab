"""What a reader brings home from a corpus: its utterances, and an account of everything it met on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from valaro.errors import ValaroError, all_at_once
from valaro.records import CorpusNote, LevelTally, Problem, Utterance
from valaro.regular import why_no_folder


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Utterances, what pages must say of them, and the account.

    `expected` is how many `units` (turns, clips ...) the corpus itself says it has, by another source than the one read
    (None: it does not say), or how many were asked for; `refused` are those that could not be read, with file and line;
    `left_out` counts what was passed over on purpose, by what it is; `remarks` are worth a user's look and refuse
    nothing. `tallies` count the levels where annotators rated them, for the paper's Table I.
    """

    utterances: tuple[Utterance, ...]
    notes: tuple[CorpusNote, ...] = ()
    units: str = "utterances"
    expected: int | None = None
    refused: tuple[Problem, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    remarks: tuple[str, ...] = ()
    tallies: tuple[LevelTally, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether everything that was expected was read."""
        return not self.refused and self.expected in {None, len(self.utterances)}

    def account(self) -> tuple[str, ...]:
        """Return what was met, a line each; nothing where all is as it should be and the corpus says no number.

        >>> Reading(utterances=(), units="turns", expected=2, left_out={"self-ratings": 3}).account()
        ('2 turns expected, 0 read, 0 refused', 'left out: 3 self-ratings')
        """
        expected = "" if self.expected is None else f"{self.expected} {self.units} expected, "
        read = f"{len(self.utterances)} {'' if expected else self.units + ' '}read"
        left_out = [f"{count} {what}" for what, count in self.left_out.items() if count]
        has_count = bool(expected or self.refused)
        return (
            *([f"{expected}{read}, {len(self.refused)} refused"] if has_count else []),
            *([f"left out: {', '.join(left_out)}"] if left_out else []),
            *self.remarks,
        )


def strictly(reading: Reading, source: str) -> Reading:
    """Return the reading if it is complete.

    Raises:
        ValaroError: something was refused or is not accounted for; all of it is named.
    """
    if reading.is_complete:
        return reading
    faults = [f"{problem.utterance}: {problem.where}: {problem.why}" for problem in reading.refused]
    raise all_at_once(f"{source}: {reading.account()[0]}", [*faults, *reading.remarks])


def existing_folder(path: Path) -> Path:
    """Return the folder that a corpus lies in.

    Raises:
        ValaroError: it is not there, or no folder.
    """
    why = why_no_folder(path)
    if why:
        raise ValaroError(f"{path}: {why}")
    return path


def nothing_in(source: str, expected: str) -> ValaroError:
    """Return the error for a folder in which a reader found nothing of its corpus."""
    return ValaroError(f"{source}: nothing of this corpus is there; expected {expected}")
