"""What a user can get wrong, and the words for it."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class ValaroError(Exception):
    """A mistake of the user's or a fault of the data; its text says what, where and what was expected.

    The command line prints the text alone, without a traceback, and exits with 2.
    """


class MediaError(ValaroError):
    """A recording cannot be opened or decoded; in bulk work it becomes a `Problem`."""


class StoreError(ValaroError):
    """A manifest, feature store, checkpoint or run folder is damaged, unfinished or of another version."""


def unknown_name(kind: str, name: str, legal: Iterable[str]) -> ValaroError:
    """Return the error for a name that is not one of `legal`, with the nearest legal name.

    >>> print(unknown_name("model", "MSGAN", ["FSBase", "MSSGAN"]))
    unknown model 'MSGAN': did you mean 'MSSGAN'? Expected one of: FSBase, MSSGAN
    """
    choices = list(legal)
    near = get_close_matches(name, choices, n=1)
    hint = f" did you mean '{near[0]}'?" if near else ""
    return ValaroError(f"unknown {kind} '{name}':{hint} Expected one of: {', '.join(choices)}")


def all_at_once(heading: str, faults: Sequence[str], *, most: int = 50) -> ValaroError:
    """Return one error that lists every fault, so that one run finds them all.

    >>> print(all_at_once("2 problems in a.csv", ["line 2: no file", "line 7: no speaker"]))
    2 problems in a.csv
      line 2: no file
      line 7: no speaker
    """
    lines = [heading, *(f"  {fault}" for fault in faults[:most])]
    if len(faults) > most:
        lines.append(f"  ... and {len(faults) - most} more")
    return ValaroError("\n".join(lines))
