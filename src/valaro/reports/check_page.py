"""The page of a check: what is wrong, what is worth a look, and the data as people want to see it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from valaro.analysis.data import face_table
from valaro.checks.findings import Agreement, CheckRecord, Finding, FoldUse, SpeakerFacts
from valaro.files import write_page
from valaro.records import DIMENSIONS, LEVELS
from valaro.reports.blocks import Block, Bullets, Cell, Figure, Folded, Notice, Sentence, section, table, words
from valaro.reports.data_blocks import MOST_ROWS, corpus_blocks, faces_section, level_cell
from valaro.reports.figures import IntervalLine, Intervals, histogram
from valaro.reports.formats import duration, percent, plural, thousands
from valaro.reports.html import page

MOST_SPEAKERS = 60
"""Rows of the figure of loudness; the table beside it has everyone."""

MOST_CASES = 200
_FEW_CASES = 12
"""A fault with no more cases than this is shown open."""

_ALPHA = (
    "Krippendorff's alpha: 1 is perfect agreement, 0 what chance would give; of the scores with squared distances, of "
    "the three levels as names."
)


def write_check_page(record: CheckRecord, path: Path) -> None:
    """Write one self-contained HTML file; the same record gives the same bytes."""
    write_page(path, check_page(record))


def check_page(record: CheckRecord) -> str:
    """Return the page's HTML."""
    manifests = ", ".join(record.manifests)
    looks = len(record.findings) - len(record.faults)
    heading = f"{plural(len(record.faults), 'rule')} broken" if record.faults else "Nothing is wrong"
    heading += f", {plural(looks, 'thing')} worth a look" if looks else ""
    return page(
        [*_head(record, manifests), *_sections(record)],
        title=f"Check of {manifests}",
        heading=heading,
        footer="Made by valaro check.",
    )


def _head(record: CheckRecord, manifests: str) -> Iterator[Block]:
    utterances = sum(corpus.utterances for corpus in record.corpora)
    store = f", features of {record.store}" if record.store else "; no store was checked"
    yield Sentence(text=f"{plural(utterances, 'utterance')} of {manifests}{store}.", is_quiet=True)
    for note in record.notes:
        yield Notice(lead=f"{note.corpus}: ", text=note.text)


def _sections(record: CheckRecord) -> Iterator[Block]:
    yield from section("findings", "Findings", "Findings", _findings(record.findings))
    yield from section("data", "Data", "Data", corpus_blocks(record.corpora))
    yield from section("folds", "What may each fold learn from?", "Folds", _folds(record.folds))
    yield from section("agreement", "Do the annotators agree?", "Agreement", _agreement(record.agreements))
    yield from section("durations", "How long are the utterances?", "Durations", _durations(record.seconds))
    yield from section("loudness", "How loud are the speakers?", "Loudness", _loudness(record.speakers))
    yield from section("faces", "Faces", "Faces", faces_section(face_table(record.faces)))
    yield from section("speakers", "Speakers", "Speakers", _speakers(record.speakers))


def _findings(findings: Sequence[Finding]) -> Iterator[Block]:
    if not findings:
        yield Sentence(text="Every rule holds, and nothing looks odd.")
    for finding in findings:
        lead = "Wrong." if finding.is_fault else "Worth a look."
        left_out = len(finding.cases) - MOST_CASES
        more = [Sentence(text=f"{thousands(left_out)} more are not listed here.")] if left_out > 0 else []
        yield Folded(
            summary=f"{lead} {finding.what} ({plural(len(finding.cases), 'case')})",
            blocks=(Bullets(items=finding.cases[:MOST_CASES]), *more),
            is_open=finding.is_fault and len(finding.cases) <= _FEW_CASES,
        )


def _folds(folds: Sequence[FoldUse]) -> Iterator[Block]:
    if not folds:
        return
    columns = (words("held out"), words("dimension"), "labelled", "unlabelled", "held out")
    rows = [
        (
            use.fold,
            use.dimension,
            *map(thousands, (use.labelled, use.unlabelled, use.held_out)),
            ", ".join(f"{thousands(exclusion.count)} {exclusion.reason}" for exclusion in use.exclusions),
        )
        for use in folds
    ]
    yield table((*columns, words("unlabelled that are not learnt from")), rows)


def _agreement(agreements: Sequence[Agreement]) -> Iterator[Block]:
    if not agreements:
        return
    compared = [row for row in agreements if row.votes > row.rated]
    if not compared:
        yield Sentence(text="Every label is one vote: there is nothing to compare.")
        return
    columns = (words("corpus"), words("dimension"), "rated", "votes each", "tied levels", "alpha, scores")
    rows = [
        (
            row.corpus,
            row.dimension,
            thousands(row.rated),
            f"{row.votes / row.rated:.2f}",
            f"{thousands(row.ties)} ({percent(row.ties / row.rated)} %)",
            _decimal(row.alpha, ".3f"),
            _decimal(row.alpha_of_levels, ".3f"),
        )
        for row in compared
    ]
    single = " The other labels are one vote each." if len(compared) < len(agreements) else ""
    yield table((*columns, "alpha, levels"), rows, _ALPHA + single)


def _durations(seconds: Sequence[float]) -> Iterator[Block]:
    bars = histogram(seconds)
    if bars:
        caption = f"{plural(len(seconds), 'utterance')}, {duration(sum(seconds))} in all; the few longest stand in the "
        label = f"Durations of {plural(len(seconds), 'utterance')}"
        yield Figure(name="durations", panels=(bars,), label=label, caption=f"{caption}last bar.")


def _loudness(speakers: Sequence[SpeakerFacts]) -> Iterator[Block]:
    heard = [(speaker, speaker.loudness) for speaker in speakers if speaker.loudness is not None]
    if not heard:
        return
    lines = [
        IntervalLine(
            name=f"{speaker.speaker} {speaker.gender}".strip(),
            words=f"{middle:+.1f} ({low:+.1f} to {high:+.1f})".replace("-", "−"),
            colour=0,
            value=middle,
            low=low,
            high=high,
        )
        for speaker, (middle, low, high) in heard[:MOST_SPEAKERS]
    ]
    quieter = len(heard) - len(lines)
    more = f" {plural(quieter, 'speaker')} more are in the table below." if quieter else ""
    yield Figure(
        name="loudness",
        panels=(Intervals(lines=tuple(lines), reference=0.0, reference_name="median of all", unit="dB"),),
        label="Loudness of each speaker in dB",
        caption="dB against the median utterance: each speaker's median and quartiles. A speaker far from the others "
        f"was recorded otherwise.{more}",
    )


def _speakers(speakers: Sequence[SpeakerFacts]) -> Iterator[Block]:
    levels = [f"{dimension}, {'/'.join(LEVELS)}" for dimension in DIMENSIONS]
    columns = (words("speaker"), words("gender"), words("session"), "utterances", "labelled", "length", *levels)
    left_out = len(speakers) - MOST_ROWS
    caption = f"{thousands(left_out)} more are not listed." if left_out > 0 else ""
    rows = map(_speaker_row, speakers[:MOST_ROWS])
    yield table((*columns, "loudness, dB", "frames with a face, %"), rows, caption)


def _speaker_row(row: SpeakerFacts) -> tuple[Cell | str, ...]:
    return (
        row.speaker,
        row.gender,
        row.session,
        thousands(row.utterances),
        thousands(row.labelled),
        duration(row.seconds),
        *(level_cell(row.levels.get(dimension, ())) for dimension in DIMENSIONS),
        _decimal(row.loudness[0] if row.loudness else None, "+.1f"),
        percent(row.face),
    )


def _decimal(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
