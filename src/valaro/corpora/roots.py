"""The folder below which the recordings of a corpus lie, as those who read it have to state it."""

import os
from collections.abc import Sequence
from pathlib import Path

from valaro.records import Utterance


def root_option(folder: Path, utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """Return the option with which a reader opens the recordings of what is written into `folder`; none if below it."""
    files = [file for utterance in utterances for file in (utterance.media, utterance.sound) if file is not None]
    home = folder.absolute().resolve()
    places = {file.absolute().parent.resolve() for file in files}
    if all(place.is_relative_to(home) for place in places):
        return ()
    return ("--root", os.path.commonpath([home, *places]))
