"""The report as blocks, for the forms that are no page: the same scores, differences, data and notes."""

from collections.abc import Iterator, Sequence

from valaro.analysis import data
from valaro.analysis.alarms import AlarmRow
from valaro.analysis.calibration import TemperatureScaling, calibration_rows
from valaro.analysis.paper.numbers import SOURCE
from valaro.analysis.results import DimensionResults, ModelRow, alarms_of
from valaro.analysis.sanity import sanity_checks
from valaro.records import DIMENSIONS, LEVELS, RunRecord
from valaro.reports import sentences
from valaro.reports.alarms import alarm_advice, alarm_words
from valaro.reports.blocks import Block, Cell, Facts, Heading, Matrices, Notice, Sentence, table, words
from valaro.reports.calibration import calibration_sentence, nats
from valaro.reports.card import data_and_model_card
from valaro.reports.paper_comparison import axis_of, beside_paper
from valaro.reports.sanity import check_name, check_words
from valaro.reports.table_1 import level_table
from valaro.reports.varied import varied_section

_HOW = (
    "Scores in percent: the mean over the trainings, with the 95 % interval of a bootstrap over the test speakers "
    "and then over the utterances of each, and the deviation of the UAR over the trainings. "
    "UAR is the mean recall over the levels, the paper's F1 is "
    "2 UAR MAP / (UAR + MAP), macro F1 the mean of the levels' own F1. Where annotators tie, every tied level "
    "counts as right."
)


def document(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> tuple[Block, ...]:
    """Return the whole report but for learning curves, maps, single trainings and lists of clips."""
    return (
        *_notes(runs),
        *(block for one in results for block in _headline(one)),
        *_section("Can these figures be believed?", [_guards(runs, results)] if results else []),
        *_section("Scores", [block for one in results for block in _scores(one)]),
        *_section("Differences between models", [block for one in results for block in _differences(one)]),
        *_section("What is taken for what", [block for one in results for block in _confusion(one)]),
        *_section("Can the probabilities be believed?", [block for one in results for block in _calibration(one)]),
        *_section("Alarms", _alarms(alarms_of(results))),
        *_section(f"Beside the paper ({SOURCE})", beside_paper(runs, results)),
        *_section("What the varied setting does", varied_section(runs, results, [axis_of(run) for run in runs])),
        *_section("Data", list(_data(runs))),
        *_section("Settings and environment", list(_settings(runs))),
        *_section("Data and model card", data_and_model_card(runs, results)),
    )


def _section(name: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    return (Heading(text=name, level=2), *blocks) if blocks else ()


def _notes(runs: Sequence[RunRecord]) -> Iterator[Notice]:
    for note in data.notes(runs):
        yield Notice(lead=f"{note.corpus}: ", text=note.text)
    for run in runs:
        if run.missing:
            yield Notice(lead=f"{run.name}: ", text=f"{sentences.unfinished_words(run)}.")
        if rescaled := sentences.rescaled_words(run):
            yield Notice(lead=f"{run.name}: ", text=f"{rescaled}.")
    scaled = [run.name for run in runs if run.speaker_normalised]
    if scaled:
        yield Notice(lead=f"{', '.join(scaled)}: ", text=f"{sentences.SPEAKER_NOTE}.")


def _headline(results: DimensionResults) -> Iterator[Sentence]:
    lead = f"{results.dimension.capitalize()}. "
    yield Sentence(lead=lead, text=" ".join(sentences.headline(results)))
    for caution in sentences.cautions(results):
        yield Sentence(text=caution, is_quiet=True)


def _beside(results: DimensionResults) -> tuple[Notice, ...]:
    note = sentences.speaker_note(results.speaker_normalised)
    return (Notice(text=note),) if note else ()


def _scores(results: DimensionResults) -> list[Block]:
    names = [f"recall {level}" for level in LEVELS]
    columns = (words("model"), "UAR", "deviation", "paper's F1", "macro F1", *names, "validation UAR", "trainings")
    columns = (*columns, "utterances")
    rows = [(Cell(text=row.model_result.label, below=row.chosen), *_row(row)) for row in results.rows]
    chance = f"Guessing gives {sentences.percent(results.chance)} %."
    return [
        Heading(text=results.dimension.capitalize()),
        table(columns, rows, f"{results.dimension.capitalize()}. {chance} {_HOW}"),
        *_beside(results),
    ]


def _row(row: ModelRow) -> tuple[Cell | str, ...]:
    intervals = [
        Cell(text=sentences.percent(one.value), below=sentences.span(one), is_strong=one is row.uar)
        for one in (row.uar, row.f1, row.macro_f1)
    ]
    shares = [*map(sentences.percent, row.recalls), sentences.percent(row.validation_uar)]
    intervals.insert(1, Cell(text=sentences.percent(row.deviation)))
    return (*intervals, *shares, str(len(row.model_result.results)), sentences.thousands(row.utterances))


def _differences(results: DimensionResults) -> list[Block]:
    if not results.differences:
        return []
    rows = [
        (
            Cell(text=sentences.pair_name(difference), below=sentences.question_words(difference)),
            Cell(text=sentences.points(difference.uar.value), below=sentences.span_of_points(difference.uar)),
            Cell(text=sentences.points(difference.f1.value), below=sentences.span_of_points(difference.f1)),
            Cell(text=sentences.p_value(difference.p), below=sentences.p_value(difference.corrected)),
            sentences.verdict(difference),
        )
        for difference in results.differences
    ]
    columns = (words("first − second"), "UAR, points", "paper's F1, points", "p, corrected", words("by UAR"))
    name = results.dimension.capitalize()
    caption = f"{name}: differences with their 95 % intervals, the same draws of test speakers for both models."
    return [Heading(text=name), table(columns, rows, caption), *_beside(results)]


def _guards(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> Block:
    checks = sanity_checks(runs, results)
    rows = [(check_name(check, several_runs=len(runs) > 1), check.state, check_words(check)) for check in checks]
    return table((words("check"), words("state"), words("what was found")), rows)


def _calibration(results: DimensionResults) -> list[Block]:
    found = calibration_rows(results)
    columns = (words("model"), "calibration error, %", "says − keeps, points", "cross-entropy, nats")
    columns = (*columns, "temperature", "error at it, %", "cross-entropy at it, nats")
    rows = [
        (
            row.label,
            sentences.percent(row.error),
            Cell(text=sentences.points(row.confidence_gap.value), below=sentences.span_of_points(row.confidence_gap)),
            f"{row.entropy:.3f}",
            *_after_scaling(row.after_temperature_scaling),
        )
        for row in found
    ]
    name = results.dimension.capitalize()
    return [Heading(text=name), Sentence(text=calibration_sentence(found)), table(columns, rows), *_beside(results)]


def _after_scaling(scaling: TemperatureScaling | None) -> tuple[str | Cell, ...]:
    if scaling is None:
        return ("–", "–", "–")
    low, high = scaling.temperatures
    entropy = Cell(text=f"{scaling.entropy:.3f}", below=nats(scaling.change))
    return (f"{low:.2f} to {high:.2f}", sentences.percent(scaling.error), entropy)


def _confusion(results: DimensionResults) -> list[Block]:
    name = results.dimension.capitalize()
    caption = f"{name}: test utterances of all trainings, percent of the true level, and counts."
    figure = Matrices(name=f"confusion-{results.dimension}", rows=results.rows, caption=caption)
    return [Heading(text=name), figure, *_beside(results)]


def _alarms(alarms: Sequence[AlarmRow]) -> list[Block]:
    columns = (words("model"), words("what was seen"), words("what to try"), "trainings", "first at step")
    rows = [
        (
            row.label,
            alarm_words(row),
            alarm_advice(row),
            f"{row.raised} of {row.trainings}",
            sentences.count_range(row.steps),
        )
        for row in alarms
    ]
    return [table(columns, rows, "Nothing was left out for them.")] if rows else []


def _data(runs: Sequence[RunRecord]) -> Iterator[Block]:
    levels = [f"{dimension} {'/'.join(LEVELS)}" for dimension in DIMENSIONS]
    rows = [
        (
            row.corpus,
            *map(str, (row.utterances, row.labelled, row.speakers, row.sessions)),
            sentences.duration(row.seconds),
            *("/".join(map(str, row.levels.get(dimension, ()))) or "–" for dimension in DIMENSIONS),
        )
        for row in data.corpora(runs)
    ]
    columns = (words("corpus"), "utterances", "labelled", "speakers", "sessions", "length", *levels)
    yield table(columns, rows)
    counted = level_table(data.corpora(runs), is_paper_study=any(run.paper for run in runs))
    if counted:
        yield counted
    faces = data.faces(runs)
    if faces:
        shown = sentences.percent(faces.detected / faces.frames)
        yield Sentence(
            text=f"{shown} % of {sentences.thousands(faces.frames)} video frames in "
            f"{sentences.plural(len(faces.clips), 'clip')} show a face; {sentences.plural(faces.without, 'clip')} none."
        )
    problems = data.problems(runs)
    kinds = [(str(len(kind.utterances)), kind.where, kind.why, kind.utterances[0]) for kind in problems]
    if kinds:
        yield table(("count", words("step"), words("reason"), words("for example")), kinds, "Problems.")


def _settings(runs: Sequence[RunRecord]) -> Iterator[Block]:
    """Say once what several runs have in common."""
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for run in runs:
        facts = {"normalisation": run.normalisation, "data fingerprint": run.fingerprint, **run.environment}
        alike.setdefault(tuple(facts.items()), []).append(run.name)
    for pairs, names in alike.items():
        yield Heading(text=", ".join(names))
        yield Facts(pairs=pairs)
