"""The paper's figures drawn from our results: confusion matrices, and scores over a varied setting."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from valaro.analysis.differences import difference_between
from valaro.analysis.paper.numbers import FIGURE_6_PEAK, FIGURE_6_SIZES
from valaro.analysis.paper.parts import POOL_SHARE, Model, PaperPart
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.analysis.varied import in_order, over_values
from valaro.records import Dimension
from valaro.reports import sentences
from valaro.reports.blocks import Block, Sentence, matrices, speaker_notices
from valaro.reports.figures import matrix
from valaro.reports.paper.matching import Run
from valaro.reports.paper.verdicts import OPEN, Verdict, verdict_on
from valaro.reports.varied import over_label, setting_blocks


def matrix_blocks(part: PaperPart, dimension: Dimension, run: Run) -> list[Block]:
    """Return the confusion matrices of the models that a figure of the paper shows."""
    if not part.matrices or part.by_faces:
        return []
    found = [run.standing_for(dimension, model) for model in part.matrices]
    rows = [row for some in found for row in some]
    if part.setting:
        rows = _in_order(rows, part)
    absent = [
        Sentence(text=f"{_absent(run, dimension, model)}.")
        for model, some in zip(part.matrices, found, strict=True)
        if not some
    ]
    if not rows:
        return list(absent)
    caption = f"{dimension.capitalize()}: test utterances of all trainings, percent of the true level, and counts."
    name = f"{part.name}-{dimension}" + (f"-run-{run.number + 1}" if run.number else "")
    figure = matrices(name, [matrix(row) for row in rows], caption)
    notices = speaker_notices(row.model_result.model for row in rows if row.model_result.speaker_normalised)
    return [figure, *notices, *absent]


def _absent(run: Run, dimension: Dimension, model: Model) -> str:
    method, features = model
    why = run.why_absent(dimension, model)
    return why if why.startswith(method) else f"{method} on {'+'.join(map(run.feature, features))}: {why}"


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
    one = next((one for one in results if one.dimension == dimension), None)
    blocks = setting_blocks(one, run.number, part.axis, order=part.values) if one else ()
    if not blocks:
        return [Sentence(text=f"{part.axis} is not varied in this run on {dimension}.")]
    if one and part.axis == POOL_SHARE:
        verdicts += _peak(dimension, run.rows[dimension])
    return list(blocks)


def _peak(dimension: Dimension, rows: Sequence[ModelRow]) -> list[Verdict]:
    """Judge that unlabelled data pays, and that too much of it does not.

    The paper's best number of it, or the largest here, stands against the smallest, and against the paper's largest.
    """
    found: list[Verdict] = []
    for model in over_values(rows, POOL_SHARE):
        by_size = {_unlabelled(row): row for _, row in model.rows}
        if len(by_size) < 2:
            continue
        smallest, most = min(by_size), FIGURE_6_PEAK if FIGURE_6_PEAK in by_size else max(by_size)
        difference = difference_between(by_size[most].model_result, by_size[smallest].model_result, "")
        stated = f"{dimension}: {over_label(model)} with {most} unlabelled recordings above the same with {smallest}"
        found.append(verdict_on(stated, difference))
        found.append(_fall(f"{dimension}: {over_label(model)}", by_size))
    return found


def _fall(name: str, by_size: Mapping[int, ModelRow]) -> Verdict:
    """Judge that the scores fall after the paper's peak."""
    peak, last = FIGURE_6_PEAK, FIGURE_6_SIZES[-1]
    stated = f"{name} with {peak} unlabelled recordings above the same with {last}"
    lacking = [sentences.thousands(size) for size in (peak, last) if size not in by_size]
    if lacking:
        why = f"no training here has {' or '.join(lacking)} unlabelled recordings"
        return Verdict(outcome=OPEN, words=stated, why=why)
    return verdict_on(stated, difference_between(by_size[peak].model_result, by_size[last].model_result, ""))


def _unlabelled(row: ModelRow) -> int:
    """Return how many unlabelled recordings its trainings had, on average."""
    return round(fmean(result.unlabelled for result in row.model_result.results))
