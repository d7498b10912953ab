"""The paper's figures drawn from our results: confusion matrices, and scores over a varied setting."""

from collections.abc import Sequence

from valaro.analysis.paper.claims import Verdict, verdicts_on_sizes
from valaro.analysis.paper.matching import Run
from valaro.analysis.paper.parts import UNLABELLED_SHARE, Model, PaperPart
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.analysis.varied import in_order
from valaro.records import Dimension
from valaro.reports.blocks import Block, Sentence, matrices
from valaro.reports.paper.verdicts import absence_words
from valaro.reports.sentences import speaker_note
from valaro.reports.varied import setting_blocks


def matrix_blocks(part: PaperPart, dimension: Dimension, run: Run) -> list[Block]:
    """Return the confusion matrices of the models that a figure of the paper shows."""
    if not part.matrices or part.by_faces:
        return []
    standing = [run.standing_for(dimension, model) for model in part.matrices]
    rows = [row for some in standing for row in some]
    if part.setting:
        rows = _in_order(rows, part)
    absent = [
        Sentence(text=f"{_absent(run, dimension, model)}.")
        for model, some in zip(part.matrices, standing, strict=True)
        if not some
    ]
    if not rows:
        return list(absent)
    caption = f"{dimension.capitalize()}: test utterances of all trainings, percent of the true level, and counts."
    name = f"{part.name}-{dimension}" + (f"-run-{run.number + 1}" if run.number else "")
    note = speaker_note(row.model_result.model for row in rows if row.model_result.speaker_normalised)
    return [matrices(name, rows, caption, note), *absent]


def _absent(run: Run, dimension: Dimension, model: Model) -> str:
    absence = run.why_absent(dimension, model)
    if absence.what == "model":
        return absence_words(absence)
    method, features = model
    return f"{method} on {'+'.join(map(run.feature, features))}: {absence_words(absence)}"


def _in_order(rows: Sequence[ModelRow], part: PaperPart) -> list[ModelRow]:
    order = in_order({_value(row, part.setting) for row in rows}, part.values)
    return sorted(rows, key=lambda row: (order.index(_value(row, part.setting)), row.model_result.model))


def _value(row: ModelRow, setting: str) -> str:
    return dict(row.model_result.results[0].varied).get(setting, "")


def chart_blocks(
    part: PaperPart, dimension: Dimension, run: Run, results: Sequence[DimensionResults], verdicts: list[Verdict]
) -> list[Block]:
    """Return the scores over the setting that a figure of the paper varies, and add what its peak comes to."""
    if not part.axis:
        return []
    own = next((own for own in results if own.dimension == dimension), None)
    blocks = setting_blocks(own, run.number, part.axis, order=part.values) if own else ()
    if not blocks:
        return [Sentence(text=f"{part.axis} is not varied in this run on {dimension}.")]
    if own and part.axis == UNLABELLED_SHARE:
        verdicts += verdicts_on_sizes(dimension, run.rows[dimension])
    return list(blocks)
