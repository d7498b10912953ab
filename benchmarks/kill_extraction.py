"""Is a store whose extraction was killed at random moments, time after time, the same bytes as an undisturbed one?

    python benchmarks/kill_extraction.py FOLDER_OF_CLIPS [--clips 48] [--seconds 1.5] [--rounds 10]

Each round begins a new store, kills the extraction with SIGKILL at a random moment, and once more if it still runs
when the second moment comes, lets the last run end, and compares the sha256 of every file with those of the
undisturbed store. A round whose first kill came too late is drawn again. Only the first `--seconds` of each clip are
extracted, so that there are several shards to be killed between.
"""

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from valaro.extraction.extract import extract
from valaro.records import Utterance
from valaro.store.feature_store import FeatureStore

KINDS = {".mp4", ".mpg", ".avi", ".flv", ".mov", ".mkv", ".wav", ".flac"}


def utterances(folder: Path, clips: int, seconds: float) -> tuple[Utterance, ...]:
    """Return the beginnings of the folder's first recordings, each an unlabelled utterance."""
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in KINDS][:clips]
    return tuple(
        Utterance(
            id=f"c/{path.stem}", corpus="c", session="", speaker=f"c/{path.stem}", gender="", media=path, end=seconds
        )
        for path in paths
    )


def contents(store: Path) -> dict[str, str]:
    """Return the sha256 of every file and the name of every folder of a store."""
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(store.rglob("*"))
    }


def start(arguments: argparse.Namespace, store: Path) -> subprocess.Popen[bytes]:
    """Start the extraction in a process of its own."""
    numbers = {"--clips": arguments.clips, "--seconds": arguments.seconds, "--workers": arguments.workers}
    options = [text for name, value in numbers.items() for text in (name, str(value))]
    options += ["--features", *arguments.features]
    command = [sys.executable, __file__, str(arguments.folder), "--into", str(store), *options]
    return subprocess.Popen(command)


def kill_at(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill after `seconds`, and return whether the process still ran."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() < 0


def compare(arguments: argparse.Namespace, place: Path) -> bool:
    """Run the rounds and print what each came to."""
    began = time.perf_counter()
    start(arguments, place / "undisturbed").wait()
    duration = time.perf_counter() - began
    expected = contents(place / "undisturbed")
    store = FeatureStore.open(place / "undisturbed")
    store.verify()
    print(f"undisturbed: {len(store)} utterances, {len(expected)} files and folders, {duration:.1f} s")
    moments, same, kills, number = random.Random(arguments.seed), 0, 0, 0
    while number < arguments.rounds:
        target = Path(tempfile.mkdtemp(dir=place))
        words: list[str] = []
        for attempt in range(2):
            moment = moments.uniform(0.1, duration)
            killed = kill_at(start(arguments, target), moment)
            if not killed and attempt == 0:
                break
            kills += killed
            there = len(FeatureStore.open(target)) if (target / "store.json").exists() else 0
            words.append(f"{'killed at' if killed else 'ended before'} {moment:.2f} s ({there} utterances in)")
        if not words:
            continue
        number += 1
        start(arguments, target).wait()
        equal = contents(target) == expected
        same += equal
        print(f"round {number}: {', '.join(words)}: {'the same bytes' if equal else 'DIFFERENT'}", flush=True)
    print(f"{same} of {arguments.rounds} stores are byte-identical to the undisturbed one, after {kills} kills")
    return same == arguments.rounds


def main() -> int:
    """Read the arguments; with --into only extract."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--features", nargs="+", default=["fbank", "face"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.into is not None:
        extract(
            utterances(arguments.folder, arguments.clips, arguments.seconds),
            arguments.features,
            to=arguments.into,
            workers=arguments.workers,
        )
        return 0
    with tempfile.TemporaryDirectory(prefix="valaro-kill-") as place:
        return 0 if compare(arguments, Path(place)) else 1


if __name__ == "__main__":
    sys.exit(main())
