"""The command line: its verbs, and what a user sees when something is wrong."""

import signal
import sys
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from valaro.cli import (
    check,
    cross_validate,
    demo,
    export,
    extract,
    predict,
    read,
    report,
    train,
    train_face_network,
)
from valaro.cli.streams import visible_streams
from valaro.errors import ValaroError, is_full, words_for


class _Verbs(TyperGroup):
    """Lists the verbs in the order in which they are used, whether they have sub-commands or not."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - a private class of typer's
        order = [name for name, *_ in _VERBS]
        return sorted(super().list_commands(ctx), key=order.index)


_VERBS = (
    ("demo", demo, "Try all of it on a small made-up corpus."),
    ("read", read, "Read a corpus or a table into a manifest."),
    ("extract", extract, "Turn recordings into features, once."),
    ("check", check, "Say what is wrong, or odd, with the data."),
    ("cross-validate", cross_validate, "Evaluate models, leaving out one session at a time."),
    ("report", report, "Write a report of an evaluation."),
    ("train", train, "Train a model for use."),
    ("predict", predict, "Predict emotion in recordings."),
    ("export", export, "Write a manifest as a database or as tables."),
    ("train-face-network", train_face_network, "Train a face network of your own."),
)
app = typer.Typer(
    cls=_Verbs,
    name="valaro",
    help="Emotion (valence and arousal) from voice and face, learnt from few labelled and many unlabelled recordings.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _name, _verb, _short in _VERBS:
    if hasattr(_verb, "app"):
        app.add_typer(_verb.app, name=_name, short_help=_short)
    else:
        app.command(_name, short_help=_short)(_verb.run)


def _say_version(asked: bool) -> bool:
    if asked:
        from valaro import __version__

        typer.echo(f"valaro {__version__}")
        raise typer.Exit
    return asked


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    # Limits that make no sense are refused by every verb, whether it comes to one or not.
    import_module("valaro.limits")


_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a program to end: Ctrl-C, whoever shuts the machine down, a terminal that is closed."""


class _StoppedError(BaseException):
    """A signal to end, under a name that no library on the way takes for its own."""

    def __init__(self, number: int) -> None:
        self.number = number


def _stop(number: int, _frame: FrameType | None) -> None:
    # Whoever shuts a machine down sends both, and what the first began must come to its end.
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise _StoppedError(number)


def _hear_stops() -> dict[signal.Signals, Any]:
    """Turn the signals to end into an orderly stop and return what they did before."""
    before = {number: signal.getsignal(number) for number in _STOPS}
    for number in _STOPS:
        # Under nohup a terminal may close.
        if number != signal.SIGHUP or before[number] != signal.SIG_IGN:
            signal.signal(number, _stop)
    return before


def main() -> None:
    """Run a verb: a user's mistake is one message and exit code 2, ours a traceback, a signal 128 and its number."""
    with visible_streams():
        _run()


def _run() -> None:
    before = _hear_stops()
    try:
        app(prog_name="valaro")
    except ValaroError as error:
        sys.stderr.write(f"valaro: {error}\n")
        sys.exit(2)
    except _StoppedError as stop:
        # The terminal may be gone.
        with suppress(OSError):
            sys.stderr.write("\nvalaro: stopped; what was finished is kept, the same command goes on from there\n")
        sys.exit(128 + stop.number)
    except OSError as error:
        # A file or folder that is not what the user thinks, or not theirs to write; or a disk that is full.
        if error.filename is None and not is_full(error):
            raise
        kept = "; what was finished is kept" if is_full(error) else ""
        sys.stderr.write(f"valaro: {words_for(error)}{kept}\n")
        sys.exit(2)
    except UnicodeEncodeError as error:
        # Python stands such bytes of a path in by lone surrogates, which nothing that we write can hold.
        if "surrogates" not in error.reason:
            raise
        near = error.object[max(0, error.start - 40) : error.end + 20]
        sys.stderr.write(f"valaro: the name of a file or folder holds bytes that are not UTF-8: rename it: '{near}'\n")
        sys.exit(2)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
