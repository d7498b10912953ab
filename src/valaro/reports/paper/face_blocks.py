"""Frontal against side faces: the paper's Table VIII with the models here that use faces."""

from dataclasses import replace

from valaro.analysis.paper.claims import Subject, Verdict, verdict_of
from valaro.analysis.paper.faces import BOUNDARY, FacePart, split_by_half, split_by_yaw
from valaro.analysis.paper.matching import Run
from valaro.analysis.paper.numbers import TABLE_8, FaceCounts
from valaro.analysis.paper.parts import PaperPart
from valaro.records import Dimension
from valaro.reports import formats, sentences
from valaro.reports.blocks import Block, Cell, table, words
from valaro.reports.paper.verdicts import absence_words

_HALVES = (
    " The paper parts its clips by the half of the picture, left or right, in which the person is; which of the two it "
    "calls frontal is not known here, so both halves stand for themselves."
)


def face_blocks(part: PaperPart, dimension: Dimension, run: Run, verdicts: list[Verdict]) -> list[Block]:
    """Return Table VIII for every model here that uses faces, and add what its claim comes to."""
    if not part.by_faces:
        return []
    model = part.matrices[0]
    face = run.feature("dface")
    rows = [row for row in run.rows.get(dimension, ()) if face in row.model_result.features]
    the_one = run.standing_for(dimension, model)
    lines: list[tuple[Cell | str, ...]] = [_counted("the paper: SSGAN, Dface", counts) for counts in TABLE_8]
    if not the_one:
        absence = run.why_absent(dimension, model)
        named = Cell(text=f"SSGAN {face}", below=absence_words(absence))
        lines.append((named, *["–"] * 6))
        verdicts.append(Verdict(subject=Subject(kind="faces", first=""), outcome="open", absence=absence))
    unknown, any_half = 0, any(face.half for face in run.record.faces)
    for row in sorted(rows, key=lambda row: (row not in the_one, row.model_result.model)):
        split = split_by_yaw([result.test for result in row.model_result.results], run.record.faces)
        unknown = max(unknown, split.unknown)
        lines.append(_judged(row.model_result.model, "frontal", split.first))
        lines.append(_judged(row.model_result.model, "side", split.second))
        if any_half:
            halves = split_by_half([result.test for result in row.model_result.results], run.record.faces)
            lines.append(_judged(row.model_result.model, "left half", halves.first))
            lines.append(_judged(row.model_result.model, "right half", halves.second))
        if row in the_one:
            subject = Subject(kind="faces", first=row.model_result.model)
            verdicts.append(
                verdict_of(subject, split.difference)
                if split.difference
                else Verdict(subject=subject, outcome="open", reason="no_faces")
            )
    columns = [words("model"), words("faces"), "clips", "right", "wrong", "accuracy, %", "UAR, %"]
    caption = (
        f"A face is called frontal here where the mean |yaw| of its clip is at most {BOUNDARY:g}, that is "
        f"{90 * BOUNDARY:.0f} degrees; the paper does not say where it drew the line. Right and wrong are counted over "
        "all trainings, so a clip counts once a seed; a tied level counts as right; UAR is that of all trainings "
        "together."
        + (_HALVES if any_half else "")
        + (f" Left out: {formats.plural(unknown, 'test utterance')} without a known face." if unknown else "")
    )
    note = sentences.speaker_note(row.model_result.model for row in rows if row.model_result.speaker_normalised)
    return [replace(table(columns, lines, caption), note=note)]


def _counted(name: str, counts: FaceCounts) -> tuple[str, ...]:
    numbers = (counts.right + counts.wrong, counts.right, counts.wrong)
    return (name, counts.faces, *map(str, numbers), f"{counts.accuracy:.2f}", "–")


def _judged(name: str, faces: str, part: FacePart) -> tuple[str, ...]:
    numbers = (part.clips, part.right, part.wrong)
    return (name, faces, *map(str, numbers), formats.percent(part.accuracy), formats.percent(part.uar))
