"""The page of a check: what is wrong, what is worth a look, and the data as people want to see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from valaro.analysis.data import face_table
from valaro.checks.findings import CheckRecord
from valaro.files import write_page
from valaro.records import DIMENSIONS, LEVELS
from valaro.reports.data_tables import MOST_ROWS
from valaro.reports.figures import WIDTH, Spread, spread_chart
from valaro.reports.html import environment
from valaro.reports.table_1 import level_table

MOST_SPEAKERS = 60
"""Rows of the figure of loudness; the table beside it has everyone."""

_BINS = 24


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar of a histogram in a box of 400 x 90: its place, width, top and how many it stands for."""

    x: float
    width: float
    top: float
    count: int
    words: str


def write_check_page(record: CheckRecord, path: Path) -> None:
    """Write one self-contained HTML file; the same record gives the same bytes."""
    write_page(path, check_page(record))


def check_page(record: CheckRecord) -> str:
    """Return the page's HTML."""
    heard = [speaker for speaker in record.speakers if speaker.loudness is not None]
    shown = heard[:MOST_SPEAKERS]
    spreads = [Spread(*speaker.loudness) for speaker in shown if speaker.loudness is not None]
    return (
        environment()
        .get_template("check.html.jinja")
        .render(
            record=record,
            levels=LEVELS,
            dimensions=DIMENSIONS,
            level_table=level_table(record.corpora),
            most_rows=MOST_ROWS,
            looks=len(record.findings) - len(record.faults),
            utterances=sum(corpus.utterances for corpus in record.corpora),
            compared=[row for row in record.agreements if row.votes > row.rated],
            bars=histogram(record.seconds),
            faces=face_table(record.faces),
            loudness=spread_chart(spreads, "dB") if spreads else None,
            loud_names=[f"{speaker.speaker} {speaker.gender}".strip() for speaker in shown],
            loud_words=[f"{s.middle:+.1f} ({s.low:+.1f} to {s.high:+.1f})".replace("-", "\u2212") for s in spreads],
            quieter=len(heard) - len(shown),
        )
    )


def histogram(values: Sequence[float]) -> tuple[Bar, ...]:
    """Return the bars over the values' range; a few far outliers are counted in the last bar."""
    if not values:
        return ()
    edge = float(np.quantile(values, 0.99)) * 1.2
    low, high = min(values), max(min(max(values), edge), min(values) + 1e-9)
    counts, edges = np.histogram(np.clip(values, low, high), bins=_BINS, range=(low, high))
    most = int(counts.max())
    width = WIDTH / _BINS
    return tuple(
        Bar(
            x=round(place * width, 1),
            width=round(width - 1, 1),
            top=round(90 - 90 * int(count) / most, 1),
            count=int(count),
            words=f"{edges[place]:.1f} to {edges[place + 1] if place + 1 < _BINS else max(values):.1f} s: {int(count)}",
        )
        for place, count in enumerate(counts)
    )
