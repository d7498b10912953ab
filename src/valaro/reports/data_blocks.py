"""What the figures rest on, as blocks: corpora, how test data was kept apart, faces, problems, settings."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import tomli_w

from valaro.analysis import data
from valaro.analysis.data import FaceTable, Separation, share
from valaro.documents import parse_toml
from valaro.records import DIMENSIONS, LEVELS, CorpusSummary, RunRecord
from valaro.reports.blocks import (
    Block,
    Bullets,
    Cell,
    Facts,
    Figure,
    Folded,
    Heading,
    Notice,
    Sentence,
    Verbatim,
    table,
    words,
)
from valaro.reports.formats import count_range, duration, listed, percent, plural, thousands
from valaro.reports.sentences import SPEAKER_NOTE, parted, training_name
from valaro.reports.table_1 import level_table

MOST_ROWS = 5000
"""Rows of a table of clips or problems; beyond that a browser is slow, and the report says how many are left out."""

_STRIP = (
    "Frames with a face found, percent of each clip, sorted. A clip that begins or ends with black frames cannot reach "
    "100."
)


def data_section(runs: Sequence[RunRecord]) -> Iterator[Block]:
    """Return the corpora and how test data was kept apart."""
    yield from corpus_blocks(data.corpora(runs), is_paper_study=any(run.paper for run in runs))
    kept = data.separation(runs)
    if kept:
        yield from _separation(kept, is_speaker_wise=any(run.speaker_normalised for run in runs))


def corpus_blocks(corpora: Sequence[CorpusSummary], *, is_paper_study: bool = False) -> Iterator[Block]:
    """Return the corpora with how many utterances have each level, and how that is counted."""
    levels = [f"{dimension}, {'/'.join(LEVELS)}" for dimension in DIMENSIONS]
    rows = [
        (
            row.corpus,
            *map(thousands, (row.utterances, row.labelled, row.speakers, row.sessions)),
            duration(row.seconds),
            *(level_cell(row.levels.get(dimension, ())) for dimension in DIMENSIONS),
        )
        for row in corpora
    ]
    columns = (words("corpus"), "utterances", "labelled", "speakers", "sessions", "length", *levels)
    yield table(columns, rows, "An utterance whose annotators tie counts in each of its levels.")
    counted = level_table(corpora, is_paper_study=is_paper_study)
    if counted:
        yield Heading(text="How the levels are counted")
        yield counted


def level_cell(counts: Sequence[int]) -> Cell:
    """Return counts of low, medium and high as a bar and in numbers."""
    return Cell(text="/".join(map(str, counts)), levels=tuple(counts)) if sum(counts) else Cell(text="–")


def _separation(kept: Separation, *, is_speaker_wise: bool) -> Iterator[Block]:
    yield Heading(text="How test data was kept apart")
    but = ", except where a note beside the figures names speaker-wise normalisation" if is_speaker_wise else ""
    yield Bullets(
        items=(
            "A whole session is held out each time; nobody in it is trained on.",
            f"Its speakers are parted {parted(kept.halves)}: one part chooses the step to keep (validation), "
            "the other is scored (test).",
            f"Unlabelled recordings of held-out speakers are not learnt from: {count_range(kept.excluded)} a training.",
            f"Statistics (means and deviations) come from training data only{but}.",
        )
    )
    if kept.shared:
        named = listed([training_name(result) for result in kept.shared], "; ", 10)
        yield Notice(
            lead=f"In {plural(len(kept.shared), 'training')} a speaker is in both validation and test. ",
            text=f"Their figures cannot be trusted: {named}",
        )
    else:
        yield Sentence(
            text=f"Checked on the stored predictions of {plural(kept.trainings, 'training')}: no test speaker is among "
            f"its validation speakers. In all {plural(kept.test_speakers, 'speaker')} were tested."
        )
    yield Facts(
        pairs=(
            ("labelled utterances a training", count_range(kept.labelled)),
            ("unlabelled utterances a training", count_range(kept.unlabelled)),
            ("not learnt from: held-out speakers", count_range(kept.excluded)),
        )
    )


def faces_section(faces: FaceTable | None) -> Iterator[Block]:
    """Return in how many frames a face was found, every clip folded; nothing without video."""
    if faces is None:
        return
    yield Sentence(
        text=f"{percent(faces.detected / faces.frames)} % of {thousands(faces.frames)} video frames show a face. "
        f"{plural(len(faces.clips), 'clip')} with a picture; {plural(faces.below_half, 'clip')} with a face in under "
        f"half of the frames; {plural(faces.without, 'clip')} without any face."
    )
    label = "Share of frames with a face, clip by clip, sorted, percent"
    yield Figure(name="faces", panels=(faces,), label=label, caption=_STRIP)
    rows = [
        (
            face.utterance,
            str(face.frames),
            str(face.detected),
            percent(share(face)),
            f"{face.mean_absolute_yaw:.2f}" if face.detected else "–",
        )
        for face in faces.clips[:MOST_ROWS]
    ]
    columns = (words("clip"), "frames", "with a face", "share, %", "mean |yaw|")
    left_out = len(faces.clips) - MOST_ROWS
    caption = f"{thousands(left_out)} better clips are not listed." if left_out > 0 else ""
    yield Folded(summary="Every clip, the worst first", blocks=(table(columns, rows, caption),))


def problems_section(runs: Sequence[RunRecord]) -> Iterator[Block]:
    """Return the problems by step and reason, every item folded."""
    kinds = data.problems(runs)
    if not kinds:
        yield Sentence(text="None: every item was read, decoded and judged.")
        return
    rows = [(str(len(kind.utterances)), kind.where, kind.why, kind.utterances[0]) for kind in kinds[:MOST_ROWS]]
    yield table(("count", words("step"), words("reason"), words("for example")), rows)
    items = tuple(f"{kind.where}: {kind.why}: {listed(kind.utterances, most=MOST_ROWS)}" for kind in kinds)
    yield Folded(summary="Every item", blocks=(Bullets(items=items),))


def settings_section(runs: Sequence[RunRecord]) -> Iterator[Block]:
    """Return each run's environment and, folded, its settings; what several runs share is said once."""
    alike: dict[tuple[tuple[str, str], ...], list[RunRecord]] = {}
    for run in runs:
        normalisation = f"{run.normalisation} ({SPEAKER_NOTE})" if run.speaker_normalised else run.normalisation
        facts = {"normalisation": normalisation, "data fingerprint": run.fingerprint, **run.environment}
        alike.setdefault(tuple(facts.items()), []).append(run)
    for pairs, group in alike.items():
        yield Heading(text=", ".join(run.name for run in group))
        yield Facts(pairs=pairs)
        for run in group:
            name = f" of {run.name}" if len(group) > 1 else ""
            yield Folded(summary=f"All settings{name} (TOML)", blocks=(Verbatim(text=shown_settings(run)),))


def shown_settings(run: RunRecord) -> str:
    """Return the settings as TOML, each file and folder of data by its name alone.

    A page is passed on: where its reader's colleague keeps recordings is nobody's business, and says nothing.
    """
    known = parse_toml(run.settings)
    given = known.get("data", {})
    for name, value in given.items():
        if name in {"labelled", "unlabelled"}:
            given[name] = [Path(path).name for path in value]
        elif name == "features":
            given[name] = Path(value).name
    return tomli_w.dumps(known)
