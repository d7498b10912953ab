"""What a reader returns of a corpus: its utterances, and a summary of everything that it met."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from valaro.errors import ValaroError, all_at_once
from valaro.records import CorpusNote, LevelTally, Problem, Utterance
from valaro.regular import why_no_folder


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Utterances, what pages must say of them, and what became of everything else."""

    utterances: tuple[Utterance, ...]
    notes: tuple[CorpusNote, ...] = ()
    unit: str = "utterance"
    """What the corpus counts: turn, clip ..."""
    expected: int | None = None
    """Units that the corpus has by another source than the one read, or that were asked for; None: it does not say."""
    rejected: tuple[Problem, ...] = ()
    """What could not be read, with file and line."""
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])
    """What was passed over on purpose: how many of each kind."""
    remarks: tuple[str, ...] = ()
    """Worth a user's look; they reject nothing."""
    tallies: tuple[LevelTally, ...] = ()
    """The levels, for the paper's Table I, where annotators rated them."""

    @property
    def is_complete(self) -> bool:
        """Whether everything that was expected was read."""
        return not self.rejected and self.expected in {None, len(self.utterances)}

    def summary(self) -> tuple[str, ...]:
        """Return what was met, one line each; nothing where all is well and the corpus does not say how many it has.

        >>> Reading(utterances=(), unit="turn", expected=2, skipped={"self-ratings": 3}).summary()
        ('2 turns expected, 0 read, 0 rejected', 'skipped: 3 self-ratings')
        """
        expected = "" if self.expected is None else f"{_counted(self.expected, self.unit)} expected, "
        read = f"{len(self.utterances) if expected else _counted(len(self.utterances), self.unit)} read"
        skipped = ", ".join(f"{count} {what}" for what, count in self.skipped.items() if count)
        return (
            *([f"{expected}{read}, {len(self.rejected)} rejected"] if expected or self.rejected else []),
            *([f"skipped: {skipped}"] if skipped else []),
            *self.remarks,
        )


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' * (count != 1)}"


def require_complete(reading: Reading, source: str) -> Reading:
    """Return the reading if it is complete.

    Raises:
        ValaroError: something was rejected or is not accounted for; all of it is named.
    """
    if reading.is_complete:
        return reading
    raise all_at_once(f"{source}: {reading.summary()[0]}", [*map(in_words, reading.rejected), *reading.remarks])


def in_words(problem: Problem) -> str:
    """Return a problem as one line of a message."""
    return f"{problem.utterance}: {problem.where}: {problem.why}"


def existing_folder(path: Path) -> Path:
    """Return the folder that a corpus lies in.

    Raises:
        ValaroError: it is not there, or no folder.
    """
    why = why_no_folder(path)
    if why:
        raise ValaroError(f"{path}: {why}")
    return path


def nothing_in(source: Path, expected: str) -> ValaroError:
    """Return the error for a folder in which a reader found nothing of its corpus."""
    return ValaroError(f"{source}: nothing of this corpus is there; expected {expected}")


FORKS = "resource forks (._*)"


def without_forks(paths: Iterable[Path]) -> tuple[list[Path], int]:
    """Return the paths in their order, and how many are `._` files, which one system leaves in copies."""
    ordered = sorted(paths)
    kept = [path for path in ordered if not path.name.startswith("._")]
    return kept, len(ordered) - len(kept)
