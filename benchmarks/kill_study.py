"""Does a cross-validation that was killed at random moments end with the same report as an undisturbed one?

    python benchmarks/kill_study.py [--kills 5] [--workers 2] [--study FILE] [--set study.seeds=2] [--data FILE]

The command line's own `valaro cross-validate` runs the study undisturbed, then again into another folder, where it is
killed with SIGKILL at random moments and started again until as many kills as asked for have hit (or it has ended), and
then once more to its end. Every result that was there must be untouched, no worker may be left, all results must be
those of the undisturbed run but for the measured seconds, and the reports, written without times, must be the same to
the byte. Exits with 1 if anything differed.

Without --study (a settings file) a corpus of noise with patterns in it is made.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from helpers.studies import make_study

CHANGES = ('study.models=["FSBase", "SSBase", "MSSGAN", "auto"]', "study.control=true", "study.directions=both")
"""Of the made study: every kind of result that a study can have."""


@dataclass(frozen=True)
class Study:
    """A cross-validation as the command line is told it."""

    settings: Path
    options: tuple[str, ...]

    def start(self, to: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "valaro", "cross-validate", str(self.settings), "--to", str(to), *self.options]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def finish(self, to: Path) -> float:
        """Run to the end and return the seconds."""
        begun = time.perf_counter()
        process = self.start(to)
        _, words = process.communicate()
        if process.returncode:
            raise SystemExit(f"the study failed: {words.strip().splitlines()[-1]}")
        return time.perf_counter() - begun


def report(run: Path, to: Path) -> bytes:
    """Return the page on a run, without times."""
    command = [sys.executable, "-m", "valaro", "report", str(run), "--no-times", "--to", str(to)]
    subprocess.run(command, check=True, capture_output=True)
    return to.read_bytes()


def results(run: Path) -> dict[str, dict[str, Any]]:
    """Return every result by its file's name, but for the seconds that it took."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((run / "results").glob("*.json")):
        facts = json.loads(path.read_text())
        facts.pop("seconds")
        found[path.name] = facts
    return found


def written(run: Path) -> dict[str, tuple[int, bytes]]:
    """Return when each result was written, and what it is."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (run / "results").glob("*.json")}


def left_alive(run: Path) -> int:
    """Return how many processes still have the run's folder on their command line, or are workers without a parent."""
    listed = subprocess.run(["ps", "-eo", "ppid,args"], capture_output=True, text=True, check=True).stdout
    orphans = [line for line in listed.splitlines() if line.split()[0] == "1" and "valaro.parallel.worker" in line]
    return sum(str(run) in line for line in listed.splitlines()) + len(orphans)


def disturb(study: Study, run: Path, *, kills: int, within: float, moments: random.Random) -> list[str]:
    """Kill the study so many times, let it end, and return what was not as it should be."""
    faults: list[str] = []
    for kill in range(kills):
        before = written(run) if run.is_dir() else {}
        process = study.start(run)
        # Late enough that something was done, early enough that something is left for the next life.
        time.sleep(within * moments.uniform(0.35, 0.65))
        if process.poll() is not None:
            print(f"the study ended before kill {kill + 1}", flush=True)
            break
        process.kill()
        process.communicate()
        time.sleep(0.5)
        after = written(run) if run.is_dir() else {}
        faults += [f"kill {kill + 1}: {name} was written again" for name in before if after.get(name) != before[name]]
        faults += [f"kill {kill + 1}: {left_alive(run)} processes are left"] if left_alive(run) else []
        print(f"kill {kill + 1}: {len(after)} results, {len(after) - len(before)} of them new", flush=True)
    before = written(run)
    study.finish(run)
    after = written(run)
    faults += [f"at the end: {name} was written again" for name in before if after.get(name) != before[name]]
    print(f"to the end: {len(after)} results, {len(after) - len(before)} of them new", flush=True)
    return faults


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--study", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", dest="changes", action="append", default=[])
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        changes = asked.changes if asked.study else [*CHANGES, *asked.changes]
        options = ["--workers", str(asked.workers), *(part for change in changes for part in ("--set", change))]
        options += ["--data", str(asked.data)] if asked.data else []
        study = Study(asked.study or make_study(place / "made"), tuple(options))
        # Of one name, for the page says it.
        whole, killed = place / "undisturbed" / "run", place / "killed" / "run"
        seconds = study.finish(whole)
        print(f"undisturbed: {len(results(whole))} results in {seconds:.0f} s", flush=True)
        faults = disturb(study, killed, kills=asked.kills, within=seconds, moments=random.Random(asked.seed))
        there, here = results(whole), results(killed)
        faults += [
            f"{name} differs" for name in sorted(there.keys() | here.keys()) if there.get(name) != here.get(name)
        ]
        pages = report(whole, place / "whole.html"), report(killed, place / "killed.html")
        faults += [] if pages[0] == pages[1] else ["the reports differ"]
        print(f"{len(there)} results compared, reports of {len(pages[0]):,} bytes: {len(faults)} differences")
        for fault in faults:
            print(f"  {fault}")
        return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
