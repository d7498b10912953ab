"""What every export needs: where recordings lie for whoever reads it back, and what no form can hold."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from valaro.corpora.parse_cell import fits_a_cell
from valaro.records import Rating, Utterance

LOWEST, HIGHEST = 1.0, 5.0


def recordings_root(folder: Path, utterances: Sequence[Utterance]) -> Path:
    """Return the folder from which relative names begin in what is written into `folder`: that, if all lie below it."""
    files = [file for utterance in utterances for file in (utterance.media, utterance.sound) if file is not None]
    home = folder.absolute().resolve()
    return Path(os.path.commonpath([home, *{file.absolute().parent.resolve() for file in files}]))


def root_option(folder: Path, utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """Return the option with which a reader opens the recordings of what is written into `folder`; none if below it."""
    root = recordings_root(folder, utterances)
    return () if root == folder.absolute().resolve() else ("--root", str(root))


def column_of(rating: Rating) -> str:
    """Return the name of an annotator's votes on a dimension: `valence.E1`."""
    return f"{rating.dimension}.{rating.annotator}"


def utterance_faults(utterance: Utterance, texts: Iterable[str]) -> Iterator[str]:
    """Yield what keeps an utterance, whose texts are written, from coming back as it is."""
    for text in texts:
        if not fits_a_cell(text):
            yield f"a control character or outer blank in {text!r}"
    for column, count in Counter(map(column_of, utterance.ratings)).items():
        if count > 1:
            yield f"two ratings of {column}"
    for rating in utterance.ratings:
        if not LOWEST <= rating.score <= HIGHEST:
            yield f"{column_of(rating)} is {rating.score:g}, outside {LOWEST:g} to {HIGHEST:g}"
