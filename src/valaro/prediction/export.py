"""A timeline as a table (CSV) or as a document (JSON) for other programs."""

import json
from dataclasses import asdict
from pathlib import Path

from valaro.files import write_page
from valaro.records import LEVELS, Timeline
from valaro.spreadsheet import csv_text

COLUMNS = ("recording", "dimension", "start", "end", "level", "probability", *LEVELS, "face_found")
JSON_FORMAT, JSON_VERSION = "valaro timeline", 1
_DIGITS = 6


def write_csv(timeline: Timeline, path: Path) -> None:
    """Write a row a moment: seconds, the level with its probability, all three probabilities, share of face frames."""
    recording = timeline.recording.as_posix()
    write_page(path, csv_text(COLUMNS, ([recording, *row.values()] for row in _rows(timeline))))


def write_json(timeline: Timeline, path: Path) -> None:
    """Write the timeline without its thumbnails: format, version, recording, notes, problems, moments."""
    document = {
        "format": JSON_FORMAT,
        "version": JSON_VERSION,
        "recording": timeline.recording.as_posix(),
        "duration": round(timeline.duration, _DIGITS),
        "model": timeline.model,
        "notes": [asdict(note) for note in timeline.notes],
        "problems": [asdict(problem) for problem in timeline.problems],
        "moments": list(_rows(timeline)),
    }
    write_page(path, json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n")


def _rows(timeline: Timeline) -> list[dict[str, str | float]]:
    return [
        {
            "dimension": moment.dimension,
            "start": round(moment.start, _DIGITS),
            "end": round(moment.end, _DIGITS),
            "level": moment.level,
            "probability": round(moment.probability, _DIGITS),
            **{name: round(p, _DIGITS) for name, p in zip(LEVELS, moment.probabilities, strict=True)},
            "face_found": round(moment.face_found, _DIGITS),
        }
        for moment in timeline.moments
    ]
