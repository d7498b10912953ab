"""The timeline page holds every moment, plays by a relative path, and loads nothing else."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from valaro.prediction.page import MOST_THUMBNAILS, level_shares, timeline_page, write_timeline_page
from valaro.records import CorpusNote, Problem, Thumbnail, Timeline, TimelineSegment


def moment(start: float, level: str = "high", *, dimension: str = "valence", face: float = 1.0) -> TimelineSegment:
    place = ("low", "medium", "high").index(level)
    probabilities = [0.2, 0.2, 0.2]
    probabilities[place] = 0.6
    return TimelineSegment(
        dimension=dimension,
        start=start,
        end=start + 1,
        level=level,
        probability=0.6,
        probabilities=tuple(probabilities),
        face_found=face,
    )


def timeline(**changes: object) -> Timeline:
    plain = Timeline(
        recording=Path("talk.mp4"),
        duration=3.0,
        moments=(moment(0), moment(0, "low", dimension="arousal"), moment(1, "low"), moment(2, face=0.25)),
        thumbnails=(Thumbnail(time=0.5, crop=np.arange(4096, dtype=np.uint8).reshape(64, 64)),),
        problems=(Problem(utterance="talk.mp4", where="faces", why="no face from 0:02"),),
        notes=(CorpusNote(corpus="demo", text="synthetic: drawn heads"),),
        model="MSSGAN",
    )
    return replace(plain, **changes)


def embedded(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_every_moment_is_in_the_page_under_its_dimension():
    data = embedded(timeline_page(timeline(), media="talk.mp4"))
    valence, arousal = data["dimensions"]
    assert (valence["name"], valence["start"], valence["level"]) == ("valence", [0, 1, 2], [2, 0, 2])
    assert valence["p"][1] == [0.6, 0.2, 0.2]
    assert valence["face"] == [1, 1, 0.25]
    assert (arousal["name"], arousal["start"]) == ("arousal", [0])


def test_shares_are_of_the_judged_time():
    valence, arousal = level_shares(timeline().moments)
    assert valence.shares == pytest.approx((1 / 3, 0, 2 / 3))
    assert arousal.shares == (1, 0, 0)
    page = timeline_page(timeline(), media="talk.mp4")
    assert "33.3 %" in page
    assert "66.7 %" in page
    assert "In 25.0 % of the time a face was found in under half of the frames" in page


def test_a_thumbnail_comes_back_pixel_for_pixel():
    (face,) = embedded(timeline_page(timeline(), media="talk.mp4"))["faces"]
    png = base64.b64decode(face["image"].removeprefix("data:image/png;base64,"))
    crop = cv2.imdecode(np.frombuffer(png, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    assert (crop == np.arange(4096, dtype=np.uint8).reshape(64, 64)).all()


def test_hours_of_thumbnails_are_thinned_evenly():
    crop = np.zeros((64, 64), dtype=np.uint8)
    many = tuple(Thumbnail(time=float(k), crop=crop) for k in range(5000))
    times = [face["time"] for face in embedded(timeline_page(timeline(thumbnails=many), media="x"))["faces"]]
    assert len(times) == MOST_THUMBNAILS
    assert (times[0], times[-1]) == (0, 4999)
    assert max(np.diff(times)) <= 43


def test_the_recording_is_found_from_the_pages_folder(tmp_path: Path):
    recording = tmp_path / "media" / "my talk #1?.mp4"
    write_timeline_page(timeline(recording=recording), tmp_path / "out" / "deep" / "t.html")
    page = (tmp_path / "out" / "deep" / "t.html").read_text(encoding="utf-8")
    assert (
        '<video id="media" controls preload="metadata" playsinline src="../../media/my%20talk%20%231%3F.mp4">' in page
    )


def test_sound_alone_gets_a_sound_player():
    assert '<audio id="media"' in timeline_page(timeline(recording=Path("a.WAV")), media="a.WAV")


def test_notes_and_problems_are_visible():
    page = timeline_page(timeline(), media="talk.mp4")
    assert page.index("synthetic: drawn heads") < page.index("<video")
    assert "no face from 0:02" in page


def test_the_page_loads_nothing_but_the_recording():
    page = timeline_page(timeline(), media="talk.mp4")
    assert "http" not in page.replace("http-equiv", "")
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["data:,", "talk.mp4"]
    assert "default-src 'none'" in page


def test_the_policy_names_the_one_script_that_may_run():
    page = timeline_page(timeline(), media="talk.mp4")
    script = re.search(r"<script>(.*?)</script>\n</body>", page, re.DOTALL)[1]
    assert f"script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in page


def test_names_and_data_cannot_end_their_element():
    evil = "</script><script>alert(1)</script>"
    page = timeline_page(
        timeline(
            recording=Path("a" + evil.replace("/", "")),
            model=evil,
            notes=(CorpusNote(corpus=evil, text=evil),),
            problems=(Problem(utterance=evil, where=evil, why=evil),),
        ),
        media="talk.mp4",
    )
    assert "alert(1)</script>" not in page
    assert page.count("<script") == 2


def test_a_recording_that_could_not_be_judged_still_has_a_page():
    page = timeline_page(timeline(moments=(), thumbnails=()), media="talk.mp4")
    assert "No moment of this recording could be judged" in page
    assert "no face from 0:02" in page


def test_the_same_timeline_gives_the_same_bytes():
    assert timeline_page(timeline(), media="talk.mp4") == timeline_page(timeline(), media="talk.mp4")


def test_ten_hours_stay_a_few_megabytes():
    moments = tuple(moment(float(k), dimension=name) for k in range(36000) for name in ("valence", "arousal"))
    page = timeline_page(timeline(duration=36000.0, moments=moments), media="talk.mp4")
    assert len(embedded(page)["dimensions"][1]["start"]) == 36000
    assert len(page) < 4_000_000
