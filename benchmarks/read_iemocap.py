"""How long does the whole of IEMOCAP take to be read, and what does a broken copy say?

    python benchmarks/read_iemocap.py [--turns 10039]

Makes a folder in the release's exact form (five sessions, 150 dialogues, empty sounds and pictures) in a temporary
place, reads it through the command line in a process of its own and prints its account, seconds and peak memory; then
breaks a line, a file and an encoding, one after the other, and prints the messages.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers.iemocap import evaluation_of, make_release

DIALOGS = 30
"""A session; the release has 151 in all."""


def read(folder: Path, *options: str) -> None:
    """Run `valaro read iemocap` and print what it says, its exit code, seconds and peak memory."""
    command = [sys.executable, "-m", "valaro", "read", "iemocap", str(folder), "--to", str(folder / "m.parquet")]
    begun = time.perf_counter()
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(done.stderr.replace(str(folder), "FOLDER"), end="")
    print(f"exit code {done.returncode}, {seconds:.2f} s, at most {peak:.0f} MiB in a process so far\n")


def broken(folder: Path, what: str, change: Callable[[bytes], bytes]) -> None:
    """Change one evaluation file, read, and put it back."""
    path = evaluation_of(folder, "Ses01F_impro01")
    before = path.read_bytes()
    path.write_bytes(change(before))
    print(f"--- {what}")
    read(folder)
    path.write_bytes(before)


def main() -> None:
    """Make, read, break, read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=10_039)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_release(folder, turns=options.turns, dialogs=DIALOGS)
        print(f"--- whole: {options.turns} turns")
        read(folder, "--strict")
        broken(folder, "a line: 'act 2' has become 'act two'", lambda raw: raw.replace(b"; act ", b"; act two", 1))
        broken(folder, "a file: UTF-16", lambda raw: raw.decode("utf-8-sig").encode("utf-16"))
        broken(folder, "an encoding: one Latin-1 byte", lambda raw: raw.replace(b"\t()", b"\t(\xe9)", 1))
        print("--- a line, --strict")
        path = evaluation_of(folder, "Ses01F_impro01")
        path.write_bytes(path.read_bytes().replace(b"; act ", b"; act two", 1))
        read(folder, "--strict")


if __name__ == "__main__":
    main()
