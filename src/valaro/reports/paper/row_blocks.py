"""A table of the paper with our rows beside its own."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from valaro.analysis.paper.claims import on_validation
from valaro.analysis.paper.matching import Run
from valaro.analysis.paper.numbers import PaperRow
from valaro.analysis.paper.parts import PaperPart
from valaro.analysis.results import ModelRow, deviation_of
from valaro.evaluation.interval import Interval
from valaro.evaluation.scores import score
from valaro.records import Dimension
from valaro.reports import formats, sentences
from valaro.reports.blocks import Block, Cell, table, words
from valaro.reports.paper.verdicts import absence_words


def row_blocks(part: PaperPart, dimension: Dimension, run: Run) -> list[Block]:
    """Return the paper's table with our rows beside its own."""
    if not part.rows:
        return []
    has_f1 = any(row.f1 is not None for row in part.rows)
    has_parts = any(row.part == "validation" for row in part.rows)
    columns = [words("the paper's row"), *([words("on")] if has_parts else []), "paper's UAR, %", "our UAR, %"]
    columns += ["difference, points"]
    columns += ["paper's gap, points", "our gap, points"] if has_parts else []
    columns += [*(["paper's F1, %", "our F1, %", "difference, points"] if has_f1 else [])]
    lines: list[tuple[Cell | str, ...]] = []
    speaker_wise: list[str] = []
    for row in part.rows:
        standing = run.standing_for(dimension, (row.method, row.features))
        for ours in standing or (None,):
            name = Cell(text=row.name, below=_label(row, ours, run, dimension))
            gap = _gap(part.rows, row, ours) if has_parts else ()
            lines.append((name, *([row.part] if has_parts else []), *_scores(row, ours, gap, has_f1=has_f1)))
        speaker_wise += [ours.model_result.model for ours in standing if ours.model_result.speaker_normalised]
    caption = (
        "Ours: mean ± standard deviation over the trainings (folds × seeds), with the 95 % interval; the "
        "difference is ours minus the paper's."
        + (" The gap is validation minus test, reckoned from the UARs of both." if has_parts else "")
    )
    return [replace(table(columns, lines, caption), note=sentences.speaker_note(speaker_wise))]


def _label(row: PaperRow, ours: ModelRow | None, run: Run, dimension: Dimension) -> str:
    """Return what stands below the paper's name of a row: our model's label, or why there is none, and remarks."""
    if row.is_quoted:
        return row.remark
    said = ours.model_result.model if ours else absence_words(run.why_absent(dimension, (row.method, row.features)))
    return f"{said}; {row.remark}" if row.remark else said


def _gap(rows: Sequence[PaperRow], row: PaperRow, ours: ModelRow | None) -> tuple[str, str]:
    """Return the paper's and our gap, mean and deviation over the trainings, in a row of the test; else dashes."""
    if row.part != "test":
        return "–", "–"
    pair = {other.part: other.uar for other in rows if (other.method, other.features) == (row.method, row.features)}
    validation, test = pair.get("validation"), pair["test"]
    paper = "–" if validation is None or test is None else f"{validation - test:+.2f}".replace("-", "−")
    kept = [result for result in ours.model_result.results if result.validation.ids] if ours else []
    if not kept:
        return paper, "–"
    gaps = [score(result.validation).uar - score(result.test).uar for result in kept]
    return paper, f"{formats.points(fmean(gaps))} ± {formats.percent(deviation_of(gaps))}"


def _scores(row: PaperRow, ours: ModelRow | None, gap: tuple[str, ...], *, has_f1: bool) -> tuple[Cell | str, ...]:
    cells = (*_beside(row.uar, _measured(row, ours, "uar"), strong=True), *gap)
    return (*cells, *(_beside(row.f1, _measured(row, ours, "f1"), strong=False) if has_f1 else ()))


def _measured(row: PaperRow, ours: ModelRow | None, metric: str) -> tuple[Interval, float] | None:
    """Return our score with its interval and its standard deviation over the trainings."""
    if ours is None:
        return None
    model_result = on_validation(ours.model_result) if row.part == "validation" else ours.model_result
    if not model_result.results:
        return None
    scores = [score(result.test) for result in model_result.results]
    if metric == "uar":
        return model_result.resamples.interval("uar"), deviation_of([s.uar for s in scores])
    return model_result.resamples.interval("f1"), deviation_of([s.f1 for s in scores])


def _beside(printed: float | None, measured: tuple[Interval, float] | None, *, strong: bool) -> tuple[Cell | str, ...]:
    paper = "–" if printed is None else f"{printed:.2f}"
    if measured is None:
        return paper, "–", "–"
    interval, deviation = measured
    ours = Cell(
        text=f"{formats.percent(interval.value)} ± {formats.percent(deviation)}",
        below=formats.span(interval),
        is_strong=strong,
    )
    return paper, ours, "–" if printed is None else formats.points(interval.value - printed / 100)
