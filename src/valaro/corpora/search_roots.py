"""The folder below which the recordings of a corpus lie, as those who read it have to state it."""

import os
from collections.abc import Sequence
from pathlib import Path

from valaro.records import Utterance


def recordings_root(folder: Path, utterances: Sequence[Utterance]) -> Path:
    """Return the folder from which relative names begin in what is written into `folder`: that, if all lie below it."""
    files = [file for utterance in utterances for file in (utterance.media, utterance.sound) if file is not None]
    home = folder.absolute().resolve()
    return Path(os.path.commonpath([home, *{file.absolute().parent.resolve() for file in files}]))


def root_option(folder: Path, utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """Return the option with which a reader opens the recordings of what is written into `folder`; none if below it."""
    root = recordings_root(folder, utterances)
    return () if root == folder.absolute().resolve() else ("--root", str(root))
