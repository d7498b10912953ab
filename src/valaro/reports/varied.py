"""What a varied setting does to the scores of each model."""

from collections.abc import Sequence

from valaro.analysis.differences import LEVEL, difference_between
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.analysis.varied import OverValues, in_order, number_of, over_values
from valaro.evaluation.interval import Interval
from valaro.evaluation.significance import holm
from valaro.records import RunRecord
from valaro.reports import formats, sentences
from valaro.reports.blocks import Block, Columns, Figure, Heading, Sentence, Table, score_cell, table_of, words
from valaro.reports.figures import Reference, Series, ValueChart

MOST_SERIES = 6
"""Models in a chart; more stand in another, since there are no more colours that everyone can tell apart."""


def varied_section(
    runs: Sequence[RunRecord], results: Sequence[DimensionResults], shown: Sequence[str]
) -> tuple[Block, ...]:
    """Return what each setting that a run varies does; empty where none does.

    `shown` names, a run, the setting that stands elsewhere on the page, empty: none does.
    """
    blocks: list[Block] = []
    for number, run in enumerate(runs):
        names = dict.fromkeys(name for result in run.judged for name, _ in result.varied if name != shown[number])
        for name in names:
            own = [block for item in results for block in setting_blocks(item, number, name)]
            if own:
                blocks += [Heading(text=f"{run.name}: {name}" if len(runs) > 1 else name), *own]
    return tuple(blocks)


def setting_blocks(
    results: DimensionResults, run: int, setting: str, *, order: Sequence[str] = (), methods: Sequence[str] = ()
) -> tuple[Block, ...]:
    """Return the charts, the numbers and a sentence a model of what `setting` does in run number `run`.

    `order` are values that come first, in that order; `methods`, where given, are the only ones shown.
    """
    rows = [row for row in results.rows if run in row.model_result.runs]
    if methods:
        rows = [row for row in rows if row.model_result.method in methods]
    models = over_values(rows, setting, order)
    if not models:
        return ()
    beside = [row for row in rows if setting not in dict(row.model_result.varied) and not row.model_result.is_linear]
    values = in_order({value for model in models for value, _ in model.rows}, order)
    name = setting.partition(".")[2]
    blocks: list[Block] = []
    for start in range(0, len(models), MOST_SERIES):
        some = models[start : start + MOST_SERIES]
        charts = tuple(
            value_chart(
                f"{results.dimension}, {title}, %",
                name.replace("_", " "),
                values,
                [_series(model, index, metric) for index, model in enumerate(some)],
                [_reference(row, len(some) + k, metric) for k, row in enumerate(beside[: MOST_SERIES - 1])],
            )
            for title, metric in (("UAR", "uar"), ("paper's F1", "f1"))
        )
        caption = (
            f"{results.dimension.capitalize()}: mean over the trainings with its 95 % interval"
            f"{'; dashed: models that the setting does not concern' if beside else ''}"
            f"{'' if charts[0].is_to_scale else '; the values stand evenly, not to scale'}."
        )
        file = f"{name}-{results.dimension}" + (f"-{start // MOST_SERIES + 1}" if len(models) > MOST_SERIES else "")
        file += f"-run-{run + 1}" if run else ""
        label = f"{results.dimension.capitalize()}: scores over {name.replace('_', ' ')}"
        numbers, own = _table(name, some, beside), [row.model_result for model in some for _, row in model.rows]
        note = sentences.speaker_note(result.model for result in own if result.speaker_normalised)
        blocks.append(Figure(name=file, panels=charts, label=label, caption=caption, note=note, table=numbers))
    return (*blocks, *(Sentence(text=_sentence(model, name)) for model in models if len(model.rows) > 1))


FAR_APART = 50.0
"""Numbers whose largest is more than this many times the smallest above 0 stand evenly, not to scale."""


def value_chart(
    title: str, setting: str, values: Sequence[str], series: Sequence[Series], references: Sequence[Reference]
) -> ValueChart:
    """Return the chart of scores (0-1) over `values`, which come in order: numbers to scale where they can be."""
    numbers = [number for number in map(number_of, values) if number is not None]
    are_numbers = len(numbers) == len(values)
    to_scale = are_numbers and _can_be_to_scale(numbers)
    return ValueChart(
        title=title,
        setting=setting,
        values=tuple(values),
        places=tuple(numbers) if to_scale else tuple(map(float, range(len(values)))),
        series=tuple(series),
        references=tuple(references),
        are_numbers=are_numbers,
        is_to_scale=to_scale or not are_numbers,
    )


def _can_be_to_scale(numbers: Sequence[float]) -> bool:
    positive = [number for number in numbers if number > 0]
    return len(positive) == sum(number != 0 for number in numbers) and (
        not positive or max(positive) <= FAR_APART * min(positive)
    )


def over_label(model: OverValues) -> str:
    """Return the label of a model without the value of the setting that is looked at."""
    return ", ".join([model.unvaried, *(f"{name.partition('.')[2]} {value}" for name, value in model.others)])


def _score(row: ModelRow, metric: str) -> Interval:
    return row.uar if metric == "uar" else row.f1


def _series(model: OverValues, colour: int, metric: str) -> Series:
    points = tuple((value, _score(row, metric)) for value, row in model.rows)
    return Series(label=over_label(model), colour=colour, points=points)


def _reference(row: ModelRow, colour: int, metric: str) -> Reference:
    return Reference(label=row.model_result.model, colour=colour, value=_score(row, metric).value)


def _table(name: str, models: Sequence[OverValues], beside: Sequence[ModelRow]) -> Table:
    lines = [(over_label(model), value, row) for model in models for value, row in model.rows]
    columns: Columns[tuple[str, str, ModelRow]] = (
        (words("model"), lambda line: line[0]),
        (words(name), lambda line: line[1]),
        ("UAR, %", lambda line: score_cell(line[2].uar)),
        ("paper's F1, %", lambda line: score_cell(line[2].f1, is_strong=False)),
        ("unlabelled recordings", lambda line: formats.count_range(_unlabelled(line[2]))),
        ("trainings", lambda line: str(len(line[2].model_result.results))),
    )
    return table_of([*lines, *((row.model_result.model, "–", row) for row in beside)], columns)


def _unlabelled(row: ModelRow) -> tuple[int, int]:
    """Return the fewest and the most unlabelled recordings of a training, 0 for a model that uses none."""
    used = [result.unlabelled if result.is_semi_supervised else 0 for result in row.model_result.results]
    return min(used), max(used)


def _sentence(model: OverValues, name: str) -> str:
    """Say where the UAR is highest and to how many of the other values that shows a difference."""
    best_value, best = max(model.rows, key=lambda pair: pair[1].uar.value)
    others = [row.model_result for value, row in model.rows if value != best_value]
    compared = [d for other in others if (d := difference_between(best.model_result, other))]
    corrected = holm([difference.p for difference in compared])
    shown = sum(p < LEVEL and d.uar.low > 0 for d, p in zip(compared, corrected, strict=True))
    return (
        f"{over_label(model)}: the highest UAR is {formats.percent(best.uar.value)} %, with {name} {best_value}; "
        f"a difference is shown to {shown} of {formats.plural(len(compared), 'other value')}, corrected for their "
        "number. It was found on the test itself, so its lead flatters."
    )
