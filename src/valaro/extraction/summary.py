"""How an extraction ended: counts of utterances, and a table of every problem beside the store."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from valaro.extraction.plan import Versions
from valaro.files import check_replaceable, write_page
from valaro.records import Problem, Utterance
from valaro.spreadsheet import csv_text
from valaro.store.shard import Shard

_FIRST = ("utterance", "where", "why")
COLUMNS = (*_FIRST, "is_remark")


@dataclass(frozen=True, kw_only=True)
class ExtractionSummary:
    """What an extraction ended with, in utterances: `requested` = `complete` + `partial` + `failed`.

    `skipped_existing` of them were there before, failed ones included. `problems` are all that the store knows of the
    requested ones; a complete utterance may have some too. A recording that has no picture or no sound is complete
    with what it has.
    """

    requested: int
    complete: int
    partial: int
    failed: int
    skipped_existing: int
    problems: tuple[Problem, ...]

    @property
    def faults(self) -> tuple[Problem, ...]:
        """The problems that are more than a remark, or a recording's having no sound or no picture."""
        return tuple(problem for problem in self.problems if problem.is_fault)

    def without(self, modality: str) -> int:
        """Return how many utterances' recordings have no `sound` or `picture`."""
        return len({p.utterance for p in self.problems if p.is_absence and p.where == modality})


def summarise(
    shards: Sequence[Shard], utterances: Sequence[Utterance], asked: Versions, skipped: int
) -> ExtractionSummary:
    """Count what the shards hold of the features asked of `utterances`, `skipped` of which were there before."""
    stored: dict[str, set[str]] = defaultdict(set)
    problems: dict[str, set[Problem]] = defaultdict(set)
    for entry in (entry for shard in shards for entry in shard.entries):
        stored[entry.utterance].update(block.name for block in entry.blocks if block.rows)
        problems[entry.utterance].update(entry.listed_problems())
    wanted = {name for name, _ in asked}
    counts = [
        len(wanted) if stored[name] & wanted and _has_all(problems[name]) else len(stored[name] & wanted)
        for name in (utterance.id for utterance in utterances)
    ]
    return ExtractionSummary(
        requested=len(utterances),
        complete=sum(count == len(wanted) for count in counts),
        partial=sum(0 < count < len(wanted) for count in counts),
        failed=sum(count == 0 for count in counts),
        skipped_existing=skipped,
        problems=tuple(
            problem
            for utterance in utterances
            for problem in sorted(problems[utterance.id], key=attrgetter("where", "why"))
        ),
    )


def _has_all(problems: set[Problem]) -> bool:
    """Whether what is missing was never in the recording."""
    return any(problem.is_absence for problem in problems) and not any(problem.is_fault for problem in problems)


def problem_table(store: Path) -> Path:
    """Return where the table of a store lies: beside it, so that the store's own files say nothing of a run.

    Raises:
        ValaroError: a file of a user's is there.
    """
    store = store.resolve()
    path = store.with_name(f"{store.name}.problems.csv")
    check_replaceable(path, ",".join(_FIRST))
    return path


def write_problems(path: Path, problems: Sequence[Problem]) -> None:
    """Write one row per problem; without any, a table of before is removed."""
    if not problems:
        path.unlink(missing_ok=True)
        return
    rows = ((problem.utterance, problem.where, problem.why, str(problem.is_remark).lower()) for problem in problems)
    write_page(path, csv_text(COLUMNS, rows))
