"""An extractor that needs no decoder, and a command to run it in a process that a test may kill."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from valaro.errors import MediaError
from valaro.extraction.extract import ExtractOptions, extract
from valaro.records import Extracted, FaceQuality, FeatureSequence, Problem, Utterance

VERSIONS = {"fbank": "1", "face": "1"}


def fake(utterance: Utterance, names: Sequence[str]) -> Extracted:
    """Do what the text of the "recording" says; each call is counted in the folder `calls` beside it."""
    wish = utterance.media.read_text()
    calls = utterance.media.parent / "calls"
    if calls.is_dir():
        (calls / f"{utterance.media.name}.{'+'.join(names)}.{time.monotonic_ns()}").write_text("")
    if "sleep" in wish:
        time.sleep(0.02)
    if "fail" in wish:
        raise MediaError(f"{utterance.media.name}: no recording")
    if "bug" in wish:
        raise ZeroDivisionError("oh")
    if "die" in wish:
        os._exit(9)
    random = np.random.default_rng(len(utterance.id) * 1000 + sum(utterance.id.encode()))
    rows = int(random.integers(1, 30))
    values = {"fbank": random.standard_normal((rows, 3)), "face": random.standard_normal((rows, 2))}
    problems: list[Problem] = []
    if "dark" in wish:
        del values["face"]
        problems.append(Problem(utterance="?", where="picture", why="no face in 75 frames"))
    if "nan" in wish:
        values["fbank"][rows // 2] = np.nan
    if "silent" in wish:
        del values["fbank"]
    if "loud" in wish:
        values["fbank"][0] = 1e9
    features = [FeatureSequence(name=name, values=values[name].astype(np.float32)) for name in names if name in values]
    quality = FaceQuality(utterance="?", frames=75, detected=70, mean_absolute_yaw=0.25) if "face" in names else None
    return Extracted(features=tuple(features), quality=quality, problems=tuple(problems))


def utterances(folder: Path) -> tuple[Utterance, ...]:
    return tuple(
        Utterance(id=f"c/{path.stem}", corpus="c", session="1", speaker="c/1", gender="", media=path)
        for path in sorted(folder.glob("*.txt"))
    )


def main(folder: str, store: str, workers: str) -> None:
    """Extract `folder` into `store`, to be killed."""
    names = ["fbank", "face"]
    options = ExtractOptions(extractor=fake, versions=VERSIONS)
    extract(utterances(Path(folder)), names, to=Path(store), workers=int(workers), options=options)


def command(folder: Path, store: Path, workers: int) -> list[str]:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from helpers import extraction; extraction.main(*sys.argv[2:])"
    return [sys.executable, "-c", code, str(Path(__file__).parents[1]), str(folder), str(store), str(workers)]
