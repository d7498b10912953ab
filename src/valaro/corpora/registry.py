"""The one table of corpora that can be read, by the names that users give them; a new corpus is a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from valaro.corpora import options as of
from valaro.errors import ValaroError, unknown_name
from valaro.files import checked_path

if TYPE_CHECKING:
    from valaro.corpora.reading import Reading


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of corpus."""

    reader: str
    """`module.function` in this package; loaded when it is called, since some readers load what decodes recordings."""
    options: type[Any]
    what: str
    """What is read, in a few words of `--help`."""
    more: str = ""
    """Further sentences of the kind's own `--help`."""
    is_slow: bool = False
    """Whether the reader also takes `on_progress`, which is called with (done, of how many)."""


KINDS: Mapping[str, Kind] = {
    "table": Kind(
        reader="table.read_table",
        options=of.TableOptions,
        what="A CSV, TSV or Parquet table.",
        more="It has one row per utterance. Columns utterance and file are required; speaker, gender, session, "
        "valence, arousal and others are optional. An empty label means unlabelled. A table with a fault is not read "
        "at all: every fault is named with its line.",
    ),
    "iemocap": Kind(reader="iemocap.read_iemocap", options=of.IemocapOptions, what="The folder IEMOCAP_full_release."),
    "ami": Kind(
        reader="ami.read_ami",
        options=of.AmiOptions,
        what="The folder amicorpus: unlabelled samples.",
        more="Its annotations lie in or beside it.",
        is_slow=True,
    ),
    "recordings": Kind(
        reader="recordings.read_recordings",
        options=of.RecordingsOptions,
        what="Any videos or sounds: unlabelled samples.",
        more="Samples in which somebody speaks are taken from all files below the folder.",
        is_slow=True,
    ),
    "crema-d": Kind(reader="crema_d.read_crema_d", options=of.CremaDOptions, what="CREMA-D: VideoFlash or AudioWAV."),
    "ravdess": Kind(
        reader="ravdess.read_ravdess",
        options=of.LevelOptions,
        what="RAVDESS: Actor_01, Actor_02 and so on.",
        more="They may lie at any depth.",
    ),
    "audformat": Kind(
        reader="from_audformat.read_audformat",
        options=of.TableOptions,
        what="An audformat database with db.yaml.",
    ),
}


def read_kind(
    kind: str, path: Path, options: Mapping[str, object], on_progress: Callable[[int, int], None] | None = None
) -> "Reading":
    """Read a corpus of a known kind; of `options`, those that are None were not given.

    Raises:
        ValaroError: an unknown kind, an option that it does not take, a corpus that is not there or makes no sense.
    """
    kind = str(kind)
    if kind not in KINDS:
        raise unknown_name("kind of corpus", kind, KINDS)
    chosen = KINDS[kind]
    module, _, function = chosen.reader.partition(".")
    read = getattr(import_module(f"valaro.corpora.{module}"), function)
    given = _checked_options(kind, {name: value for name, value in options.items() if value is not None})
    return read(path, given, **({"on_progress": on_progress} if chosen.is_slow else {}))


def _checked_options(kind: str, given: Mapping[str, object]) -> Any:  # noqa: ANN401 - the kind's record
    """Return the options as the kind's record; Python callers may give paths as text."""
    # Not above: the command line reads this file for its help, and that is to come at once.
    from valaro.jsonfile import from_plain

    record = KINDS[kind].options
    names, hints = [field.name for field in fields(record)], get_type_hints(record)
    foreign = next((name for name in given if name not in names), None)
    if foreign:
        legal = ", ".join(map(_flag, names)) or "none"
        raise ValaroError(f"{_flag(foreign)} means nothing for '{kind}'; options of this kind: {legal}")
    try:
        return record(
            **{
                name: checked_path(value, name) if hints[name] == Path | None else from_plain(hints[name], value, name)
                for name, value in given.items()
            }
        )
    except ValueError as error:
        raise ValaroError(str(error)) from None


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"
