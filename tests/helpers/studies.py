"""Makes a small study in a folder: manifest, store and settings of a training that takes moments."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from helpers.features import make_store, toy_corpus
from valaro.experiments.cross_validate import cross_validate
from valaro.experiments.sections import Settings
from valaro.experiments.settings import read_settings
from valaro.records import CorpusNote
from valaro.store.manifest import write_manifest

NOTE = CorpusNote(corpus="toy", text="Made up: patterns in noise.")

SETTINGS = """\
[data]
labelled = ["toy.parquet"]
features = "features"
[study]
models = ["MFSBase", "SSGAN:fbank"]
dimensions = ["valence"]
directions = "coin"
control = false
[network]
width = 0.125
averaged_bands = 1
[training]
steps = 4
batch_size = 4
evaluate_every = 2
"""


def make_study(folder: Path, *, sessions: int = 2, per_level: int = 2) -> Path:
    """Write a corpus of four people in two sessions, its features and settings; return the settings file.

    Two folds, two models and the linear ones beside them (LR and SVM on the features of each), one seed: twelve
    trainings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    utterances, features = toy_corpus(sessions=sessions, per_level=per_level, unlabelled=1)
    media = folder / "media"
    write_manifest(folder / "toy.parquet", [replace(u, media=media / u.media.name) for u in utterances], [NOTE])
    make_store(folder / "features", features, (NOTE,))
    settings = folder / "study.toml"
    settings.write_text(SETTINGS)
    return settings


def settings_of(study: Path, *changes: str) -> Settings:
    return read_settings(study, changes)


def main(study: str, to: str, *changes: str) -> None:
    """Cross-validate, to be killed."""
    cross_validate(read_settings(Path(study), changes), Path(to))


def command(study: Path, to: Path, changes: Sequence[str]) -> list[str]:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from helpers import studies; studies.main(*sys.argv[2:])"
    return [sys.executable, "-c", code, os.fspath(Path(__file__).parents[1]), str(study), str(to), *changes]
