"""The section that sets runs of the paper's studies beside what the paper prints."""

from collections.abc import Sequence

from valaro.analysis.paper.claims import Verdict, judge
from valaro.analysis.paper.matching import Run, runs_of
from valaro.analysis.paper.parts import BY_NAME, ORDER, PaperPart
from valaro.analysis.results import DimensionResults
from valaro.records import DIMENSIONS, Dimension, RunRecord
from valaro.reports.blocks import Block, Heading, Notice, Sentence, Table, table, words
from valaro.reports.paper.conditions import conditions
from valaro.reports.paper.face_blocks import face_blocks
from valaro.reports.paper.figure_blocks import chart_blocks, matrix_blocks
from valaro.reports.paper.row_blocks import row_blocks
from valaro.reports.paper.verdicts import verdict_sentences

_ALIKE = (
    "The paper's conditions: data, counts of utterances and samples, sessions, who of them tests, seeds, and every "
    "setting of preset paper are as there."
)


def beside_paper(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> tuple[Block, ...]:
    """Return a part a run that is one of the paper's studies, in the order of the paper; empty without one."""
    known = [run for run in runs_of(runs, results) if run.record.paper in BY_NAME]
    blocks: list[Block] = []
    shown_for: dict[Table, str] = {}
    for run in sorted(known, key=lambda run: ORDER[run.record.paper]):
        part = BY_NAME[run.record.paper]
        blocks.append(Heading(text=f"{part.heading} ({run.record.name})"))
        blocks += [*_conditions(part, run, shown_for), *_part(part, run, known, results)]
    return tuple(blocks)


def axis_of(run: RunRecord) -> str:
    """Return the varied setting that the run's figure of the paper shows; empty where it shows none."""
    return BY_NAME[run.paper].axis if run.paper in BY_NAME else ""


def _conditions(part: PaperPart, run: Run, shown_for: dict[Table, str]) -> list[Block]:
    """Return what is other than in the paper; where an earlier part had the same, its name stands for it."""
    differing = conditions(run.record)
    rows = [(condition.what, condition.paper, condition.here) for condition in differing]
    blocks: list[Block] = []
    if rows:
        shown = table((words("what differs"), words("in the paper"), words("here")), rows)
        before = shown_for.setdefault(shown, part.number)
        is_new = before == part.number
        text = "What differs stands below." if is_new else f"What differs is what differs for {before}."
        blocks += [Notice(lead="Not the paper's conditions. ", text=text), *([shown] if is_new else [])]
    else:
        blocks.append(Sentence(text=_ALIKE, is_quiet=True))
    return blocks


def _part(part: PaperPart, run: Run, runs: Sequence[Run], results: Sequence[DimensionResults]) -> list[Block]:
    blocks: list[Block] = []
    dimensions: Sequence[Dimension] = (
        (part.dimension,) if part.dimension else [d for d in DIMENSIONS if run.rows.get(d)]
    )
    verdicts: list[Verdict] = []
    for dimension in dimensions:
        blocks += [*row_blocks(part, dimension, run), *face_blocks(part, dimension, run, verdicts)]
        blocks += [*matrix_blocks(part, dimension, run), *chart_blocks(part, dimension, run, results, verdicts)]
        verdicts += [verdict for claim in part.claims for verdict in judge(claim, dimension, run, runs)]
    blocks += [Sentence(text=remark, is_quiet=True) for remark in part.remarks]
    if verdicts:
        blocks.append(
            Sentence(
                text="What the paper's figures say and ours judge: a claim holds where the 95 % interval of the paired "
                "difference of UAR lies above zero, does not where it lies below, and cannot be judged where it "
                "includes zero. The intervals are not corrected for their number.",
                is_quiet=True,
            )
        )
        blocks += verdict_sentences(verdicts)
    return blocks
