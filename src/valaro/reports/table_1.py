"""How a corpus's levels are counted, beside the paper's Table I: as a table, and as a line for a terminal."""

from collections.abc import Iterable

from valaro.labels.table_1 import PAPER, PAPER_CORPUS
from valaro.records import DIMENSIONS, LEVELS, CorpusSummary, LevelTally
from valaro.reports.blocks import Cell, Table, table, words
from valaro.reports.formats import percent, plural, thousands

Counts = tuple[int, int, int]

CAPTION = (
    "How many utterances have each level, in percent and number. By mean vote: the mean of an utterance's votes "
    "becomes a level, as in the paper's Table I. By soft label: each vote becomes a level, and the most frequent one "
    "counts; an utterance whose annotators tie counts in each of its levels, so that the numbers may add up to more "
    "than the utterances."
)


def level_table(corpora: Iterable[CorpusSummary], *, is_paper_study: bool = False) -> Table | None:
    """Return how the levels of the corpora are counted; None where both ways are the same, each label being one vote.

    A study of the paper's, and IEMOCAP, stand below what the paper prints.
    """
    tallies = [tally for corpus in corpora for tally in corpus.tallies]
    shown = tallies if is_paper_study else several_votes(tallies)
    has_paper = is_paper_study or any(tally.corpus == PAPER_CORPUS for tally in shown)
    rows: list[tuple[Cell | str, ...]] = []
    for dimension in DIMENSIONS:
        inside = [tally for tally in shown if tally.dimension == dimension]
        if inside and has_paper:
            rows.append(_row(f"{dimension}, the paper (Table I)", "mean vote", PAPER[dimension], sum(PAPER[dimension])))
        for tally in inside:
            name = f"{dimension}, {tally.corpus}"
            rows += [
                _row(name, f"mean vote{_verdict(tally)}", tally.by_mean, tally.utterances),
                _row(name, "soft label", tally.by_soft_label, tally.utterances),
            ]
    columns = (words("labels"), words("counted by"), *(f"{level}, %" for level in LEVELS), "utterances")
    return table(columns, rows, CAPTION) if rows else None


def level_line(tally: LevelTally) -> str:
    """Return the same as a line.

    >>> counted = {"by_mean": (1, 2, 0), "by_soft_label": (2, 2, 0), "ties": 1}
    >>> level_line(LevelTally(corpus="c", dimension="arousal", utterances=3, votes=7, **counted))
    'c, arousal, low/medium/high of 3 utterances: by mean vote 1/2/0; by soft label 2/2/0 (1 tie, in each of its \
levels)'
    """
    ties = f" ({plural(tally.ties, 'tie')}, in each of its levels)" if tally.ties else ""
    paper = "" if tally.paper is None else f" (the paper's Table I: {_slashed(tally.paper)}{_verdict(tally)})"
    return (
        f"{tally.corpus}, {tally.dimension}, {'/'.join(LEVELS)} of {plural(tally.utterances, 'utterance')}: "
        f"by mean vote {_slashed(tally.by_mean)}{paper}; by soft label {_slashed(tally.by_soft_label)}{ties}"
    )


def several_votes(tallies: Iterable[LevelTally]) -> list[LevelTally]:
    """Return those with several votes an utterance: of one vote each, both ways of counting are the same."""
    return [tally for tally in tallies if tally.votes > tally.utterances]


def _verdict(tally: LevelTally) -> str:
    if tally.paper is None:
        return ""
    return ", as the paper's" if tally.by_mean == tally.paper else ", NOT the paper's"


def _row(name: str, counted_by: str, counts: Counts, utterances: int) -> tuple[Cell | str, ...]:
    cells = (Cell(text=percent(count / utterances), below=thousands(count)) for count in counts)
    return (name, counted_by, *cells, thousands(utterances))


def _slashed(counts: Counts) -> str:
    return "/".join(map(str, counts))
