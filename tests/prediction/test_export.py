"""What is written as CSV or JSON reads back as the same moments."""

import csv
import json
from dataclasses import replace
from pathlib import Path

from valaro.prediction.export import COLUMNS, write_csv, write_json
from valaro.records import CorpusNote, Problem, Timeline, TimelineSegment

TIMELINE = Timeline(
    recording=Path('clips/a, "b".mp4'),
    duration=2.56,
    moments=(
        TimelineSegment(
            dimension="valence",
            start=0.0,
            end=1.28,
            level="high",
            probability=0.5,
            probabilities=(0.125, 0.375, 0.5),
            face_found=0.75,
        ),
        TimelineSegment(
            dimension="arousal",
            start=1.28,
            end=2.56,
            level="low",
            probability=0.7,
            probabilities=(0.7, 0.2, 0.1),
        ),
    ),
    problems=(Problem(utterance="a", where="faces", why="naïve ✓"),),
    notes=(CorpusNote(corpus="demo", text="synthetic"),),
    model="MSSGAN",
)


def test_csv_reads_back_as_the_same_moments(tmp_path: Path):
    write_csv(TIMELINE, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["recording"] == 'clips/a, "b".mp4'
    assert [(row["dimension"], row["level"], float(row["start"]), float(row["end"])) for row in rows] == [
        ("valence", "high", 0.0, 1.28),
        ("arousal", "low", 1.28, 2.56),
    ]
    assert tuple(float(rows[0][name]) for name in ("probability", "low", "medium", "high", "face_found")) == (
        0.5,
        0.125,
        0.375,
        0.5,
        0.75,
    )


def test_a_recordings_name_is_never_a_formula_and_numbers_stay_numbers(tmp_path: Path):
    recording = Path("=HYPERLINK(A1).wav")
    write_csv(replace(TIMELINE, recording=recording), tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["recording"] for row in rows} == {"'=HYPERLINK(A1).wav"}
    assert [float(row["start"]) for row in rows] == [moment.start for moment in TIMELINE.moments]


def test_json_names_its_version_and_reads_back_whole(tmp_path: Path):
    write_json(TIMELINE, tmp_path / "t.json")
    found = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert (found["format"], found["version"]) == ("valaro timeline", 1)
    assert (found["recording"], found["duration"], found["model"]) == ('clips/a, "b".mp4', 2.56, "MSSGAN")
    assert found["notes"] == [{"corpus": "demo", "text": "synthetic", "kind": ""}]
    assert found["problems"] == [
        {"utterance": "a", "where": "faces", "why": "naïve ✓", "is_remark": False, "is_absence": False}
    ]
    assert found["moments"][0] == {
        "dimension": "valence",
        "start": 0.0,
        "end": 1.28,
        "level": "high",
        "probability": 0.5,
        "low": 0.125,
        "medium": 0.375,
        "high": 0.5,
        "face_found": 0.75,
    }
    assert len(found["moments"]) == 2


def test_a_recording_without_moments_leaves_a_header_alone(tmp_path: Path):
    write_csv(Timeline(recording=Path("a.mp4"), duration=0.0, moments=()), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == ",".join(COLUMNS) + "\n"


def test_expressions_have_a_column_each_that_is_empty_without_a_face(tmp_path: Path):
    first, second = TIMELINE.moments
    told = replace(TIMELINE, moments=(replace(first, expressions=(0.25, 0.75)), second), expressions=("joy", "fear"))
    write_csv(told, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == (*COLUMNS, "expression_joy", "expression_fear")
    assert [(row["expression_joy"], row["expression_fear"]) for row in rows] == [("0.25", "0.75"), ("", "")]
    write_json(told, tmp_path / "t.json")
    moments = json.loads((tmp_path / "t.json").read_text())["moments"]
    assert [moment["expressions"] for moment in moments] == [{"joy": 0.25, "fear": 0.75}, None]
