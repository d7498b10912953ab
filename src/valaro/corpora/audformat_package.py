"""The door to the package audformat, which only those need who have or want databases of its form."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from valaro.errors import ValaroError
from valaro.limits import LIMITS

HEADER = "db.yaml"
KEY = "valaro"
"""Under this key a database written here says so: its names are complete, and pages must say its notes."""

OUR_TABLE = "utterances"
"""The table of a database written here that has every utterance."""

FULL_NAMES = ("utterance", "corpus", "region", "sound", "sound_start", "script")
"""Columns that only a database written here has, beside speaker, session, valence and arousal."""


def audformat() -> Any:  # noqa: ANN401 - a module that may not be installed
    """Return the package.

    Raises:
        ValaroError: it is not installed.
    """
    return _package("audformat")


def safely_loaded(text: str) -> Mapping[str, Any]:
    """Return a header's YAML, in which nothing is executed: the package's own loader makes any object it is asked to.

    Raises:
        ValaroError: it is no YAML, or no mapping; nested too deeply, or with an alias, of which ten lines can stand for
            more than any memory holds, and which the package itself never writes.
    """
    yaml = _package("yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_events(yaml.parse(text, Loader=loader), yaml)
        header = yaml.load(text, Loader=loader)
    # Damaged YAML makes the parser raise what Python's dates, numbers and the stack have to say, too.
    except Exception as error:  # noqa: BLE001
        raise ValaroError(f"not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(header, dict):
        raise ValaroError(f"expected names with values, found {type(header).__name__}")
    return {str(name): value for name, value in header.items()}


def _check_events(events: Iterable[Any], yaml: Any) -> None:  # noqa: ANN401 - as above
    """Look at what a text would make, part after part, before any of it is made."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        fault = (
            f"an alias (*{event.anchor}), expected values written out"
            if isinstance(event, yaml.AliasEvent)
            else f"lists nested more than {LIMITS.deepest_json} deep"
        )
        if isinstance(event, yaml.AliasEvent) or depth > LIMITS.deepest_json:
            raise ValaroError(f"line {event.start_mark.line + 1}: {fault}")


def _package(name: str) -> Any:  # noqa: ANN401 - as above
    try:
        return import_module(name)
    except ImportError:
        raise ValaroError("audformat databases need the package audformat: pip install 'valaro[audformat]'") from None
