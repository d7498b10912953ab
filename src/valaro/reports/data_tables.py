"""What a page shows of a run's settings, and of how much data."""

from pathlib import Path

import tomli_w

from valaro.documents import parse_toml
from valaro.records import RunRecord

MOST_ROWS = 5000
"""Rows of a table of clips or problems; beyond that a browser is slow, and the page says how many are left out."""


def shown_settings(run: RunRecord) -> str:
    """Return the settings as TOML, each file and folder of data by its name alone.

    A page is passed on: where its reader's colleague keeps recordings is nobody's business, and says nothing.
    """
    known = parse_toml(run.settings)
    data = known.get("data", {})
    for name, value in data.items():
        if name in {"labelled", "unlabelled"}:
            data[name] = [Path(path).name for path in value]
        elif name == "features":
            data[name] = Path(value).name
    return tomli_w.dumps(known)
