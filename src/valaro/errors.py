"""What a user can get wrong, and the words for it."""

import errno
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class ValaroError(Exception):
    """A mistake of the user's or a fault of the data; its text says what, where and what was expected.

    The command line prints the text alone, without a traceback, and exits with 2.
    """


class MediaError(ValaroError):
    """A recording cannot be opened or decoded; in bulk work it becomes a `Problem`."""


class SoundError(MediaError):
    """The sound of a recording cannot be used; its picture may be."""


class StoreError(ValaroError):
    """A manifest, feature store, checkpoint or run folder is damaged, unfinished or of another version."""


def words_for(error: BaseException) -> str:
    """Return an error of any kind in words, without the names of the program's own parts.

    >>> words_for(KeyError("notes")), words_for(MemoryError())
    ("'notes' is missing", 'the memory of this computer does not suffice')
    """
    match error:
        case ValaroError():
            return str(error)
        case OSError() if is_full(error):
            return "no space is left on the disk, or a file would be too large for it"
        case OSError(strerror=str() as reason, filename=str() as name):
            return f"'{name}': {reason}"
        case OSError(strerror=str() as reason):
            return reason
        case MemoryError():
            return "the memory of this computer does not suffice"
        case KeyError():
            return f"{error} is missing"
        case ValueError() if str(error):
            return str(error)
        case _:
            return f"{type(error).__name__}: {error}"


def is_full(error: OSError) -> bool:
    """Whether a disk is full, or what somebody may write to it."""
    return error.errno in _FULL


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
