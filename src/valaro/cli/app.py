"""The command line: its verbs, and what a user sees when something is wrong."""

import signal
import sys
from types import FrameType

import typer

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

app = typer.Typer(
    name="valaro",
    help="Emotion (valence and arousal) from voice and face, learnt from few labelled and many unlabelled recordings.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for verb in (demo, read, export, train_face_network, extract, check, train, cross_validate, report, predict):
    name = verb.__name__.rpartition(".")[2].replace("_", "-")
    app.command(name)(verb.run)


class _StoppedError(BaseException):
    """Ctrl-C, under a name that no library on the way takes for its own."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _StoppedError


def main() -> None:
    """Run a verb: a user's mistake is one message and exit code 2, ours a traceback, Ctrl-C exit code 130."""
    with visible_streams():
        _run()


def _run() -> None:
    before = signal.signal(signal.SIGINT, _stop)
    try:
        app(prog_name="valaro")
    except ValaroError as error:
        sys.stderr.write(f"valaro: {error}\n")
        sys.exit(2)
    except _StoppedError:
        sys.stderr.write("\nvalaro: stopped; what was finished is kept, the same command goes on from there\n")
        sys.exit(130)
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
        signal.signal(signal.SIGINT, before)
