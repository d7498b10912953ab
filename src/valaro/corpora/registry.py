"""The one table of corpora that can be read, by the names that users give them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valaro.corpora.crema_d import read_crema_d
from valaro.corpora.from_audformat import read_audformat
from valaro.corpora.iemocap import read_iemocap
from valaro.corpora.missing_levels import missing_levels
from valaro.corpora.ravdess import read_ravdess
from valaro.corpora.reading import Reading
from valaro.corpora.table import read_table
from valaro.errors import ValaroError, unknown_name
from valaro.files import checked_path
from valaro.typed import typed


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a corpus is read: `read(path, **options)`, which of the options it `takes`, and `what` its path is.

    One that is `slow` also takes `on_progress`, which is told (done, of how many).
    """

    read: Callable[..., Reading]
    takes: tuple[str, ...]
    what: str
    slow: bool = False


def _table(path: Path, **options: Any) -> Reading:  # noqa: ANN401 - read_table checks them
    utterances = read_table(path, **options)
    return Reading(
        utterances=utterances, remarks=missing_levels(utterances, is_scale_stated=options.get("scale") is not None)
    )


def _ami(path: Path, **options: Any) -> Reading:  # noqa: ANN401 - read_ami checks them
    # It looks into recordings: what decodes them need not be loaded for a table.
    from valaro.corpora.ami import read_ami

    return read_ami(path, **options)


def _recordings(path: Path, **options: Any) -> Reading:  # noqa: ANN401 - as above
    from valaro.corpora.recordings import read_recordings

    return read_recordings(path, **options)


_PATHS = ("root", "levels", "seats", "speakers")
"""Options that are files or folders, which Python callers may give as text."""

_PLAIN: Mapping[str, Any] = {
    **dict.fromkeys(("corpus", "people", "speaker_from", "votes"), str),
    **dict.fromkeys(("samples", "seed", "workers"), int),
    **dict.fromkeys(("overlap", "faces"), bool),
    "scale": tuple[float, float],
}
"""The kinds of the other options."""

KINDS: Mapping[str, Kind] = {
    "table": Kind(
        read=_table, takes=("corpus", "people", "scale", "root"), what="a CSV or Parquet file, a row an utterance"
    ),
    "iemocap": Kind(read=read_iemocap, takes=("seats",), what="the folder IEMOCAP_full_release"),
    "ami": Kind(
        read=_ami,
        takes=("samples", "seed", "overlap", "faces", "workers"),
        what="the folder amicorpus, its annotations in or beside it",
        slow=True,
    ),
    "recordings": Kind(
        read=_recordings,
        takes=("corpus", "people", "speaker_from", "speakers", "samples", "seed", "overlap", "faces", "workers"),
        what="any folder of videos or sounds",
        slow=True,
    ),
    "crema-d": Kind(read=read_crema_d, takes=("levels", "votes"), what="a folder with VideoFlash or AudioWAV"),
    "ravdess": Kind(read=read_ravdess, takes=("levels",), what="a folder with Actor_01, Actor_02 ... at any depth"),
    "audformat": Kind(read=read_audformat, takes=("corpus", "people", "scale", "root"), what="a folder with db.yaml"),
}


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def _checked(name: str, value: object) -> object:
    try:
        return typed(_PLAIN[name], value, name)
    except ValueError as error:
        raise ValaroError(str(error)) from None


def read_kind(
    kind: str, path: Path, options: Mapping[str, object], on_progress: Callable[[int, int], None] | None = None
) -> Reading:
    """Read a corpus of a known kind; of `options`, those that are None were not given.

    Raises:
        ValaroError: an unknown kind, an option that it does not take, a corpus that is not there or makes no sense.
    """
    kind = str(kind)
    if kind not in KINDS:
        raise unknown_name("kind of corpus", kind, KINDS)
    chosen = KINDS[kind]
    given = {name: value for name, value in options.items() if value is not None}
    foreign = [name for name in given if name not in chosen.takes]
    if foreign:
        taken = ", ".join(map(_flag, chosen.takes)) or "none"
        raise ValaroError(f"{_flag(foreign[0])} means nothing for '{kind}'; options of this kind: {taken}")
    given |= {name: checked_path(given[name], name) for name in _PATHS if name in given}
    given |= {name: _checked(name, given[name]) for name in _PLAIN if name in given}
    return chosen.read(path, **given, **({"on_progress": on_progress} if chosen.slow else {}))
