"""What may be said of a corpus besides where it lies: a record of options, each with its help, for every kind."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def option(words: str, default: Any = None, **shown: str) -> Any:  # noqa: ANN401 - as dataclasses.field has it
    """Return a field with what `--help` says of it; `shown` are further words for typer, as `show_default`."""
    return field(default=default, metadata={"help": words, **shown})


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """A corpus that needs none."""


@dataclass(frozen=True, kw_only=True)
class NameOptions:
    """What a corpus and its people are called: the names before the `/` in ids and speakers."""

    corpus: str | None = option("The corpus's name.", show_default="as its file or folder")
    people: str | None = option("Corpora with the same PEOPLE share their speakers.")


@dataclass(frozen=True, kw_only=True)
class TableOptions(NameOptions):
    """How the rows of a table or database are read."""

    scale: tuple[float, float] | None = option("Lowest and highest numeric label, as in --scale 1 7.")
    root: Path | None = option(
        "Where relative names of recordings begin and all must lie.", show_default="the corpus's folder"
    )


@dataclass(frozen=True, kw_only=True)
class IemocapOptions:
    """Who sits where."""

    speaker_positions: Path | None = option("A table of who sits on the left (columns dialog, left: F or M).")


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """How samples are drawn from recordings; the first ones of a seed are the same however many are drawn."""

    samples: int | None = option("How many samples to draw.", show_default="all there are")
    seed: int = option("Another seed draws other samples.", 0)
    overlap: bool = option("Samples of a speaker may share time.", False, names="--overlap")
    faces: bool = option("Drop samples without a face.", True, names="--faces/--no-faces")
    workers: int = option("Threads that look at samples.", 1)


@dataclass(frozen=True, kw_only=True)
class AmiOptions(SampleOptions):
    """As many samples as served the paper best (its figure 6)."""

    samples: int = option("How many samples to draw.", 20_000)


@dataclass(frozen=True, kw_only=True)
class RecordingsOptions(SampleOptions, NameOptions):
    """Who speaks in the recordings, and how samples are drawn from them."""

    speaker_from: str | None = option(
        "Who speaks, by the path below the folder: '{speaker}/{session}_{take}', or a regular expression with a group "
        "(?P<speaker>...).",
        metavar="PATTERN",
    )
    speakers: Path | None = option("Who speaks, by a table (columns file, speaker, and session, gender).")


@dataclass(frozen=True, kw_only=True)
class LevelOptions:
    """How categories become levels."""

    levels: Path | None = option("Your own table category,valence,arousal with the levels low, medium, high.")


@dataclass(frozen=True, kw_only=True)
class CremaDOptions(LevelOptions):
    """Whose votes count."""

    votes: str = option("Whose votes count, by what they met: voice, face or both.", "both")
