"""The timeline page: a recording beside what the model says about every moment of it."""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import cv2
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from valaro.files import write_page
from valaro.media.suffixes import SOUNDS
from valaro.records import DIMENSIONS, LEVELS, Thumbnail, Timeline, TimelineSegment

MOST_THUMBNAILS = 120
_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class LevelShares:
    """How much of the judged time of one dimension each level won, 0-1, in the order of LEVELS."""

    dimension: str
    shares: tuple[float, float, float]


def write_timeline_page(timeline: Timeline, path: Path) -> None:
    """Write one HTML file to `path` that plays the recording by a relative path and needs nothing else."""
    write_page(path, timeline_page(timeline, media=_relative_address(timeline.recording, path)))


def timeline_page(timeline: Timeline, *, media: str) -> str:
    """Return the page's HTML; `media` is the recording's address as the page shall refer to it."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    script = (_HERE / "timeline.js").read_text(encoding="utf-8")
    return environment.get_template("page.html.jinja").render(
        timeline=timeline,
        name=timeline.recording.name,
        media=media,
        is_sound=timeline.recording.suffix.lower() in SOUNDS,
        length=clock(timeline.duration),
        levels=LEVELS,
        shares=level_shares(timeline.moments),
        without_face=_without_face(timeline.moments),
        script=Markup(script),  # noqa: S704 our own file, never a user's text
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=Markup(_safe_json(_data(timeline))),  # noqa: S704 escaped by _safe_json
    )


def clock(seconds: float) -> str:
    """Return seconds as on a clock.

    >>> clock(65.4), clock(3725)
    ('1:05', '1:02:05')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def level_shares(moments: Sequence[TimelineSegment]) -> tuple[LevelShares, ...]:
    """Return, for each dimension judged, the share of the judged time that each level won."""
    judged: list[LevelShares] = []
    for dimension in DIMENSIONS:
        seconds = dict.fromkeys(LEVELS, 0.0)
        for moment in moments:
            if moment.dimension == dimension:
                seconds[moment.level] += moment.end - moment.start
        total = sum(seconds.values())
        if total > 0:
            low, medium, high = (seconds[level] / total for level in LEVELS)
            judged.append(LevelShares(dimension=dimension, shares=(low, medium, high)))
    return tuple(judged)


def _without_face(moments: Sequence[TimelineSegment]) -> float:
    """Return the share of the judged time in which a face was found in under half of the frames."""
    total = sum(moment.end - moment.start for moment in moments)
    without = sum(moment.end - moment.start for moment in moments if moment.face_found < 0.5)
    return without / total if total > 0 else 0.0


def _data(timeline: Timeline) -> dict[str, object]:
    """Return what the page's script draws: columns of numbers, so that hours stay small."""
    dimensions: list[dict[str, object]] = []
    for dimension in DIMENSIONS:
        moments = [moment for moment in timeline.moments if moment.dimension == dimension]
        if moments:
            dimensions.append(
                {
                    "name": dimension,
                    "start": [round(moment.start, 3) for moment in moments],
                    "end": [round(moment.end, 3) for moment in moments],
                    "level": [LEVELS.index(moment.level) for moment in moments],
                    "p": [[round(p, 3) for p in moment.probabilities] for moment in moments],
                    "face": [round(moment.face_found, 2) for moment in moments],
                }
            )
    faces = [{"time": round(face.time, 3), "image": _png(face)} for face in _spread(timeline.thumbnails)]
    return {"duration": timeline.duration, "levels": LEVELS, "dimensions": dimensions, "faces": faces}


def _spread(thumbnails: Sequence[Thumbnail]) -> list[Thumbnail]:
    count = len(thumbnails)
    if count <= MOST_THUMBNAILS:
        return list(thumbnails)
    return [thumbnails[round(k * (count - 1) / (MOST_THUMBNAILS - 1))] for k in range(MOST_THUMBNAILS)]


def _png(face: Thumbnail) -> str:
    _, encoded = cv2.imencode(".png", face.crop)
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode()


def _safe_json(data: dict[str, object]) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _relative_address(recording: Path, page: Path) -> str:
    relative = os.path.relpath(recording.resolve(), page.resolve().parent)
    return quote(relative.replace(os.sep, "/"))
