"""The results as blocks: checks, scores, differences, confusion, calibration, learning curves, alarms."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from valaro.analysis.alarms import AlarmRow
from valaro.analysis.calibration import CalibrationRow, calibration_rows
from valaro.analysis.differences import Difference
from valaro.analysis.results import DimensionResults, FoldRow, ModelRow
from valaro.analysis.sanity import sanity_checks
from valaro.evaluation.significance import Interval
from valaro.records import LEVELS, RunRecord
from valaro.reports import sentences
from valaro.reports.alarms import alarm_advice, alarm_words
from valaro.reports.blocks import (
    Block,
    Cell,
    Figure,
    Folded,
    Heading,
    Sentence,
    Table,
    matrices,
    speaker_notices,
    table,
    words,
)
from valaro.reports.calibration import calibration_sentence, nats
from valaro.reports.figures import curves, difference_chart, score_chart
from valaro.reports.sanity import check_name, check_words
from valaro.reports.sentences import file_name, percent, plural, points

_SCORES = (
    "All scores in percent: the mean over trainings, with its 95 % interval, and the standard deviation of the UAR "
    "over trainings (folds and seeds). Recall is taken over all test utterances together. The validation UAR chose the "
    "step to keep, so it flatters; the test UAR was never looked at in training."
)
_LINEAR = (
    "LR and SVM are linear: logistic regression and a support vector machine on the mean and deviation of each feature "
    "over an utterance. They are the rows to beat."
)
_HOW = (
    "MAP is the mean precision over the levels, a level that was never predicted counting as 0. The paper's F1 is "
    "2 · UAR · MAP / (UAR + MAP); macro F1 is the usual mean of the levels' own F1. Where annotators tie, every tied "
    "level counts as right: a hit is booked in the row of the predicted level, a miss is split evenly over the tied "
    "rows.",
    "Intervals are 95 % percentile intervals of a bootstrap with 2,000 draws over the test speakers and then over the "
    "utterances of each; a speaker that several trainings tested is drawn once for all of them. Differences use the "
    "same draw for both models. A difference whose interval includes zero, or whose p is 0.05 or more, is called “no "
    "difference shown”.",
)
_PAIRS = (
    "Not every pair is compared, but those that answer a question: a positive difference says yes. The last one sets "
    "the highest UAR against every model that it has not met above."
)
_ALONE = "Only one model was trained, or no two judged the same utterances: nothing to compare."
_CONFUSION = "test utterances of all trainings; percent of the true level (a row adds up to 100), with counts below."
_CALIBRATION = (
    "A model that says 70 % should be right in 70 of 100 cases. Dots: how often answers of a confidence are right, "
    "larger for more of them; on the dashed line they are right as often as they say, below it less. The expected "
    "calibration error is the mean distance from that line. Rings on a thin line: the same after each training's "
    "probabilities were softened or sharpened by the temperature that its own validation answers chose, which changes "
    "no answer; it stays from 0.05 to 20, since validation answers without a mistake would ask for 0. Small figures "
    "are 95 % intervals over test speakers, in the last column of the change. The highest UAR stands first."
)
_CURVES = (
    "A thin line is one training, the bold line their mean, a ring the step that was kept. Values beyond a panel's "
    "scale are drawn at its edge."
)
_NO_CURVE = " Linear models have no steps and no curve."
_ALARMS = (
    "Signs of collapse, seen while the models were trained. Nothing was left out for them: these trainings stand in "
    "all figures."
)


def _each(results: Sequence[DimensionResults], blocks: Callable[[DimensionResults], Iterable[Block]]) -> list[Block]:
    """Return the blocks of every dimension under its name."""
    return [block for item in results for block in (Heading(text=item.dimension.capitalize()), *blocks(item))]


def checks(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> list[Block]:
    """Return what was checked before the figures are believed."""
    found = sanity_checks(runs, results)
    warnings = sum(check.state != "ok" for check in found)
    text = f"{plural(warnings, 'check')} to look at before the figures are believed."
    if not warnings:
        text = f"All {plural(len(found), 'check')} are fine."
    rows = [
        (
            check_name(check, several_runs=len(runs) > 1),
            Cell(text=check.state, is_strong=check.state != "ok"),
            check_words(check),
        )
        for check in found
    ]
    return [Sentence(text=text), table((words("check"), words("state"), words("what was found")), rows)]


def scores(results: Sequence[DimensionResults]) -> list[Block]:
    """Return tables and figures of the scores, every training folded."""
    how = Folded(
        summary="How the scores and intervals are computed", blocks=tuple(Sentence(text=text) for text in _HOW)
    )
    return [*_each(results, _scores), *(block for item in results for block in _trainings(item)), how]


def _scores(results: DimensionResults) -> Iterator[Block]:
    recalls = [f"recall {level}" for level in LEVELS]
    columns = (words("model"), "UAR", "deviation", "paper's F1", "macro F1", *recalls, "validation UAR", "UAR by seed")
    columns = (*columns, "trainings", "test utterances", "training time")
    caption = f"Chance level: {percent(results.chance)} %. {_SCORES}"
    if any(row.model_result.is_linear for row in results.rows):
        caption += f" {_LINEAR}"
    yield table(columns, map(_score_row, results.rows), caption)
    yield from speaker_notices(results.speaker_normalised)
    name = results.dimension.capitalize()
    yield Figure(
        name=f"scores-{results.dimension}",
        panels=(score_chart(results),),
        label=f"{name}: UAR of each model with its 95 % interval, percent",
        caption=f"{name}, UAR in percent: mean and 95 % interval; a faint dot is one training on its test set.",
    )
    yield from speaker_notices(results.speaker_normalised)


def _score_row(row: ModelRow) -> tuple[Cell | str, ...]:
    low, high = percent(min(row.seed_uars)), percent(max(row.seed_uars))
    people = plural(row.speakers, "speaker")
    return (
        Cell(text=row.model_result.label, below=row.chosen),
        _interval(row.uar),
        percent(row.deviation),
        _interval(row.f1),
        _interval(row.macro_f1),
        *map(percent, row.recalls),
        percent(row.validation_uar),
        low if len(row.seed_uars) == 1 else f"{low} to {high}",
        Cell(
            text=str(len(row.model_result.results)),
            below=f"{plural(row.folds, 'fold')}, {plural(len(row.seed_uars), 'seed')}",
        ),
        Cell(text=sentences.thousands(row.utterances), below=people),
        sentences.duration(row.seconds),
    )


def _interval(score: Interval) -> Cell:
    return Cell(text=percent(score.value), below=sentences.span(score), is_strong=True)


def _points(difference: Interval) -> Cell:
    return Cell(text=points(difference.value), below=sentences.span_of_points(difference), is_strong=True)


def _trainings(results: DimensionResults) -> Iterator[Block]:
    columns = (words("model"), words("fold"), "seed", "test UAR, %", "paper's F1, %", "macro F1, %")
    columns = (*columns, "validation UAR, %", "test utterances", words("test speakers"), "labelled", "unlabelled")
    columns = (*columns, "left out", "chosen step", "time")
    summary = f"Every training: {results.dimension}, {plural(len(results.folds), 'row')}"
    rows = table(columns, map(_training_row, results.folds))
    yield Folded(summary=summary, blocks=(*speaker_notices(results.speaker_normalised), rows))


def _training_row(fold: FoldRow) -> tuple[Cell | str, ...]:
    result = fold.result
    absent = f"no {', '.join(fold.test.absent)}" if fold.test.absent else ""
    return (
        fold.label,
        result.fold,
        str(result.seed),
        *map(percent, (fold.test.uar, fold.test.f1, fold.test.macro_f1, fold.validation_uar)),
        Cell(text=str(fold.test.count), below=absent),
        ", ".join(sorted(set(result.test.speakers))),
        *map(str, (result.labelled, result.unlabelled, result.excluded)),
        sentences.chosen_step(result),
        sentences.duration(result.seconds),
    )


def differences(results: Sequence[DimensionResults]) -> list[Block]:
    """Return what the models score above one another."""
    return [Sentence(text=_PAIRS, is_quiet=True), *_each(results, _differences)]


def _differences(results: DimensionResults) -> Iterator[Block]:
    if not results.differences:
        yield Sentence(text=_ALONE)
        return
    yield _difference_table(results.differences)
    yield from speaker_notices(results.speaker_normalised)
    name = results.dimension.capitalize()
    yield Figure(
        name=f"differences-{results.dimension}",
        panels=(difference_chart(results.differences),),
        label=f"{name}: UAR differences with their 95 % intervals, points",
        caption=f"{name}: difference of UAR in points, each resample of the test speakers and utterances the same for "
        "both models.",
    )
    yield from speaker_notices(results.speaker_normalised)


def _difference_table(found: Sequence[Difference]) -> Table:
    columns = (words("question"), words("first − second"), "UAR, points", "paper's F1, points", "p, corrected")
    rows: list[tuple[Cell | str, ...]] = []
    for question, group in groupby(found, sentences.question_words):
        for number, d in enumerate(group):
            p = Cell(text=sentences.p_value(d.p), below=sentences.p_value(d.corrected))
            asked = question if number == 0 else ""
            rows.append((asked, sentences.pair_name(d), _points(d.uar), _points(d.f1), p, sentences.verdict(d)))
    return table((*columns, words("by UAR")), rows)


def confusion(results: Sequence[DimensionResults]) -> list[Block]:
    """Return every model's confusion matrix."""
    ties = Sentence(text="Halves and thirds of counts come from ties.", is_quiet=True)
    return [ties, *_each(results, _confusion)]


def _confusion(results: DimensionResults) -> Iterator[Block]:
    caption = f"{results.dimension.capitalize()}: {_CONFUSION}"
    yield matrices(f"confusion-{results.dimension}", results.rows, caption)
    yield from speaker_notices(results.speaker_normalised)


def calibration(results: Sequence[DimensionResults]) -> list[Block]:
    """Return what the models' probabilities are worth."""
    return [Sentence(text=_CALIBRATION, is_quiet=True), *_each(results, _calibration)]


def _calibration(results: DimensionResults) -> Iterator[Block]:
    rows = calibration_rows(results)
    columns = (words("model"), "calibration error, %", "says − keeps, points", "cross-entropy, nats", "temperature")
    columns = (*columns, "error at that temperature, %", "cross-entropy at it, nats")
    yield Sentence(text=calibration_sentence(rows))
    yield table(columns, map(_calibration_row, rows))
    yield Figure(
        name=f"reliability-{results.dimension}",
        panels=rows,
        label=f"{results.dimension.capitalize()}: how often each model is right by how sure it is",
        caption="How often answers are right (percent, up) by how sure the model is of them (percent, across).",
    )
    yield from speaker_notices(results.speaker_normalised)


def _calibration_row(row: CalibrationRow) -> tuple[Cell | str, ...]:
    error = Cell(text=percent(row.error), is_strong=True)
    gap = Cell(text=points(row.confidence_gap.value), below=sentences.span_of_points(row.confidence_gap))
    scaling = row.after_temperature_scaling
    if scaling is None:
        return (row.label, error, gap, f"{row.entropy:.3f}", "–", "–", "–")
    low, high = scaling.temperatures
    at_bounds = f"{scaling.at_bounds} of {row.trainings} at a bound" if scaling.at_bounds else ""
    temperature = Cell(text=f"{low:.2f} to {high:.2f}", below=at_bounds)
    after = Cell(text=percent(scaling.error), is_strong=True)
    entropy = Cell(text=f"{scaling.entropy:.3f}", below=nats(scaling.change))
    return (row.label, error, gap, f"{row.entropy:.3f}", temperature, after, entropy)


def curves_section(results: Sequence[DimensionResults]) -> list[Block]:
    """Return the learning curves of every network."""
    any_linear = any(row.model_result.is_linear for item in results for row in item.rows)
    return [Sentence(text=_CURVES + (_NO_CURVE if any_linear else ""), is_quiet=True), *_each(results, _curves)]


def _curves(results: DimensionResults) -> Iterator[Block]:
    taken: set[str] = set()
    for row in results.rows:
        label, colour = row.model_result.label, row.model_result.colour
        panels = () if row.model_result.is_linear else curves(row.model_result.results, colour)
        if not panels:
            if not row.model_result.is_linear:
                yield Sentence(lead=f"{label}: ", text="no learning curve was stored.")
            continue
        name = file_name(f"curves-{results.dimension}-{label}")
        # Two labels may differ in nothing that a file's name can hold.
        name = f"{name}-{colour + 1}" if name in taken else name
        taken.add(name)
        yield Figure(
            name=name,
            panels=panels,
            label=f"{label}, {results.dimension}, over training steps",
            caption=f"{label}: {plural(panels[0].trainings, 'training')}.",
        )
    yield from speaker_notices(results.speaker_normalised)


def alarms(rows: Sequence[AlarmRow]) -> list[Block]:
    """Return the signs of collapse."""
    columns = (words("model"), words("what was seen"), words("what to try"), "trainings", "first at step")
    cells = [
        (
            row.label,
            alarm_words(row),
            alarm_advice(row),
            Cell(text=f"{row.raised} of {row.trainings}", below=", ".join(row.dimensions)),
            sentences.count_range(row.steps),
        )
        for row in rows
    ]
    return [Sentence(text=_ALARMS, is_quiet=True), table(columns, cells)] if rows else []
