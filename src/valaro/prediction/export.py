"""A timeline as a table (CSV) or as a document (JSON) for other programs."""

import json
from dataclasses import asdict
from pathlib import Path

from valaro.files import write_page
from valaro.records import LEVELS, Timeline, TimelineSegment
from valaro.spreadsheet import csv_text

COLUMNS = ("recording", "dimension", "start", "end", "level", "probability", *LEVELS, "face_found")
JSON_FORMAT, JSON_VERSION = "valaro timeline", 1
_DIGITS = 6


def write_csv(timeline: Timeline, path: Path) -> None:
    """Write a row a moment: seconds, the level with its probability, all three probabilities, share of face frames.

    Where expressions were asked for, a column each follows, empty where no face was seen.
    """
    recording = timeline.recording.as_posix()
    named = [f"expression_{name}" for name in timeline.expressions]
    rows = (
        [recording, *row.values(), *(map(_rounded, moment.expressions) if moment.expressions else [""] * len(named))]
        for row, moment in zip(_rows(timeline), timeline.moments, strict=True)
    )
    write_page(path, csv_text((*COLUMNS, *named), rows))


def write_json(timeline: Timeline, path: Path) -> None:
    """Write the timeline without its thumbnails: format, version, recording, notes, problems, moments."""
    document = {
        "format": JSON_FORMAT,
        "version": JSON_VERSION,
        "recording": timeline.recording.as_posix(),
        "duration": _rounded(timeline.duration),
        "model": timeline.model,
        "notes": [asdict(note) for note in timeline.notes],
        "problems": [asdict(problem) for problem in timeline.problems],
        "moments": [
            row | _expressions(timeline, moment) for row, moment in zip(_rows(timeline), timeline.moments, strict=True)
        ],
    }
    write_page(path, json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n")


def _rows(timeline: Timeline) -> list[dict[str, str | float]]:
    return [
        {
            "dimension": moment.dimension,
            "start": _rounded(moment.start),
            "end": _rounded(moment.end),
            "level": moment.level,
            "probability": _rounded(moment.probability),
            **{name: _rounded(p) for name, p in zip(LEVELS, moment.probabilities, strict=True)},
            "face_found": _rounded(moment.face_found),
        }
        for moment in timeline.moments
    ]


def _rounded(number: float) -> float:
    return round(number, _DIGITS)


def _expressions(timeline: Timeline, moment: TimelineSegment) -> dict[str, dict[str, float] | None]:
    """Return what was asked for: nothing, or each expression's probability, null where no face was seen."""
    if not timeline.expressions:
        return {}
    shares = {name: _rounded(p) for name, p in zip(timeline.expressions, moment.expressions, strict=False)}
    return {"expressions": shares or None}
