"""The results as blocks: checks, scores, differences, confusion, calibration, learning curves, alarms."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from valaro.analysis.alarms import AlarmRow
from valaro.analysis.calibration import CalibrationRow, TemperatureScaling, calibration_rows
from valaro.analysis.differences import Difference
from valaro.analysis.results import DimensionResults, FoldRow, ModelRow
from valaro.analysis.sanity import SanityCheck, sanity_checks
from valaro.records import LEVELS, RunRecord
from valaro.reports import formats, sentences
from valaro.reports.alarms import alarm_advice, alarm_words
from valaro.reports.blocks import (
    Block,
    Cell,
    Columns,
    Figure,
    Folded,
    Heading,
    Notice,
    Sentence,
    matrices,
    points_cell,
    score_cell,
    table_of,
    words,
)
from valaro.reports.calibration import calibration_sentence, nats
from valaro.reports.figures import curves, difference_chart, score_chart
from valaro.reports.formats import file_name, percent, plural
from valaro.reports.sanity import check_name, check_words
from valaro.reports.sentences import speaker_note

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
    outcomes = sanity_checks(runs, results)
    warnings = sum(check.state != "ok" for check in outcomes)
    text = f"{plural(warnings, 'check')} to look at before the figures are believed."
    if not warnings:
        text = f"All {plural(len(outcomes), 'check')} are fine."
    columns: Columns[SanityCheck] = (
        (words("check"), lambda check: check_name(check, several_runs=len(runs) > 1)),
        (words("state"), lambda check: Cell(text=check.state, is_strong=check.state != "ok")),
        (words("result"), check_words),
    )
    return [Sentence(text=text), table_of(outcomes, columns)]


def scores(results: Sequence[DimensionResults]) -> list[Block]:
    """Return figures and tables of the scores, every training folded."""
    how = Folded(
        summary="How the scores and intervals are computed", blocks=tuple(Sentence(text=text) for text in _HOW)
    )
    any_linear = any(row.model_result.is_linear for item in results for row in item.rows)
    meaning = Sentence(text=f"{_SCORES} {_LINEAR}" if any_linear else _SCORES, is_quiet=True)
    return [*map(_score_figure, results), *_each(results, _scores), meaning, *map(_trainings, results), how]


def _score_figure(results: DimensionResults) -> Figure:
    name = results.dimension.capitalize()
    return Figure(
        name=f"scores-{results.dimension}",
        panels=(score_chart(results),),
        label=f"{name}: UAR of each model with its 95 % interval, percent",
        caption=f"{name}, UAR in percent: mean and 95 % interval; a faint dot is one training on its test set.",
        note=speaker_note(results.speaker_normalised),
    )


def _scores(results: DimensionResults) -> list[Block]:
    caption = f"Chance level: {percent(results.chance)} %."
    return [table_of(results.rows, _SCORE_COLUMNS, caption, speaker_note(results.speaker_normalised))]


_SCORE_COLUMNS: Columns[ModelRow] = (
    (words("model"), lambda row: Cell(text=row.model_result.label, below=row.chosen)),
    ("UAR", lambda row: score_cell(row.uar)),
    ("deviation", lambda row: percent(row.deviation)),
    ("paper's F1", lambda row: score_cell(row.f1)),
    ("macro F1", lambda row: score_cell(row.macro_f1)),
    *((f"recall {level}", lambda row, k=k: percent(row.recalls[k])) for k, level in enumerate(LEVELS)),
    ("validation UAR", lambda row: percent(row.validation_uar)),
    ("UAR by seed", lambda row: _from_to(percent(min(row.seed_uars)), percent(max(row.seed_uars)), row.seed_uars)),
    (
        "trainings",
        lambda row: Cell(
            text=str(len(row.model_result.results)),
            below=f"{plural(row.folds, 'fold')}, {plural(len(row.seed_uars), 'seed')}",
        ),
    ),
    (
        "test utterances",
        lambda row: Cell(text=formats.thousands(row.utterances), below=plural(row.speakers, "speaker")),
    ),
    ("training time", lambda row: formats.duration(row.seconds)),
)


def _from_to(low: str, high: str, values: Sequence[float]) -> str:
    return low if len(values) == 1 else f"{low} to {high}"


def _trainings(results: DimensionResults) -> Block:
    summary = f"Every training: {results.dimension}, {plural(len(results.folds), 'row')}"
    rows = table_of(results.folds, _TRAINING_COLUMNS, note=speaker_note(results.speaker_normalised))
    return Folded(summary=summary, blocks=(rows,))


_TRAINING_COLUMNS: Columns[FoldRow] = (
    (words("model"), lambda fold: fold.label),
    (words("fold"), lambda fold: fold.result.fold),
    ("seed", lambda fold: str(fold.result.seed)),
    ("test UAR, %", lambda fold: percent(fold.test.uar)),
    ("paper's F1, %", lambda fold: percent(fold.test.f1)),
    ("macro F1, %", lambda fold: percent(fold.test.macro_f1)),
    ("validation UAR, %", lambda fold: percent(fold.validation_uar)),
    (
        "test utterances",
        lambda fold: Cell(
            text=str(fold.test.count), below=f"no {', '.join(fold.test.absent)}" if fold.test.absent else ""
        ),
    ),
    (words("test speakers"), lambda fold: ", ".join(sorted(set(fold.result.test.speakers)))),
    ("labelled", lambda fold: str(fold.result.labelled)),
    ("unlabelled", lambda fold: str(fold.result.unlabelled)),
    ("left out", lambda fold: str(fold.result.excluded)),
    ("chosen step", lambda fold: sentences.chosen_step(fold.result)),
    ("time", lambda fold: formats.duration(fold.result.seconds)),
)


def differences(results: Sequence[DimensionResults]) -> list[Block]:
    """Return what the models score above one another."""
    return [Sentence(text=_PAIRS, is_quiet=True), *map(_differences, results)]


def _differences(results: DimensionResults) -> Block:
    name, note = results.dimension.capitalize(), speaker_note(results.speaker_normalised)
    if not results.differences:
        return Sentence(lead=f"{name}: ", text=_ALONE)
    return Figure(
        name=f"differences-{results.dimension}",
        panels=(difference_chart(results.differences),),
        label=f"{name}: UAR differences with their 95 % intervals, points",
        caption=f"{name}: difference of UAR in points, each resample of the test speakers and utterances the same for "
        "both models.",
        note=note,
        table=table_of(results.differences, _DIFFERENCE_COLUMNS, note=note),
    )


_DIFFERENCE_COLUMNS: Columns[Difference] = (
    (
        words("first − second"),
        lambda difference: Cell(text=sentences.pair_name(difference), below=sentences.question_words(difference)),
    ),
    ("UAR, points", lambda difference: points_cell(difference.uar)),
    ("paper's F1, points", lambda difference: points_cell(difference.f1)),
    (
        "p, corrected",
        lambda difference: Cell(text=formats.p_value(difference.p), below=formats.p_value(difference.corrected)),
    ),
    (words("by UAR"), sentences.verdict),
)


def confusion(results: Sequence[DimensionResults]) -> list[Block]:
    """Return every model's confusion matrix."""
    ties = Sentence(text="Halves and thirds of counts come from ties.", is_quiet=True)
    return [ties, *_each(results, _confusion)]


def _confusion(results: DimensionResults) -> list[Block]:
    caption = f"{results.dimension.capitalize()}: {_CONFUSION}"
    note = speaker_note(results.speaker_normalised)
    return [matrices(f"confusion-{results.dimension}", results.rows, caption, note)]


def calibration(results: Sequence[DimensionResults]) -> list[Block]:
    """Return what the models' probabilities are worth."""
    return [Sentence(text=_CALIBRATION, is_quiet=True), *_each(results, _calibration)]


def _calibration(results: DimensionResults) -> list[Block]:
    rows = calibration_rows(results)
    figure = Figure(
        name=f"reliability-{results.dimension}",
        panels=rows,
        label=f"{results.dimension.capitalize()}: how often each model is right by how sure it is",
        caption="How often answers are right (percent, up) by how sure the model is of them (percent, across).",
        note=speaker_note(results.speaker_normalised),
    )
    return [Sentence(text=calibration_sentence(rows)), table_of(rows, _CALIBRATION_COLUMNS), figure]


def _scaled(cell: Callable[[TemperatureScaling, CalibrationRow], Cell]) -> Callable[[CalibrationRow], Cell | str]:
    """Return the cell of what temperature scaling gave, a dash where no validation answers were kept."""
    return lambda row: cell(row.after_temperature_scaling, row) if row.after_temperature_scaling else "–"


def _temperature(scaling: TemperatureScaling, row: CalibrationRow) -> Cell:
    low, high = scaling.temperatures
    at_bounds = f"{scaling.at_bounds} of {row.trainings} at a bound" if scaling.at_bounds else ""
    return Cell(text=f"{low:.2f} to {high:.2f}", below=at_bounds)


_CALIBRATION_COLUMNS: Columns[CalibrationRow] = (
    (words("model"), lambda row: row.label),
    ("calibration error, %", lambda row: Cell(text=percent(row.error), is_strong=True)),
    ("says − keeps, points", lambda row: points_cell(row.confidence_gap, is_strong=False)),
    ("cross-entropy, nats", lambda row: f"{row.entropy:.3f}"),
    ("temperature", _scaled(_temperature)),
    (
        "error at that temperature, %",
        _scaled(lambda scaling, _: Cell(text=percent(scaling.error), is_strong=True)),
    ),
    (
        "cross-entropy at it, nats",
        _scaled(lambda scaling, _: Cell(text=f"{scaling.entropy:.3f}", below=nats(scaling.change))),
    ),
)


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
    note = speaker_note(results.speaker_normalised)
    if note:
        yield Notice(text=note)


def alarms(rows: Sequence[AlarmRow]) -> list[Block]:
    """Return the signs of collapse."""
    return [Sentence(text=_ALARMS, is_quiet=True), table_of(rows, _ALARM_COLUMNS)] if rows else []


_ALARM_COLUMNS: Columns[AlarmRow] = (
    (words("model"), lambda row: row.label),
    (words("what was seen"), alarm_words),
    (words("what to try"), alarm_advice),
    ("trainings", lambda row: Cell(text=f"{row.raised} of {row.trainings}", below=", ".join(row.dimensions))),
    ("first at step", lambda row: formats.count_range(row.steps)),
)
